#pragma once

// Whether a run is fit to be judged at all.

#include <string>
#include <vector>

#include "scenarios/recording/recording.h"

namespace faultline {

inline constexpr Duration lag_allowed = std::chrono::milliseconds(100);
inline constexpr double late_allowed = 0.05;  // share of arrivals

// Each reason why the run is invalid: an unstable baseline (only asked of drills with faults), a
// generator that lagged, ids in a sink that the run never offered, a reaction before its cause.
std::vector<std::string> reasons_invalid(const Recording& recording);

}  // namespace faultline
