// touched(fault): connections whose bytes, opening or end the fault really altered. What was armed
// but met no traffic counts nothing; 0 is known, not unknown. Totals are written when the fault is
// taken out: of a run that was killed before, nothing can be told.

#include "scenarios/measures/kinds.h"

namespace faultline::measures {

const MeasureKind touched = {
    "touched", "connections the fault really altered", Unit::count, fault_argument,
    [](const Recording& recording, std::span<const std::string> arguments) {
      const FaultRecord* fault = recording.fault(arguments[0]);
      if (fault != nullptr && fault->armed_as != 0 && fault->disarmed == Instant{})
        return Measure::cannot_tell("the run ended before the fault was taken out");
      const std::uint64_t n = fault == nullptr ? 0 : fault->touched.connections;
      return Measure::of(static_cast<double>(n), n);
    }};

}  // namespace faultline::measures
