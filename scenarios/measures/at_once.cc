// at_once(link, route, phase): the most requests with this path that were under way on a link at
// the same time, from their first byte until their answer was complete or their connection over; of
// requests that began in the phase. Where a service shares one fetch among all who need it (single
// flight) it is 1. Without such a request nothing can be told.

#include <algorithm>

#include "scenarios/measures/attempts.h"
#include "scenarios/measures/kinds.h"
#include "scenarios/measures/limit_history.h"

namespace faultline::measures {
namespace {

constexpr std::array<ArgumentSpec, 3> link_route_phase{{{ArgumentType::proxy, "link"},
                                                        {ArgumentType::route, "route"},
                                                        {ArgumentType::phase, "phase"}}};

Measure most_at_once(const Recording& recording, std::span<const std::string> arguments) {
  const auto phase = phase_of(recording, arguments[2]);
  if (!phase) return Measure::cannot_tell(phase.error());
  const ProxyId link = recording.proxy(arguments[0]);
  std::vector<std::pair<Instant, int>> changes;  // an end before a beginning at the same instant
  for (const Event& event : recording.events) {
    if (event.kind != EventKind::exchange || event.proxy != link || link == 0) continue;
    if (!takes_route(arguments[1], event.exchange.name.view())) continue;
    const AttemptSeen seen{&event};
    if (!phase->holds(seen.begun(), seen.begun())) continue;
    changes.emplace_back(seen.begun(), 1);
    changes.emplace_back(std::max(seen.ended(), seen.begun()), -1);
  }
  if (changes.empty())
    return Measure::cannot_tell("no traffic: nothing for " + arguments[1] + " on " + arguments[0] +
                                " in phase " + arguments[2]);
  const std::size_t n = changes.size() / 2;
  std::ranges::sort(changes);
  int now = 0;
  int most = 0;
  for (const auto& [at, change] : changes) most = std::max(most, now += change);
  return Measure::of(std::max(most, 1), n);
}

}  // namespace

const MeasureKind at_once = {"at_once", "most requests for a route under way at the same time",
                             Unit::count, link_route_phase, most_at_once};

}  // namespace faultline::measures
