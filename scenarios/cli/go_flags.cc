#include "scenarios/cli/go_flags.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

namespace faultline::cli {
namespace {

std::optional<std::string> toggle_from(std::string_view text) {
  constexpr std::array<std::string_view, 6> yes{"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 6> no{"0", "f", "F", "false", "FALSE", "False"};
  if (std::find(yes.begin(), yes.end(), text) != yes.end()) return "true";
  if (std::find(no.begin(), no.end(), text) != no.end()) return "false";
  return std::nullopt;
}

bool is_integer(std::string_view text) {
  std::int64_t ignored = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, ignored);
  return read.ec == std::errc() && read.ptr == end;
}

Result<std::string> checked(const GoFlag& flag, const std::string& text) {
  const std::string name(flag.name);
  if (flag.type == GoFlag::Type::toggle) {
    if (const auto value = toggle_from(text)) return *value;
    return error("", "invalid boolean value " + quoted(text) + " for -" + name + ": parse error");
  }
  if (flag.type == GoFlag::Type::integer && !is_integer(text)) {
    return error("", "invalid value " + quoted(text) + " for flag -" + name + ": parse error");
  }
  return text;
}

}  // namespace

Result<std::optional<GoFlags>> GoFlags::parse(std::span<const GoFlag> known,
                                              std::span<const std::string> words) {
  GoFlags flags;
  for (const GoFlag& flag : known) flags.values_[std::string(flag.name)] = {};
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (word.size() < 2 || word.front() != '-' || word == "--") break;
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    if (name.empty() || name.front() == '-') return error("", "bad flag syntax: " + words[i]);
    const auto flag = std::find_if(known.begin(), known.end(),
                                   [&](const GoFlag& one) { return one.name == name; });
    if (flag == known.end()) {
      if (name == "h" || name == "help") return std::nullopt;
      return error("", "flag provided but not defined: -" + std::string(name));
    }
    std::string value = "true";
    if (equals != std::string_view::npos) {
      value = word.substr(equals + 1);
    } else if (flag->type != GoFlag::Type::toggle) {
      if (++i == words.size()) return error("", "flag needs an argument: -" + std::string(name));
      value = words[i];
    }
    const Result<std::string> sound = checked(*flag, value);
    if (!sound) return std::unexpected(sound.error());
    flags.values_.find(name)->second.push_back(*sound);
  }
  for (const GoFlag& flag : known) {
    auto& values = flags.values_.find(flag.name)->second;
    if (values.empty() && !flag.fallback.empty()) values.emplace_back(flag.fallback);
  }
  return flags;
}

const std::string& GoFlags::text(std::string_view name) const {
  static const std::string none;
  const auto found = values_.find(name);
  assert(found != values_.end());
  return found->second.empty() ? none : found->second.back();
}

std::vector<std::string> GoFlags::list(std::string_view name) const {
  const auto found = values_.find(name);
  assert(found != values_.end());
  return found->second;
}

std::string go_usage(std::string_view program, std::span<const GoFlag> known) {
  std::string out = "Usage of " + std::string(program) + ":\n";
  for (const GoFlag& flag : known) {
    out += "  -" + std::string(flag.name);
    if (flag.type == GoFlag::Type::text) out += " string";
    if (flag.type == GoFlag::Type::integer) out += " int";
    out += "\n        " + std::string(flag.summary);
    if (!flag.fallback.empty()) out += " (default \"" + std::string(flag.fallback) + "\")";
    out += "\n";
  }
  return out;
}

}  // namespace faultline::cli
