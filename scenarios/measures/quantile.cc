#include "scenarios/measures/quantile.h"

#include <algorithm>
#include <cassert>

namespace faultline {

Duration quantile(const std::vector<Duration>& sorted, PerMille p) {
  assert(!sorted.empty() && p >= 1 && p <= 1000);
  const std::size_t rank = (sorted.size() * p + 999) / 1000;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

std::string scarce(std::uint64_t n, PerMille p) {
  if (p >= 1000) return "";
  constexpr std::uint64_t tail = 10;
  const std::uint64_t wanted = tail * 1000 / (1000 - p);
  if (n >= wanted) return "";
  return "n<" + std::to_string(wanted) + ": few samples beyond P" + std::to_string(p / 10);
}

}  // namespace faultline
