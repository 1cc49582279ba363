// Recovery: points in time after t_off, when the fault was out of force everywhere.
//
//   t_off ───── A ─────────── S ───────────── V
//   healed      first         first success   first success
//               attempt       on the link     a client saw
//   └ back-off ─┴─ handshake ─┴── service ────┘
//
// recovery.attempt (A): a connection was accepted, or an exchange began, on a faulted proxy.
// recovery.link (S): an exchange that began at or after t_off was told success (inside a
//   transaction or not). Opening a session is no success yet: a pool that connects and then never
//   uses the connection has not recovered. Needs a protocol that is read.
// recovery.first (V): a request sent at or after t_off was acknowledged, in a workload that the
//   fault affected. The value is when the client saw the answer.
// errors_after_recovery: failed requests sent after V; errors_after_fault: sent at or after t_off.
//
// Interval: from the last evidence against to the evidence for, counted from the order to take the
// fault out (which is earlier than t_off, so a service is never flattered). All of it only while no
// other fault is in force, and up to the end of the load; not seen by then: greater than that.

#include <algorithm>

#include "scenarios/measures/kinds.h"
#include "scenarios/measures/recovery.h"

namespace faultline::measures {
namespace {

std::expected<Aftermath, Measure> aftermath(const Recording& recording, const std::string& fault) {
  const auto window = window_of(recording, fault);
  if (!window) return std::unexpected(Measure::cannot_tell(window.error()));
  const auto span = aftermath_of(recording, *window);
  if (!span) return std::unexpected(Measure::cannot_tell(span.error()));
  return Aftermath{*window, *span, affected_workloads(recording, *window)};
}

constexpr const char* own_client = "the client of this link is the load itself";

// Calls `look` with every event after the fault on one of the service's links under it.
template <class Look>
void each_event(const Recording& recording, const Aftermath& after, Look look) {
  for (const ProxyId id : links_of_the_service(recording, after.window)) {
    for (const Event& event : recording.events)
      if (event.proxy == id && event.at >= after.span.from) look(event);
  }
}

Measure since(const Aftermath& after, Instant against, Instant seen, std::uint64_t n) {
  const Duration width = after.window.off - after.window.off_commanded;
  const Duration took = seen - after.span.from;
  return Measure::between(seconds(std::clamp(against - after.span.from, Duration{}, took)),
                          seconds(took), seconds(took + width), n);
}

Measure attempt(const Recording& recording, std::span<const std::string> arguments) {
  const auto after = aftermath(recording, arguments[0]);
  if (!after) return after.error();
  if (links_of_the_service(recording, after->window).empty())
    return Measure::cannot_tell(own_client);
  Instant first = never;
  std::uint64_t n = 0;
  each_event(recording, *after, [&](const Event& event) {
    Instant at = never;
    if (event.kind == EventKind::connection_accepted) at = event.at;
    if (event.kind == EventKind::exchange) at = event.exchange.request_first;
    if (!after->span.holds(at)) return;
    first = std::min(first, at);
    ++n;
  });
  if (n == 0)
    return Measure::greater_than(seconds(after->span.length()), 0,
                                 "nothing was attempted after the fault");
  return since(*after, first, first, n);
}

Measure link(const Recording& recording, std::span<const std::string> arguments) {
  const auto after = aftermath(recording, arguments[0]);
  if (!after) return after.error();
  const auto read = [&](const std::string& name) {
    return std::ranges::any_of(recording.drill.proxies, [&](const ProxySpec& proxy) {
      return proxy.name == name && proxy.protocol != "tcp";
    });
  };
  if (std::ranges::none_of(after->window.record->on, read))
    return Measure::cannot_tell("the protocol of the link is tcp: exchanges are not read");

  if (links_of_the_service(recording, after->window).empty())
    return Measure::cannot_tell(own_client);

  Instant first = never;
  std::vector<Instant> failures;
  std::uint64_t n = 0;
  each_event(recording, *after, [&](const Event& event) {
    if (event.kind == EventKind::upstream_failed) failures.push_back(event.at);
    if (event.kind != EventKind::exchange || !after->span.holds(event.exchange.request_first))
      return;
    const Told told = event.exchange.told;
    if (told != Told::ack && told != Told::pending) {
      failures.push_back(event.at);
      return;
    }
    first = std::min(first, event.exchange.response_last);
    ++n;
  });
  if (n == 0)
    return Measure::greater_than(seconds(after->span.length()), failures.size(),
                                 "no exchange succeeded on the link after the fault");
  Instant against = after->span.from;
  for (const Instant failure : failures)
    if (failure <= first) against = std::max(against, failure);
  return since(*after, against, first, n);
}

Measure client(const Recording& recording, std::span<const std::string> arguments) {
  const auto after = aftermath(recording, arguments[0]);
  if (!after) return after.error();
  return first_success(recording, *after).measure;
}

Measure errors_from(const Recording& recording, const Aftermath& after, Instant from) {
  std::uint64_t failed = 0;
  std::uint64_t sent = 0;
  for (const Request& request : recording.requests) {
    if (!after.span.holds(request.sent) || request.sent < from) continue;
    ++sent;
    if (request.failed()) ++failed;
  }
  if (sent == 0) return Measure::cannot_tell("no traffic: no request was sent afterwards");
  return Measure::of(static_cast<double>(failed), sent);
}

Measure after_recovery(const Recording& recording, std::span<const std::string> arguments) {
  const auto after = aftermath(recording, arguments[0]);
  if (!after) return after.error();
  const FirstSuccess success = first_success(recording, *after);
  if (success.measure.certainty != Certainty::known)
    return Measure::cannot_tell("no recovery to count from: " + success.measure.reason);
  return errors_from(recording, *after, success.at);
}

Measure after_fault(const Recording& recording, std::span<const std::string> arguments) {
  const auto after = aftermath(recording, arguments[0]);
  if (!after) return after.error();
  return errors_from(recording, *after, after->span.from);
}

Measure full(const Recording& recording, std::span<const std::string> arguments) {
  const auto after = aftermath(recording, arguments[0]);
  if (!after) return after.error();
  return full_recovery(recording, *after);
}

}  // namespace

FirstSuccess first_success(const Recording& recording, const Aftermath& after) {
  Instant first = never;
  std::uint64_t sent = 0;
  for (const Request& request : recording.requests) {
    if (!after.takes(request)) continue;
    ++sent;
    if (request.acknowledged()) first = std::min(first, request.ended);
  }
  if (sent == 0) return {never, Measure::cannot_tell("no traffic: no request after the fault")};
  if (first == never)
    return {never, Measure::greater_than(seconds(after.span.length()), sent,
                                         "not recovered: no request after the fault succeeded")};
  Instant against = after.span.from;
  for (const Request& request : recording.requests)
    if (after.takes(request) && request.failed() && request.ended <= first)
      against = std::max(against, request.ended);
  return {first, since(after, against, first, sent)};
}

const MeasureKind recovery_attempt = {"recovery.attempt",
                                      "from the end of the fault to the first attempt on the link",
                                      Unit::duration, fault_argument, attempt};
const MeasureKind recovery_link = {"recovery.link",
                                   "from the end of the fault to the first success on the link",
                                   Unit::duration, fault_argument, link};
const MeasureKind recovery_first = {"recovery.first",
                                    "from the end of the fault to a client's first success",
                                    Unit::duration, fault_argument, client};
const MeasureKind recovery_full = {"recovery.full",
                                   "from the end of the fault until all is as before it, for good",
                                   Unit::duration, fault_argument, full};
const MeasureKind errors_after_recovery = {"errors_after_recovery",
                                           "failed requests sent after a client's first success",
                                           Unit::count, fault_argument, after_recovery};
const MeasureKind errors_after_fault = {"errors_after_fault",
                                        "failed requests sent after the end of the fault",
                                        Unit::count, fault_argument, after_fault};

}  // namespace faultline::measures
