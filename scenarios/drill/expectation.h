#pragma once

// An expectation: one comparison on a measure, such as `detection(outage) < 1s`, `lost == 0` or
// `p99(front, baseline) < 100ms`. Not a language: a measure's name, its arguments, a comparison and
// one value with a unit.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "faults/result.h"
#include "faults/time.h"

namespace faultline {

enum class Unit : std::uint8_t { count, duration, ratio };

enum class Comparison : std::uint8_t { less, at_most, equal, not_equal, at_least, greater };
std::string_view symbol(Comparison comparison);

struct Expectation {
  std::string text;                    // as written
  std::string measure;                 // "recovery.first"
  std::vector<std::string> arguments;  // {"outage"}
  Comparison comparison = Comparison::less;
  double value = 0;         // seconds, a count, or a share from 0 to 1
  Unit unit = Unit::count;  // of the value: "1s", "10", "0.5%" or "0.005"
  std::string where;

  std::string call() const;  // "recovery.first(outage)", the measure's name in reports
};

// Reads the grammar only; whether the measure exists and takes these arguments is asked of the
// measures' catalogue (scenarios/measures/measure.h).
Result<Expectation> expectation_from(std::string_view text, std::string where);

}  // namespace faultline
