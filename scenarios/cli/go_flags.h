#pragma once

// A command line as Go's flag package reads it: -name value, -name=value, one dash or two, switches
// without a value or as -name=true; nothing behind the first word that is no flag.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "faults/result.h"

namespace faultline::cli {

struct GoFlag {
  enum class Type { text, integer, toggle };
  std::string_view name;
  Type type = Type::text;
  std::string_view summary;
  std::string_view fallback = {};
};

class GoFlags {
 public:
  // Nothing if help was asked for (-h, -help).
  static Result<std::optional<GoFlags>> parse(std::span<const GoFlag> known,
                                              std::span<const std::string> words);

  const std::string& text(std::string_view name) const;
  bool toggle(std::string_view name) const { return text(name) == "true"; }
  std::vector<std::string> list(std::string_view name) const;  // as often as it was given

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

std::string go_usage(std::string_view program, std::span<const GoFlag> known);

}  // namespace faultline::cli
