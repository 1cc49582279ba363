#include "metrics.h"

#include <algorithm>
#include <cstdio>

namespace bridge {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

std::string type_line(std::string_view name, std::string_view type) {
  return std::string("# TYPE ").append(name).append(" ").append(type).append("\n");
}

std::string sample(std::string_view name, std::string_view type, const Count& value) {
  return type_line(name, type).append(name).append(" ") + std::to_string(value.load()) + "\n";
}

/// One metric with a value for each breaker there is.
std::string by_breaker(const Metrics& metrics, std::string_view name, std::string_view type,
                       Count BreakerMetrics::* value) {
  std::string lines;
  for (const BreakerMetrics* one :
       {&metrics.agent, &metrics.oura, &metrics.whoop, &metrics.whoop_oauth}) {
    if (one->name.empty()) continue;
    lines.append(name).append("{name=\"").append(one->name).append("\"} ");
    lines += std::to_string((one->*value).load()) + "\n";
  }
  return lines.empty() ? lines : type_line(name, type) + lines;
}

}  // namespace

std::string_view reason_text(Reason reason) {
  static constexpr std::array<std::string_view, reason_count> texts{
      "pg",           "pool",    "semaphore", "draining",     "connections",
      "rate_limited", "breaker", "agent",     "agent_limited"};
  return texts[static_cast<std::size_t>(reason)];
}

void Waits::observe(std::chrono::nanoseconds wait) {
  const double seconds = std::chrono::duration<double>(wait).count();
  const auto bound = std::ranges::lower_bound(bounds, seconds);
  ++buckets_[static_cast<std::size_t>(bound - bounds.begin())];
  nanoseconds_ += wait.count();
}

std::string Waits::render(std::string_view name) const {
  const std::string metric(name);
  std::string text = type_line(name, "histogram");
  std::int64_t below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    below += buckets_[i].load();
    text += metric + "_bucket{le=\"" + number(bounds[i]) + "\"} " + std::to_string(below) + "\n";
  }
  below += buckets_.back().load();
  text += metric + "_bucket{le=\"+Inf\"} " + std::to_string(below) + "\n";
  text += metric + "_sum " + number(static_cast<double>(nanoseconds_.load()) / 1e9) + "\n";
  text += metric + "_count " + std::to_string(below) + "\n";
  return text;
}

std::string Metrics::render(std::string_view build_variant) const {
  std::string text;
  text += sample("sem_in_use", "gauge", sem_in_use);
  text += sample("sem_waiting", "gauge", sem_waiting);
  text += sample("sem_limit", "gauge", sem_limit);
  text += sem_wait.render("sem_wait_seconds");
  text += sample("pg_up", "gauge", pg_up);
  text += sample("pg_pool_size", "gauge", pg_pool_size);
  text += sample("pg_pool_open", "gauge", pg_pool_open);
  text += sample("pg_pool_in_use", "gauge", pg_pool_in_use);
  text += sample("pg_pool_waiting", "gauge", pg_pool_waiting);
  text += sample("pg_acquire_timeouts", "counter", pg_acquire_timeouts);
  text += sample("pg_connects_total", "counter", pg_connects);
  text += sample("pg_connect_failures_total", "counter", pg_connect_failures);
  text += sample("pg_statement_failures_total", "counter", pg_statement_failures);
  text += pg_acquire.render("pg_acquire_seconds");
  text += pg_statement.render("pg_statement_seconds");
  text += sample("http_connections", "gauge", http_connections);
  text += sample("http_in_flight", "gauge", http_in_flight);
  text += sample("calls_placed_total", "counter", calls_placed);
  text += by_breaker(*this, "breaker_state", "gauge", &BreakerMetrics::state);
  text += by_breaker(*this, "breaker_opens_total", "counter", &BreakerMetrics::opens);
  text += by_breaker(*this, "breaker_rejected_total", "counter", &BreakerMetrics::rejected);
  text += sample("enriched_total", "counter", enriched);
  text += sample("enrich_failed_total", "counter", enrich_failed);
  text += sample("enrich_dropped_total", "counter", enrich_dropped);
  text += sample("enrich_queue", "gauge", enrich_queue);
  text += sample("oauth_wanted_total", "counter", oauth_wanted);
  text += sample("oauth_refresh_total", "counter", oauth_refresh);
  text += sample("oauth_refresh_blocked_total", "counter", oauth_blocked);
  text += type_line("ratelimit_blocked_total", "counter");
  text +=
      "ratelimit_blocked_total{rule=\"source\"} " + std::to_string(blocked_by_source.load()) + "\n";
  text +=
      "ratelimit_blocked_total{rule=\"calls\"} " + std::to_string(blocked_by_calls.load()) + "\n";
  text += sample("accepted_total", "counter", accepted);
  text += sample("duplicates_total", "counter", duplicates);
  text += type_line("rejected_total", "counter");
  for (std::size_t i = 0; i < reason_count; ++i) {
    text.append("rejected_total{reason=\"").append(reason_text(static_cast<Reason>(i)));
    text += "\"} " + std::to_string(rejected[i].load()) + "\n";
  }
  text += type_line("build_variant", "gauge");
  text.append("build_variant{variant=\"").append(build_variant).append("\"} 1\n");
  return text;
}

}  // namespace bridge
