#pragma once

// Attributes of toxics: integers without a unit, 0 where they are absent. Any number that fits is
// accepted; what is beyond all use is taken as the most that makes sense.

#include <algorithm>
#include <string_view>

#include "faults/settings.h"
#include "faults/time.h"

namespace faultline {

constexpr Parameter attribute(std::string_view name, std::string_view summary) {
  return {.name = name,
          .summary = summary,
          .type = ParameterType::integer,
          .fallback = "0",
          .least = "0"};
}

// Ten years, which any instant can be moved by.
inline constexpr std::chrono::hours longest_wait{10 * 365 * 24};

inline Duration milliseconds(const Settings& settings, std::string_view name) {
  constexpr std::int64_t most = std::chrono::milliseconds(longest_wait).count();
  return std::chrono::milliseconds(std::min(settings.integer(name), most));
}

inline Duration microseconds(const Settings& settings, std::string_view name) {
  constexpr std::int64_t most = std::chrono::microseconds(longest_wait).count();
  return std::chrono::microseconds(std::min(settings.integer(name), most));
}

}  // namespace faultline
