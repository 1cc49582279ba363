// Breakers from outside (measures 5.12, B7). Each takes the demand (a workload, or the proxy in
// front of the service) and the link (the proxy between the service and the API); what is inferred
// from the two, and how, heads breaker_traffic.h and breaker_history.h.
//
// breaker.opens: openings from the closed state; one that is opened again by its probe is one more
//   cycle of the same opening. 0 is known only if there was something to open it: an attempt that
//   failed or was answered 4xx. Else, and in all the others, a breaker that never opened was not
//   exercised: nothing can be told of it.
// The third argument picks an opening, from 1. Without it all of them count: the value is the
//   greatest, the interval goes from the least to the greatest, so a comparison holds only if it
//   holds of each.
// breaker.failures, .calls: "5/7": attempts that failed, and all that were counted, since the
//   breaker was last closed, up to and including the one that opened it.
// breaker.late: attempts in flight when it opened.
// breaker.open_for: from opening to the first attempt. Low: the last refused demand, still refused,
//   after the opening; the value is the attempt, which a breaker that waits for traffic makes late
//   by a gap of the demand at most. Never probed: greater than refused demand was seen for.
// breaker.recovery: from opening to closing, all cycles of it.
// breaker.cycles: how often it was open within one opening.
// breaker.refused, .fail_fast: refused demand, and the P99 of its wait for the answer.
// breaker.probes: greatest number of attempts that began before the first of them had ended.
// breaker.closed_by_failure: closings after a failed probe; known if a probe failed.
// breaker.left_open: openings that were not closed by the end of the recording.
// breaker.leaked: attempts while the service called its breaker open.
// breaker.disagreements: points in which wire and service's own events differ.

#include <algorithm>
#include <functional>

#include "scenarios/measures/breaker_claims.h"
#include "scenarios/measures/breaker_history.h"
#include "scenarios/measures/kinds.h"
#include "scenarios/measures/quantile.h"
#include "scenarios/report/figure.h"

namespace faultline::measures {
namespace {

using Arguments = std::span<const std::string>;

std::string never_opened(const BreakerHistory& history) {
  return "not exercised: the breaker never opened; " + counted(history.attempts, "call") + ", " +
         counted(history.failures, "failure");
}

// The openings that the arguments mean; the error: there is none.
std::expected<std::vector<BreakerOpening>, std::string> openings(const Recording& recording,
                                                                 Arguments arguments) {
  auto history = breaker_history(recording, arguments[0], arguments[1]);
  if (!history) return std::unexpected(history.error());
  if (history->openings.empty()) return std::unexpected(never_opened(*history));
  if (arguments.size() < 3) return std::move(history->openings);
  const auto nth = static_cast<std::size_t>(std::stoull(arguments[2]));
  if (nth > history->openings.size())
    return std::unexpected("the breaker opened only " + counted(history->openings.size(), "time"));
  return std::vector{std::move(history->openings[nth - 1])};
}

// One value of each opening, as one measure of all of them.
Measure of_each(const Recording& recording, Arguments arguments,
                const std::function<double(const BreakerOpening&)>& value) {
  const auto found = openings(recording, arguments);
  if (!found) return Measure::cannot_tell(found.error());
  std::vector<double> values;
  for (const BreakerOpening& opening : *found) values.push_back(value(opening));
  const auto [least, greatest] = std::ranges::minmax(values);
  return Measure::between(least, greatest, greatest, values.size());
}

Measure opens(const Recording& recording, Arguments arguments) {
  const auto history = breaker_history(recording, arguments[0], arguments[1]);
  if (!history) return Measure::cannot_tell(history.error());
  if (history->openings.empty() && history->stimuli == 0)
    return Measure::cannot_tell(never_opened(*history));
  return Measure::of(static_cast<double>(history->openings.size()), history->attempts);
}

Measure failures(const Recording& recording, Arguments arguments) {
  return of_each(recording, arguments,
                 [](const BreakerOpening& one) { return static_cast<double>(one.failures); });
}

Measure calls(const Recording& recording, Arguments arguments) {
  return of_each(recording, arguments,
                 [](const BreakerOpening& one) { return static_cast<double>(one.total); });
}

Measure late(const Recording& recording, Arguments arguments) {
  return of_each(recording, arguments,
                 [](const BreakerOpening& one) { return static_cast<double>(one.late); });
}

Measure cycles(const Recording& recording, Arguments arguments) {
  return of_each(recording, arguments,
                 [](const BreakerOpening& one) { return static_cast<double>(one.cycles.size()); });
}

Measure refused_demand(const Recording& recording, Arguments arguments) {
  return of_each(recording, arguments, [](const BreakerOpening& one) {
    return static_cast<double>(one.refusals.size());
  });
}

Measure open_for(const Recording& recording, Arguments arguments) {
  const auto found = openings(recording, arguments);
  if (!found) return Measure::cannot_tell(found.error());
  double low = 0;
  double high = 0;
  double never_probed = -1;
  std::uint64_t n = 0;
  for (const BreakerOpening& opening : *found) {
    for (const BreakerCycle& cycle : opening.cycles) {
      const double refused = seconds(cycle.refused_last - cycle.opened);
      if (!cycle.probed) {
        never_probed = std::max(never_probed, refused);
        continue;
      }
      low = n == 0 ? refused : std::min(low, refused);
      high = std::max(high, seconds(*cycle.probed - cycle.opened));
      ++n;
    }
  }
  if (never_probed >= 0 && (n == 0 || never_probed > high))
    return Measure::greater_than(never_probed, n + 1, "no call was made before the load ended");
  return Measure::between(low, high, high, n);
}

Measure recovery(const Recording& recording, Arguments arguments) {
  const auto found = openings(recording, arguments);
  if (!found) return Measure::cannot_tell(found.error());
  for (const BreakerOpening& opening : *found)
    if (!opening.closed)
      return Measure::greater_than(seconds(opening.cycles.back().refused_last - opening.opened()),
                                   found->size(), "not closed before the load ended");
  return of_each(recording, arguments,
                 [](const BreakerOpening& one) { return seconds(*one.closed - one.opened()); });
}

Measure fail_fast(const Recording& recording, Arguments arguments) {
  const auto found = openings(recording, arguments);
  if (!found) return Measure::cannot_tell(found.error());
  std::vector<Duration> waits;
  for (const BreakerOpening& opening : *found)
    waits.insert(waits.end(), opening.refusals.begin(), opening.refusals.end());
  std::ranges::sort(waits);
  Measure measure = Measure::of(seconds(quantile(waits, 990)), waits.size());
  measure.reason = scarce(waits.size(), 990);
  return measure;
}

Measure probes(const Recording& recording, Arguments arguments) {
  const auto found = openings(recording, arguments);
  if (!found) return Measure::cannot_tell(found.error());
  std::uint64_t most = 0;
  std::uint64_t n = 0;
  for (const BreakerOpening& opening : *found) {
    for (const BreakerCycle& cycle : opening.cycles) {
      most = std::max(most, cycle.probes);
      if (cycle.probed) ++n;
    }
  }
  if (n == 0) return Measure::cannot_tell("not exercised: no call was made after it opened");
  return Measure::of(static_cast<double>(most), n);
}

Measure closed_by_failure(const Recording& recording, Arguments arguments) {
  const auto found = openings(recording, arguments);
  if (!found) return Measure::cannot_tell(found.error());
  std::uint64_t failed = 0;
  std::uint64_t closed = 0;
  for (const BreakerOpening& opening : *found) {
    for (const BreakerCycle& cycle : opening.cycles) {
      if (cycle.probe != CallOutcome::failure) continue;
      ++failed;
      if (opening.closed && &cycle == &opening.cycles.back()) ++closed;
    }
  }
  if (failed == 0) return Measure::cannot_tell("not exercised: no probe failed");
  return Measure::of(static_cast<double>(closed), failed);
}

Measure left_open(const Recording& recording, Arguments arguments) {
  const auto found = openings(recording, arguments);
  if (!found) return Measure::cannot_tell(found.error());
  const auto left =
      std::ranges::count_if(*found, [](const BreakerOpening& opening) { return !opening.closed; });
  return Measure::of(static_cast<double>(left), found->size());
}

Measure leaked(const Recording& recording, Arguments arguments) {
  const auto history = breaker_history(recording, arguments[0], arguments[1]);
  if (!history) return Measure::cannot_tell(history.error());
  const auto claims = claims_about(recording, arguments[1]);
  const auto opened = std::ranges::count(claims, "open", &BreakerClaim::to);
  if (opened == 0)
    return Measure::cannot_tell(history->openings.empty()
                                    ? never_opened(*history)
                                    : "the service does not say when its breaker is open");
  return Measure::of(static_cast<double>(attempts_while_open(*history, claims)),
                     static_cast<std::uint64_t>(opened));
}

Measure differing(const Recording& recording, Arguments arguments) {
  const auto history = breaker_history(recording, arguments[0], arguments[1]);
  if (!history) return Measure::cannot_tell(history.error());
  const auto claims = claims_about(recording, arguments[1]);
  if (claims.empty())
    return Measure::cannot_tell(history->openings.empty()
                                    ? never_opened(*history)
                                    : "the service says nothing of its breaker");
  const auto differences = disagreements(*history, claims);
  Measure measure = Measure::of(static_cast<double>(differences.size()), claims.size());
  if (!differences.empty()) measure.reason = differences.front();
  return measure;
}

}  // namespace

const MeasureKind breaker_opens = {"breaker.opens", "how often the breaker opened", Unit::count,
                                   demand_and_link, opens};
const MeasureKind breaker_failures = {"breaker.failures",
                                      "failed calls up to the one that opened it", Unit::count,
                                      demand_link_opening, failures};
const MeasureKind breaker_calls = {"breaker.calls", "calls up to the one that opened it",
                                   Unit::count, demand_link_opening, calls};
const MeasureKind breaker_late = {"breaker.late", "calls in flight when it opened", Unit::count,
                                  demand_link_opening, late};
const MeasureKind breaker_open_for = {"breaker.open_for", "from opening to the first probe",
                                      Unit::duration, demand_link_opening, open_for};
const MeasureKind breaker_recovery = {"breaker.recovery", "from opening to closing", Unit::duration,
                                      demand_link_opening, recovery};
const MeasureKind breaker_cycles = {"breaker.cycles", "times open within one opening", Unit::count,
                                    demand_link_opening, cycles};
const MeasureKind breaker_refused = {"breaker.refused", "demand refused while it was open",
                                     Unit::count, demand_link_opening, refused_demand};
const MeasureKind breaker_fail_fast = {"breaker.fail_fast", "P99 of the wait of refused demand",
                                       Unit::duration, demand_link_opening, fail_fast};
const MeasureKind breaker_probes = {"breaker.probes", "most calls at once while half-open",
                                    Unit::count, demand_link_opening, probes};
const MeasureKind breaker_closed_by_failure = {"breaker.closed_by_failure",
                                               "closings after a failed probe", Unit::count,
                                               demand_and_link, closed_by_failure};
const MeasureKind breaker_left_open = {"breaker.left_open", "openings never closed", Unit::count,
                                       demand_and_link, left_open};
const MeasureKind breaker_leaked = {"breaker.leaked", "calls while the service calls it open",
                                    Unit::count, demand_and_link, leaked};
const MeasureKind breaker_disagreements = {"breaker.disagreements",
                                           "wire and service's own events differ", Unit::count,
                                           demand_and_link, differing};

}  // namespace faultline::measures
