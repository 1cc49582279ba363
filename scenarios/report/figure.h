#pragma once

// How a number looks to people, everywhere in reports and reasons, whatever the locale: durations
// as "58.8ms", counts as "119", shares as "0.14 %". Files for programs hold the exact numbers.

#include <cstdint>
#include <string>
#include <string_view>

#include "scenarios/drill/expectation.h"

namespace faultline {

// The value is in the unit's own measure: seconds, a count, a share from 0 to 1. A share that is
// not all is never shown as 100 %, one that is not nothing never as 0 %.
std::string formatted(double value, Unit unit);

// "1 request", "3 requests".
std::string counted(std::uint64_t n, std::string_view what);

}  // namespace faultline
