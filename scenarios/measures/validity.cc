#include "scenarios/measures/validity.h"

#include "scenarios/measures/baseline.h"
#include "scenarios/measures/kinds.h"
#include "scenarios/measures/reaction.h"
#include "scenarios/report/figure.h"

namespace faultline {

std::vector<std::string> reasons_invalid(const Recording& recording) {
  std::vector<std::string> reasons;
  const Drill& drill = recording.drill;
  if (!drill.faults.empty()) {
    for (std::size_t i = 0; i < drill.workloads.size(); ++i) {
      std::vector<bool> only(drill.workloads.size(), false);
      only[i] = true;
      const Baseline baseline = baseline_of(recording, only);
      if (!baseline.unstable.empty())
        reasons.push_back(drill.workloads[i].name + ": " + baseline.unstable);
    }
  }
  const Measure late = measures::generator_late.compute(recording, {});
  if (late.certainty == Certainty::known && late.value > late_allowed)
    reasons.push_back("the generator lagged: " + formatted(late.value, Unit::ratio) +
                      " of the load was late or not sent");
  const Measure foreign = measures::foreign.compute(recording, {});
  if (foreign.certainty == Certainty::known && foreign.value > 0)
    reasons.push_back("foreign data: " + formatted(foreign.value, Unit::count) +
                      " ids in the sinks were never offered");
  for (const FaultPlan& fault : drill.faults)
    if (std::string early = reaction_before_cause(recording, fault.id); !early.empty())
      reasons.push_back(std::move(early));
  return reasons;
}

}  // namespace faultline
