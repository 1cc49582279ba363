#pragma once

// Quantiles by nearest rank: the smallest value that at least the share p of the population does
// not exceed. Exact; nothing is interpolated or binned.

#include <cstdint>
#include <string>
#include <vector>

#include "faults/time.h"

namespace faultline {

// In thousandths, so that ranks are whole-number arithmetic: 990 is P99, 1000 the greatest value.
using PerMille = std::uint32_t;

// `sorted` is in ascending order and not empty.
Duration quantile(const std::vector<Duration>& sorted, PerMille p);

// "n=80: P99 wants 1000" when fewer than ten samples lie beyond the quantile, else "".
std::string scarce(std::uint64_t n, PerMille p);

}  // namespace faultline
