#pragma once

// Settings for any kind of fault, from what its parameters say of themselves.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "faults/settings.h"

namespace faultline {

inline std::string or_else(std::string_view bound, std::string_view otherwise) {
  return std::string(bound.empty() ? otherwise : bound);
}

// The least that a user can write for a parameter, and the first of its choices.
inline std::string smallest(const Parameter& parameter) {
  switch (parameter.type) {
    case ParameterType::duration:
      return or_else(parameter.least, "0s");
    case ParameterType::bytes:
      return or_else(parameter.least, "0B");
    case ParameterType::integer:
    case ParameterType::ratio:
      return or_else(parameter.least, "0");
    case ParameterType::boolean:
      return "false";
    case ParameterType::choice:
      return std::string(parameter.choices.front());
    case ParameterType::text:
      break;
  }
  return or_else(parameter.fallback, "x");
}

// The most, and the last.
inline std::string largest(const Parameter& parameter) {
  switch (parameter.type) {
    case ParameterType::duration:
      return or_else(parameter.most, "3650d");
    case ParameterType::bytes:
      return or_else(parameter.most, "4294967296GiB");
    case ParameterType::integer:
      return or_else(parameter.most, "9223372036854775807");
    case ParameterType::ratio:
      return or_else(parameter.most, "1");
    case ParameterType::boolean:
      return "true";
    case ParameterType::choice:
      return std::string(parameter.choices.back());
    case ParameterType::text:
      break;
  }
  return smallest(parameter);
}

// What holds when it is not written, or the least where it has to be.
inline std::string usual(const Parameter& parameter) {
  return parameter.fallback.empty() ? smallest(parameter) : std::string(parameter.fallback);
}

inline std::vector<RawSetting> written(std::span<const Parameter> parameters,
                                       const std::function<std::string(const Parameter&)>& value) {
  std::vector<RawSetting> raw;
  for (const Parameter& parameter : parameters)
    raw.push_back({std::string(parameter.name), value(parameter), "test"});
  return raw;
}

}  // namespace faultline
