// The generator, measured like anything else: a load that came late is not the load of the drill.
//
// generator.lag_p99: from the scheduled start to the first byte handed to the kernel, P99 of all
//   that was sent. generator.late: share of all arrivals that were sent more than 100 ms late or,
//   for want of connections, never. Above 5 % the run is invalid.

#include <algorithm>

#include "scenarios/measures/kinds.h"
#include "scenarios/measures/quantile.h"
#include "scenarios/measures/validity.h"

namespace faultline::measures {
namespace {

Measure lag(const Recording& recording, std::span<const std::string>) {
  std::vector<Duration> lags;
  for (const Request& request : recording.requests)
    if (request.outcome != Outcome::not_sent) lags.push_back(request.sent - request.scheduled);
  if (lags.empty()) return Measure::cannot_tell("no traffic: nothing was sent");
  std::ranges::sort(lags);
  Measure measure = Measure::of(seconds(quantile(lags, 990)), lags.size());
  measure.reason = scarce(lags.size(), 990);
  return measure;
}

Measure late(const Recording& recording, std::span<const std::string>) {
  if (recording.requests.empty()) return Measure::cannot_tell("no traffic: nothing was offered");
  const auto n = std::ranges::count_if(recording.requests, [](const Request& request) {
    return request.outcome == Outcome::not_sent || request.sent - request.scheduled > lag_allowed;
  });
  return Measure::of(static_cast<double>(n) / static_cast<double>(recording.requests.size()),
                     recording.requests.size());
}

}  // namespace

const MeasureKind generator_lag_p99 = {
    "generator.lag_p99", "how late the load was sent, P99", Unit::duration, {}, lag};
const MeasureKind generator_late = {
    "generator.late", "share of the load sent too late or never", Unit::ratio, {}, late};

}  // namespace faultline::measures
