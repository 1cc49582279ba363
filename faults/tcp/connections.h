#pragma once

// The parameter `connections` of the kinds that do away with whole connections: those that live
// when the fault is armed, those that open while it is, or all of them.

#include <string_view>

#include "faults/settings.h"

namespace faultline {

inline constexpr std::string_view connection_choices[] = {"all", "live", "new"};

inline constexpr Parameter connections_parameter = {
    .name = "connections",
    .summary = "which connections: live when armed, new while armed, or all",
    .type = ParameterType::choice,
    .fallback = "all",
    .choices = connection_choices,
};

struct Connections {
  bool live = true;
  bool opening = true;
};

inline Connections connections_from(const Settings& settings) {
  const std::string& choice = settings.text(connections_parameter.name);
  return {.live = choice != "new", .opening = choice != "live"};
}

}  // namespace faultline
