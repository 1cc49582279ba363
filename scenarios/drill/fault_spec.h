#pragma once

// From what a user wrote of a fault to what the data plane arms.

#include "proxy/spec.h"
#include "scenarios/drill/drill.h"

namespace faultline {

// Every mistake at once: an unknown kind, unknown or ill-typed parameters, a senseless combination.
Checked<FaultSpec> fault_spec(const FaultPlan& plan);

}  // namespace faultline
