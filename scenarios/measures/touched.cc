// touched(fault): connections whose bytes, opening or end the fault really altered. What was armed
// but met no traffic counts nothing; 0 is known, not unknown.

#include "scenarios/measures/kinds.h"

namespace faultline::measures {

const MeasureKind touched = {
    "touched", "connections the fault really altered", Unit::count, fault_argument,
    [](const Recording& recording, std::span<const std::string> arguments) {
      const FaultRecord* fault = recording.fault(arguments[0]);
      const std::uint64_t n = fault == nullptr ? 0 : fault->touched.connections;
      return Measure::of(static_cast<double>(n), n);
    }};

}  // namespace faultline::measures
