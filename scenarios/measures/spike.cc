// spike.recovery(stage): from the end of a spike until requests are served as they were before it.
//
// The stage is a plateau of a load between two lower plateaus. What is looked for is recovery.full
// with the plateau before as the baseline, counted from the end of the load step: the first t such
// that every window that starts in [t, t + H] is as good (success, P95; throughput in an open
// model). Windows reach to the end of the plateau after it, and a ramp down belongs to that time.
// Before and after may differ in load: then an unequal P95 counts against the service.
//
// What is not such a plateau cannot tell, nor can a plateau before it with errors or a trembling
// P95.

#include "scenarios/measures/baseline.h"
#include "scenarios/measures/kinds.h"
#include "scenarios/measures/recovery.h"
#include "scenarios/measures/stages.h"

namespace faultline::measures {
namespace {

Measure recovered(const Recording& recording, std::span<const std::string> arguments) {
  const auto stage = find_stage(recording.drill, arguments[0]);
  if (!stage) return Measure::cannot_tell("the drill has no stage " + arguments[0]);
  for (const Spike& spike : spikes_of(recording.drill, stage->index)) {
    if (spike.spike.plan != stage->plan) continue;
    if (recording.load_ended < spike.spike.span.to)
      return Measure::cannot_tell("the load ended before the spike did");
    std::vector<bool> which(recording.drill.workloads.size(), false);
    which[stage->index] = true;
    const Phase before{{spike.before.span}};
    return recovery_over(recording, which, baseline_in(recording, which, before),
                         spike.aftermath());
  }
  return Measure::cannot_tell(arguments[0] + " is no spike: a plateau between two lower ones");
}

}  // namespace

const MeasureKind spike_recovery = {"spike.recovery",
                                    "from the end of a spike until requests are served as before",
                                    Unit::duration, stage_argument, recovered};

}  // namespace faultline::measures
