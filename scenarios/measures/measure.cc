#include "scenarios/measures/measure.h"

#include <cassert>
#include <utility>

namespace faultline {

Measure Measure::of(double value, std::uint64_t n) { return between(value, value, value, n); }

Measure Measure::between(double low, double value, double high, std::uint64_t n) {
  assert(low <= value && value <= high);
  return {Certainty::known, value, low, high, n, ""};
}

Measure Measure::greater_than(double low, std::uint64_t n, std::string reason) {
  return {Certainty::exceeds, low, low, low, n, std::move(reason)};
}

Measure Measure::cannot_tell(std::string reason) {
  return {Certainty::unknown, 0, 0, 0, 0, std::move(reason)};
}

}  // namespace faultline
