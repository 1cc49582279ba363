#pragma once

// The parameters of a fault, typed and range-checked before any fault sees them. A kind declares a
// table of Parameters; `read_settings` turns what the user wrote into Settings or into every Error
// at once: unknown keys (with the nearest known one), wrong types, values out of range.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "faults/bytes.h"
#include "faults/result.h"
#include "faults/time.h"

namespace faultline {

enum class ParameterType : std::uint8_t { duration, bytes, integer, ratio, choice, text, boolean };

struct Parameter {
  std::string_view name;
  std::string_view summary;
  ParameterType type = ParameterType::text;
  std::string_view fallback = {};  // as the user would write it; empty = the parameter is required
  std::string_view least = {};     // inclusive bounds, written likewise; empty = the type's own
  std::string_view most = {};
  std::span<const std::string_view> choices = {};  // for ParameterType::choice
};

// One key as it stood in the user's file or request.
struct RawSetting {
  std::string name;
  std::variant<std::string, std::int64_t, double, bool> value;
  std::string where;  // "drill.toml:14:9", or a JSON pointer
};

// `later` over `earlier`, by name.
std::vector<RawSetting> over(std::vector<RawSetting> earlier, const std::vector<RawSetting>& later);

class Settings {
 public:
  using Value = std::variant<Duration, Bytes, std::int64_t, double, std::string, bool>;

  // Asking for a name that the kind did not declare, or by another type, is our own mistake:
  // assert.
  Duration duration(std::string_view name) const;
  Bytes bytes(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  double ratio(std::string_view name) const;             // 0 to 1; written 0.05 or "5%"
  const std::string& text(std::string_view name) const;  // text and choice
  bool boolean(std::string_view name) const;

  // Where the user wrote it, or `where` of the whole if the fallback is in force.
  std::string where(std::string_view name) const;

  std::map<std::string, Value, std::less<>> values;
  std::map<std::string, std::string, std::less<>> places;
  std::string whole;  // place of the fault itself, for errors about missing parameters
};

Checked<Settings> read_settings(std::span<const Parameter> parameters,
                                std::span<const RawSetting> raw, std::string where);

}  // namespace faultline
