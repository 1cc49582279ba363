#include "scenarios/measures/baseline.h"

#include <algorithm>
#include <cmath>

#include "scenarios/measures/quantile.h"
#include "scenarios/report/figure.h"

namespace faultline {
namespace {

constexpr double errors_allowed = 0.01;
constexpr double variation_allowed = 0.5;
constexpr double deviation_allowed = 0.020;  // seconds
constexpr Duration wait_allowed = std::chrono::seconds(1);

std::string variation_of(const Arrivals& arrivals, Span span, const Timing& timing) {
  std::vector<double> p95s;
  for (Instant from = span.from; from + timing.window <= span.to; from += timing.step) {
    const Arrivals::Window window = arrivals.in({from, from + timing.window});
    if (window.offered > 0) p95s.push_back(seconds(window.p95));
    if (timing.step <= Duration{}) break;
  }
  if (p95s.size() < 2) return "";
  const double n = static_cast<double>(p95s.size());
  double mean = 0;
  for (const double p95 : p95s) mean += p95 / n;
  double variance = 0;
  for (const double p95 : p95s) variance += (p95 - mean) * (p95 - mean) / n;
  const double deviation = std::sqrt(variance);
  if (deviation <= deviation_allowed || deviation <= variation_allowed * mean) return "";
  return "the baseline is unstable: P95 of its windows " + formatted(mean, Unit::duration) +
         " on average, deviation " + formatted(deviation, Unit::duration);
}

}  // namespace

// A service that froze before the fault answers in no phase of the baseline, which looks calm.
bool waits_at_its_end(const Request& request, const Span& baseline) {
  return request.scheduled >= baseline.from && request.scheduled < baseline.to &&
         request.ended >= baseline.to;
}

std::string frozen(const std::vector<Duration>& waits, Duration p95) {
  const Duration allowed = std::max(wait_allowed, 3 * p95);
  const auto n = std::ranges::count_if(waits, [&](Duration wait) { return wait > allowed; });
  if (n == 0) return "";
  return "the service did not answer before the fault: " + std::to_string(n) +
         (n == 1 ? " request" : " requests") + " waited longer than " + rounded(allowed);
}

Baseline baseline_of(const Recording& recording, const std::vector<bool>& which) {
  return baseline_in(recording, which, *phase_of(recording, "baseline"));
}

Baseline baseline_in(const Recording& recording, const std::vector<bool>& which,
                     const Phase& phase) {
  Baseline baseline;
  std::vector<Duration> latencies;
  std::uint64_t failed = 0;
  const Span before = phase.spans.front();
  std::vector<Duration> waits;  // of those that the fault found without an answer
  for (const Request& request : recording.requests) {
    if (!which[request.workload]) continue;
    if (waits_at_its_end(request, before)) waits.push_back(before.to - request.scheduled);
    if (!phase.holds(request.sent, request.ended)) continue;
    latencies.push_back(request.latency());
    if (request.failed()) ++failed;
  }
  baseline.n = latencies.size();
  if (baseline.n == 0) {
    baseline.unstable = frozen(waits, Duration{});
    return baseline;
  }
  std::ranges::sort(latencies);
  baseline.p95 = quantile(latencies, 950);
  const double share = static_cast<double>(failed) / static_cast<double>(baseline.n);
  baseline.success = 1 - share;
  baseline.unstable = frozen(waits, baseline.p95);
  if (!baseline.unstable.empty()) return baseline;
  if (share >= errors_allowed)
    baseline.unstable = "the baseline has errors: " + std::to_string(failed) + " failed, " +
                        formatted(share, Unit::ratio);
  else
    baseline.unstable =
        variation_of(Arrivals(recording, which), phase.spans.front(), recording.drill.timing);
  return baseline;
}

Arrivals::Arrivals(const Recording& recording, const std::vector<bool>& which) {
  for (const Request& request : recording.requests) {
    if (!which[request.workload]) continue;
    by_schedule_.push_back(&request);
    if (request.acknowledged()) acknowledged_.push_back(request.ended);
  }
  std::ranges::sort(by_schedule_, {}, &Request::scheduled);
  std::ranges::sort(acknowledged_);
}

Arrivals::Window Arrivals::in(Span span) const {
  Window window;
  std::vector<Duration> latencies;
  const auto scheduled = [](const Request* request) { return request->scheduled; };
  for (auto at = std::ranges::lower_bound(by_schedule_, span.from, {}, scheduled);
       at != by_schedule_.end() && (*at)->scheduled < span.to; ++at) {
    ++window.offered;
    if ((*at)->acknowledged()) ++window.acknowledged;
    latencies.push_back((*at)->latency());
  }
  window.completed = static_cast<std::uint64_t>(std::ranges::lower_bound(acknowledged_, span.to) -
                                                std::ranges::lower_bound(acknowledged_, span.from));
  if (latencies.empty()) return window;
  std::ranges::sort(latencies);
  window.p95 = quantile(latencies, 950);
  return window;
}

}  // namespace faultline
