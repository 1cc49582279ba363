#include "scenarios/measures/attempts.h"

#include <algorithm>

namespace faultline {
namespace {

std::vector<DemandSeen> demands_of(const Recording& recording, std::string_view source,
                                   const Phase& phase) {
  std::vector<DemandSeen> demands;
  for (const Request& request : recording.requests) {
    if (recording.drill.workloads[request.workload].name == source &&
        phase.holds(request.sent, request.ended))
      demands.push_back({request.sent, request.ended, {}});
  }
  const ProxyId id = recording.proxy(source);
  for (const Event& event : recording.events) {
    if (id == 0 || event.kind != EventKind::exchange || event.proxy != id) continue;
    const AttemptSeen seen{&event};
    if (phase.holds(seen.begun(), seen.ended()))
      demands.push_back({seen.begun(), seen.ended(), {}});
  }
  std::ranges::sort(demands, {}, &DemandSeen::from);
  return demands;
}

// The only demand open at that instant; nullptr where there is none or another one. `longest` is
// the longest of all, so that the search may stop.
DemandSeen* only_open(std::vector<DemandSeen>& demands, Instant at, Duration longest) {
  DemandSeen* only = nullptr;
  auto next = std::ranges::upper_bound(demands, at, {}, &DemandSeen::from);
  while (next != demands.begin()) {
    --next;
    if (at - next->from > longest) break;
    if (next->to < at) continue;
    if (only != nullptr) return nullptr;
    only = &*next;
  }
  return only;
}

}  // namespace

Instant AttemptSeen::ended() const {
  return event->exchange.told == Told::nothing ? event->at : event->exchange.response_last;
}

bool AttemptSeen::failed() const {
  return event->exchange.told != Told::ack && event->exchange.told != Told::pending;
}

std::expected<Demanded, std::string> demanded(const Recording& recording, std::string_view source,
                                              std::string_view link, std::string_view phase) {
  const ProxyId id = recording.proxy(link);
  if (id == 0) return std::unexpected(std::string(link) + " is no proxy; attempts are seen on one");
  const auto spans = phase_of(recording, phase);
  if (!spans) return std::unexpected(spans.error());
  Demanded found;
  found.demands = demands_of(recording, source, *spans);
  if (found.demands.empty())
    return std::unexpected("no traffic: nothing of " + std::string(source) + " in phase " +
                           std::string(phase));
  Duration longest{};
  for (const DemandSeen& demand : found.demands)
    longest = std::max(longest, demand.to - demand.from);
  std::vector<AttemptSeen> attempts;
  for (const Event& event : recording.events) {
    if (event.kind != EventKind::exchange || event.proxy != id) continue;
    const AttemptSeen seen{&event};
    if (spans->holds(seen.begun(), seen.begun())) attempts.push_back(seen);
  }
  std::ranges::sort(attempts, {}, &AttemptSeen::begun);
  found.attempts = attempts.size();
  for (const AttemptSeen& attempt : attempts) {
    DemandSeen* const demand = only_open(found.demands, attempt.begun(), longest);
    if (demand == nullptr) {
      ++found.unattributed;
    } else {
      demand->attempts.push_back(attempt);
    }
  }
  return found;
}

}  // namespace faultline
