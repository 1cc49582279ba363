// Availability: what a source was told.
//
// errors(source, phase): share of requests that failed (no 2xx answer), of all sent in the phase.
// rate(source, phase): requests answered, whatever the answer, per second of the phase.
// requests(source, phase): how many were sent, or seen on the wire; not those that could not be
// sent. count(source, phase, status): how many ended so; the status is a code or an outcome's name.
// told(fault, status): the share told so, of the requests sent from the first reaction (detection)
//   until the fault ended; of all those sent under the fault when it never was detected. Requests
//   whose answer was still out when the fault was ordered away met both worlds and are left out,
//   unless they had waited beyond the fail-fast limit by then: these were told nothing.

#include <algorithm>

#include "scenarios/measures/kinds.h"
#include "scenarios/measures/samples.h"

namespace faultline::measures {
namespace {

Measure share(std::uint64_t part, std::uint64_t n) {
  return Measure::of(static_cast<double>(part) / static_cast<double>(n), n);
}

Measure failed(const Recording& recording, std::span<const std::string> arguments) {
  const auto samples = samples_of(recording, arguments[0], arguments[1]);
  if (!samples) return Measure::cannot_tell(samples.error());
  const auto n = std::ranges::count_if(samples->all, &Sample::failed);
  return share(static_cast<std::uint64_t>(n), samples->all.size());
}

Measure answered(const Recording& recording, std::span<const std::string> arguments) {
  const auto samples = samples_of(recording, arguments[0], arguments[1]);
  if (!samples) return Measure::cannot_tell(samples.error());
  if (samples->length <= Duration{}) return Measure::cannot_tell("the phase has no length");
  const auto n = std::ranges::count_if(samples->all, &Sample::answered);
  return Measure::of(static_cast<double>(n) / seconds(samples->length),
                     static_cast<std::uint64_t>(n));
}

Measure sent(const Recording& recording, std::span<const std::string> arguments) {
  const auto samples = samples_of(recording, arguments[0], arguments[1]);
  if (!samples) return Measure::cannot_tell(samples.error());
  const auto not_sent = std::ranges::count(samples->all, name(Outcome::not_sent), &Sample::code);
  const std::uint64_t n = samples->all.size();
  return Measure::of(static_cast<double>(n - static_cast<std::uint64_t>(not_sent)), n);
}

Measure with_code(const Recording& recording, std::span<const std::string> arguments) {
  const auto samples = samples_of(recording, arguments[0], arguments[1]);
  if (!samples) return Measure::cannot_tell(samples.error());
  const auto n = std::ranges::count(samples->all, std::string_view(arguments[2]), &Sample::code);
  return Measure::of(static_cast<double>(n), samples->all.size());
}

Measure told_so(const Recording& recording, std::span<const std::string> arguments) {
  const auto window = window_of(recording, arguments[0]);
  if (!window) return Measure::cannot_tell(window.error());
  const Measure noticed = detection.compute(recording, arguments.first(1));
  if (noticed.certainty == Certainty::unknown) return Measure::cannot_tell(noticed.reason);
  Span span = window->span();
  if (noticed.certainty == Certainty::known)
    span.from += std::chrono::round<Duration>(std::chrono::duration<double>(noticed.value));

  const std::vector<bool> affected = affected_workloads(recording, *window);
  std::uint64_t n = 0;
  std::uint64_t so = 0;
  for (const Request& request : recording.requests) {
    if (!span.holds(request.sent) || !affected[request.workload]) continue;
    const bool in_time = request.ended < window->off_commanded;
    if (!in_time && window->off_commanded - request.scheduled <= window->plan->fail_fast) continue;
    ++n;
    if (in_time && code_of(request) == arguments[1]) ++so;
  }
  if (n == 0) return Measure::cannot_tell("no outcome between the detection and the fault's end");
  Measure measure = share(so, n);
  if (noticed.certainty == Certainty::exceeds)
    measure.reason = "of all under the fault: not detected";
  return measure;
}

}  // namespace

const MeasureKind told = {"told", "share of clients told a status once the outage was noticed",
                          Unit::ratio, fault_and_status, told_so};
const MeasureKind errors = {"errors", "share of requests that failed", Unit::ratio,
                            source_and_phase, failed};
const MeasureKind rate = {"rate", "requests answered per second", Unit::count, source_and_phase,
                          answered};
const MeasureKind count = {"count", "requests that ended with a status", Unit::count,
                           source_phase_status, with_code};
const MeasureKind requests = {"requests", "requests sent", Unit::count, source_and_phase, sent};

}  // namespace faultline::measures
