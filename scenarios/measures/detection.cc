// Detection: how long until the service noticed. Three different things, always named.
//
//   t_on ──── D0 ──────── D1 ─────────────── D2 ═══════════════ t_off
//   first     first       first answer       from here on every request sent was told so,
//   byte      reaction    with the outage    and within the fail-fast limit
//   altered   on the wire signature
//
// detection.wire (D0): the service closes, resets or opens a connection on a faulted proxy, or
//   sends a protocol's cancel. Seen as it happens, so the interval is only as wide as the arming.
// detection (D1): an answer that carries the fault's signature ended at or after t_on; answers to
//   requests sent before t_on count. Interval: from the last other outcome before it, to it plus
//   the resolution, max(mean gap between requests, width of the arming).
// detection.complete (D2): every later request was told so. Interval: from the last request that
//   was not, to the next one sent, plus the resolution. D1 is an instant of answers and D2 one of
//   sending, yet nobody can have been told completely before the first was told: value and
//   interval are never below D1's. A request whose answer was still out when
//   the fault was ordered away counts as not told only if it had waited beyond the limit by then.
//
// Not seen before t_off: greater than the length of the fault. Nothing sent: cannot tell. Signs
// seen before the fault, too: reaction.h.

#include <algorithm>

#include "scenarios/measures/kinds.h"
#include "scenarios/measures/reaction.h"

namespace faultline::measures {
namespace {

constexpr std::uint64_t least_told = 10;  // requests told in a row before D2 is believed

bool is_reaction(const Event& event) {
  switch (event.kind) {
    case EventKind::connection_accepted:
      return true;
    case EventKind::peer_ended:
    case EventKind::peer_reset:
      return event.direction == Direction::upstream;
    case EventKind::session:
      return event.session == SessionFact::cancel_requested;
    default:
      return false;
  }
}

Measure wire(const Recording& recording, std::span<const std::string> arguments) {
  const auto window = window_of(recording, arguments[0]);
  if (!window) return Measure::cannot_tell(window.error());
  Signs signs{{}, window->before, {}, window->span()};
  const std::vector<ProxyId> links = links_of_the_service(recording, *window);
  if (links.empty()) return Measure::cannot_tell("the client of this link is the load itself");
  for (const ProxyId id : links) {
    for (const Event& event : recording.events) {
      if (event.proxy != id || !is_reaction(event)) continue;
      if (signs.calm.holds(event.at)) signs.before.push_back(event.at);
      if (signs.fault.holds(event.at)) signs.under.push_back(event.at);
    }
  }
  const std::uint64_t n = signs.under.size();
  const auto first = first_reaction(std::move(signs));
  if (!first) return Measure::cannot_tell(first.error());
  if (!*first)
    return Measure::greater_than(seconds(window->span().length()), n,
                                 "no connection was closed, reset or opened under the fault");
  const double at = seconds(**first - window->on);
  return Measure::between(at, at, at + seconds(window->apply_width), n);
}

// What can be resolved from requests that arrive at their rate.
Duration resolution(const FaultWindow& window, std::uint64_t requests) {
  const Duration gap = window.span().length() / static_cast<Duration::rep>(requests);
  return std::max(gap, window.apply_width);
}

Measure first_told(const Recording& recording, std::span<const std::string> arguments) {
  const auto window = window_of(recording, arguments[0]);
  if (!window) return Measure::cannot_tell(window.error());
  if (const std::string early = reaction_before_cause(recording, arguments[0]); !early.empty())
    return Measure::cannot_tell(early);

  Signs signs{{}, window->before, {}, window->span()};
  std::uint64_t sent = 0;
  for (const Request& request : recording.requests) {
    if (signs.fault.holds(request.sent)) ++sent;
    if (!carries(window->plan->signature, request)) continue;
    if (signs.calm.holds(request.ended)) signs.before.push_back(request.ended);
    if (signs.fault.holds(request.ended)) signs.under.push_back(request.ended);
  }
  if (sent == 0 && signs.under.empty())
    return Measure::cannot_tell("no traffic: no request was sent under the fault");
  const auto first = first_reaction(std::move(signs));
  if (!first) return Measure::cannot_tell(first.error());
  if (!*first)
    return Measure::greater_than(seconds(window->span().length()), sent,
                                 "not detected: no answer under the fault had its signature");

  Instant against = window->on;
  for (const Request& request : recording.requests)
    if (!carries(window->plan->signature, request) && request.ended <= **first)
      against = std::max(against, request.ended);
  const Duration detected = **first - window->on;
  const Duration width = resolution(*window, std::max<std::uint64_t>(sent, 1));
  return Measure::between(seconds(against - window->on), seconds(detected),
                          seconds(detected + width), sent);
}

enum class Seen : std::uint8_t { told, not_told, undecided };

Seen seen(const FaultWindow& window, const Request& request) {
  const Duration limit = window.plan->fail_fast;
  if (request.ended >= window.off_commanded)
    return window.off_commanded - request.scheduled > limit ? Seen::not_told : Seen::undecided;
  return carries(window.plan->signature, request) && request.latency() <= limit ? Seen::told
                                                                                : Seen::not_told;
}

Measure all_told(const Recording& recording, std::span<const std::string> arguments) {
  const auto window = window_of(recording, arguments[0]);
  if (!window) return Measure::cannot_tell(window.error());
  const std::vector<bool> affected = affected_workloads(recording, *window);
  std::vector<const Request*> sent;
  for (const Request& request : recording.requests)
    if (window->span().holds(request.sent) && affected[request.workload] &&
        seen(*window, request) != Seen::undecided)
      sent.push_back(&request);
  if (sent.empty()) return Measure::cannot_tell("no traffic: no outcome under the fault");
  std::ranges::sort(sent, {}, &Request::sent);

  std::size_t told = 0;  // in a row, up to the end of the fault
  while (told < sent.size() && seen(*window, *sent[sent.size() - 1 - told]) == Seen::told) ++told;
  const Instant against = told == sent.size() ? window->on : sent[sent.size() - 1 - told]->sent;
  if (told == 0)
    return Measure::greater_than(seconds(window->span().length()), sent.size(),
                                 "never complete: the last request under the fault was not told");
  if (told < least_told)
    return Measure::cannot_tell("only the last " + std::to_string(told) +
                                " requests under the fault were told; it takes " +
                                std::to_string(least_told));
  const Duration complete =
      told == sent.size() ? Duration{} : sent[sent.size() - told]->sent - window->on;
  const Measure first = first_told(recording, arguments);
  const Measure floor = first.certainty == Certainty::known ? first : Measure::of(0, 0);
  return Measure::between(
      std::max(seconds(against - window->on), floor.low), std::max(seconds(complete), floor.value),
      std::max(seconds(complete + resolution(*window, sent.size())), floor.high), told);
}

}  // namespace

const MeasureKind detection_wire = {"detection.wire",
                                    "until the service first reacted on the wire (D0)",
                                    Unit::duration, fault_argument, wire};
const MeasureKind detection = {"detection", "until a client was first told of the outage (D1)",
                               Unit::duration, fault_argument, first_told};
const MeasureKind detection_complete = {"detection.complete",
                                        "until every client was told of it, and fast (D2)",
                                        Unit::duration, fault_argument, all_told};

}  // namespace faultline::measures
