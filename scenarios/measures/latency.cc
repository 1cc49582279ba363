// Latency: from the scheduled start to the known outcome (so a generator that fell behind hides
// nothing), or on the wire for a proxy's exchanges. Quantiles by nearest rank over all of a phase,
// failures included: what a client waited for, it waited for. What was never answered enters at
// its age. Fewer than ten samples beyond the quantile: the value stands and the reason says so.
// mean, min and max are of the same population.
//
// slowest(fault): the longest wait among requests sent under the fault, of every workload.

#include <algorithm>

#include "scenarios/measures/kinds.h"
#include "scenarios/measures/quantile.h"
#include "scenarios/measures/samples.h"

namespace faultline::measures {
namespace {

template <PerMille p>
Measure of_phase(const Recording& recording, std::span<const std::string> arguments) {
  const auto samples = samples_of(recording, arguments[0], arguments[1]);
  if (!samples) return Measure::cannot_tell(samples.error());
  std::vector<Duration> latencies;
  for (const Sample& sample : samples->all) latencies.push_back(sample.latency);
  std::ranges::sort(latencies);
  Measure measure = Measure::of(seconds(quantile(latencies, p)), latencies.size());
  measure.reason = scarce(latencies.size(), p);
  return measure;
}

Measure average(const Recording& recording, std::span<const std::string> arguments) {
  const auto samples = samples_of(recording, arguments[0], arguments[1]);
  if (!samples) return Measure::cannot_tell(samples.error());
  double sum = 0;  // of a run's seconds a double holds far more digits than the clock gave
  for (const Sample& sample : samples->all) sum += seconds(sample.latency);
  return Measure::of(sum / static_cast<double>(samples->all.size()), samples->all.size());
}

Measure least(const Recording& recording, std::span<const std::string> arguments) {
  const auto samples = samples_of(recording, arguments[0], arguments[1]);
  if (!samples) return Measure::cannot_tell(samples.error());
  const auto fastest = std::ranges::min(samples->all, {}, &Sample::latency);
  return Measure::of(seconds(fastest.latency), samples->all.size());
}

Measure longest(const Recording& recording, std::span<const std::string> arguments) {
  const auto window = window_of(recording, arguments[0]);
  if (!window) return Measure::cannot_tell(window.error());
  Duration greatest{};
  std::uint64_t n = 0;
  for (const Request& request : recording.requests) {
    if (!window->span().holds(request.sent)) continue;
    greatest = std::max(greatest, request.latency());
    ++n;
  }
  if (n == 0) return Measure::cannot_tell("no traffic: no request was sent under the fault");
  return Measure::of(seconds(greatest), n);
}

}  // namespace

const MeasureKind mean = {"mean", "mean latency of a source in a phase", Unit::duration,
                          source_and_phase, average};
const MeasureKind smallest = {"min", "least latency", Unit::duration, source_and_phase, least};
const MeasureKind p50 = {"p50", "median latency of a source in a phase", Unit::duration,
                         source_and_phase, of_phase<500>};
const MeasureKind p90 = {"p90", "90th percentile of latency", Unit::duration, source_and_phase,
                         of_phase<900>};
const MeasureKind p95 = {"p95", "95th percentile of latency", Unit::duration, source_and_phase,
                         of_phase<950>};
const MeasureKind p99 = {"p99", "99th percentile of latency", Unit::duration, source_and_phase,
                         of_phase<990>};
const MeasureKind greatest = {"max", "greatest latency", Unit::duration, source_and_phase,
                              of_phase<1000>};
const MeasureKind slowest = {"slowest", "longest wait of a request sent under the fault",
                             Unit::duration, fault_argument, longest};

}  // namespace faultline::measures
