#pragma once

// Whether the numbers of a report fit together, and with what was seen elsewhere: rules that hold
// for every sound run, each with the numbers it compared. A violated rule means that some number
// above is wrong, whichever it is, so the run is invalid.

#include <span>
#include <string>
#include <vector>

#include "scenarios/report/report.h"

namespace faultline {

// In the order users see them; as many for every recording.
std::vector<AuditRule> audit_of(const Recording& recording, std::span<const NamedMeasure> measures);

}  // namespace faultline
