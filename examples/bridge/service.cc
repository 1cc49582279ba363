#include "service.h"

#include <string_view>

#include "events.h"
#include "json_text.h"

namespace bridge {
namespace {

constexpr std::string_view webhooks = "/webhooks/";
constexpr std::string_view providers[] = {"oura", "whoop", "healthkit"};

Response plain(int status, std::string body) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Response wrong_method(std::string allowed) {
  auto response = plain(405, "{\"status\":\"refused\",\"error\":\"method not allowed\"}\n");
  response.headers.emplace_back("Allow", std::move(allowed));
  return response;
}

/// Whose requests count together: the client that the first proxy saw, or the one that we see.
std::string source_of(const Request& request) {
  std::string_view first = std::string_view(request.forwarded_for);
  first = first.substr(0, first.find(','));
  while (!first.empty() && first.back() == ' ') first.remove_suffix(1);
  return std::string(first.empty() ? std::string_view(request.client) : first);
}

}  // namespace

Service::Service(const Options& options, Pipeline& pipeline, Calls* calls, PgPool& pool,
                 Metrics& metrics, Events& events)
    : options_(options),
      pipeline_(pipeline),
      calls_(calls),
      pool_(pool),
      metrics_(metrics),
      events_(events) {
  if (options.limit_source) source_limit_.emplace(*options.limit_source, options.bugs);
  if (options.limit_calls) calls_limit_.emplace(*options.limit_calls, options.bugs);
}

Response Service::answer(const Request& request) {
  auto response = route(request);
  response.headers.emplace_back("X-Node", options_.node);
  return response;
}

Response Service::route(const Request& request) {
  if (request.path.starts_with(webhooks)) {
    const auto name = std::string_view(request.path).substr(webhooks.size());
    for (const auto provider : providers) {
      if (name != provider) continue;
      return request.method == "POST" ? webhook(request, provider) : wrong_method("POST");
    }
  }
  if (request.path == "/calls/outbound" && calls_ != nullptr) {
    return request.method == "POST" ? call(request) : wrong_method("POST");
  }
  const bool reading = request.method == "GET" || request.method == "HEAD";
  const auto serve = [&](auto&& respond) {
    return reading ? respond() : wrong_method("GET, HEAD");
  };
  if (request.path == "/health") return serve([this] { return health(); });
  if (request.path == "/health/live")
    return serve([] { return plain(200, "{\"status\":\"ok\"}\n"); });
  if (request.path == "/health/ready") return serve([this] { return ready(); });
  if (request.path == "/metrics") return serve([this] { return metrics(); });
  return plain(404, "{\"status\":\"refused\",\"error\":\"no such route\"}\n");
}

Response Service::webhook(const Request& request, std::string_view provider) {
  if (draining_) return pipeline_.refusal(Reason::draining);
  return limited(request, false, [&] { return pipeline_.accept(provider, request.body); });
}

Response Service::call(const Request& request) {
  if (draining_) return pipeline_.refusal(Reason::draining);
  return limited(request, true, [&] { return calls_->place(request.body); });
}

template <class Work>
Response Service::limited(const Request& request, bool is_call, Work work) {
  const std::string key = source_of(request);
  const Limiter* strictest = nullptr;
  Limiter::Answer answer;
  if (source_limit_) {
    strictest = &*source_limit_;
    answer = source_limit_->ask(key);
    if (!answer.allowed) return blocked("source", key, *strictest, answer);
  }
  if (is_call && calls_limit_) {
    strictest = &*calls_limit_;
    answer = calls_limit_->ask(key);
    if (!answer.allowed) return blocked("calls", key, *strictest, answer);
  }
  Response response = work();
  if (strictest != nullptr) strictest->describe(answer, response);
  return response;
}

Response Service::blocked(std::string_view rule, const std::string& key, const Limiter& limiter,
                          const Limiter::Answer& answer) {
  ++metrics_.rejected_for(Reason::rate_limited);
  ++(rule == "calls" ? metrics_.blocked_by_calls : metrics_.blocked_by_source);
  const std::string seconds = std::to_string(answer.reset.count());
  events_.emit("rate_limited",
               {{"rule", quoted(rule)}, {"key", quoted(key)}, {"retry_after", seconds}});
  const std::string reason(reason_text(Reason::rate_limited));
  auto response = plain(429, "{\"status\":\"refused\",\"reason\":" + quoted(reason) + "}\n");
  response.headers.emplace_back("X-Reason", reason);
  limiter.describe(answer, response);
  return response;
}

Response Service::health() const {
  const bool up = pool_.up();
  const std::chrono::duration<double> uptime = Clock::now() - started_;
  return plain(200, std::string("{\"status\":\"") + (up ? "ok" : "degraded") +
                        "\",\"service\":\"bridge\",\"uptime\":" + seconds_text(uptime.count()) +
                        ",\"timestamp\":" + quoted(wall_time()) + ",\"deps\":{\"pg\":\"" +
                        (up ? "up" : "down") + "\"}}\n");
}

// A shared dependency must not take every node out of rotation, so readiness follows PostgreSQL
// only on request. Before the schema is there, though, no node can do anything.
Response Service::ready() const {
  std::string_view reason;
  if (draining_) {
    reason = reason_text(Reason::draining);
  } else if (!pool_.prepared() || (options_.ready_pg && !pool_.up())) {
    reason = reason_text(Reason::pg);
  }
  if (reason.empty()) return plain(200, "{\"status\":\"ready\"}\n");
  auto response = plain(503, "{\"status\":\"not ready\",\"reason\":" + quoted(reason) + "}\n");
  response.headers = {{"X-Reason", std::string(reason)}, {"Retry-After", "1"}};
  return response;
}

Response Service::metrics() const {
  auto response = plain(200, metrics_.render(variant(options_.bugs)));
  response.content_type = "text/plain; version=0.0.4";
  return response;
}

}  // namespace bridge
