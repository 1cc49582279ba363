#include "faults/settings.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <optional>

namespace faultline {
namespace {

using Value = Settings::Value;
using RawValue = decltype(RawSetting::value);

template <class Number>
std::optional<Number> number_from(std::string_view text) {
  Number number{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string shortest(double number) {
  char text[32];
  const auto [end, fault] = std::to_chars(std::begin(text), std::end(text), number);
  assert(fault == std::errc());
  return {text, end};
}

// What the user wrote, as it stands in a message.
std::string shown(const RawValue& raw) {
  if (const auto* text = std::get_if<std::string>(&raw)) return quoted(*text);
  if (const auto* whole = std::get_if<std::int64_t>(&raw)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&raw)) return shortest(*real);
  return std::get<bool>(raw) ? "true" : "false";
}

// "a whole number", "a duration like \"250ms\"": what would be right, in words.
std::string wanted(const Parameter& parameter) {
  switch (parameter.type) {
    case ParameterType::duration:
      return "a duration like \"250ms\"";
    case ParameterType::bytes:
      return "a size like \"64KiB\"";
    case ParameterType::integer:
      return "a whole number";
    case ParameterType::ratio:
      return "a share like 0.05 or \"5%\"";
    case ParameterType::boolean:
      return "true or false";
    case ParameterType::text:
      return "a text in quotes";
    case ParameterType::choice:
      break;
  }
  std::string list;
  for (const std::string_view choice : parameter.choices) {
    list += (list.empty() ? "one of " : ", ") + std::string(choice);
  }
  return list;
}

std::string is_not(const Parameter& parameter, const RawValue& raw) {
  return quoted(parameter.name) + " is " + shown(raw) + "; it must be " + wanted(parameter);
}

// What a setting became: its value, or what is wrong with it.
using Reading = std::expected<Value, std::string>;

template <class T>
Reading with_unit(const Parameter& parameter, const RawValue& raw,
                  Result<T> (*read)(std::string_view)) {
  std::string text = shown(raw);  // a bare number: the reader says that its unit is missing
  if (const auto* written = std::get_if<std::string>(&raw)) text = *written;
  if (std::holds_alternative<bool>(raw)) return std::unexpected(is_not(parameter, raw));
  const Result<T> value = read(text);
  if (!value) return std::unexpected(quoted(parameter.name) + ": " + value.error().what);
  return *value;
}

// After ${VAR} every number is text, so text that is a number will do.
Reading whole_number(const Parameter& parameter, const RawValue& raw) {
  if (const auto* number = std::get_if<std::int64_t>(&raw)) return *number;
  if (const auto* text = std::get_if<std::string>(&raw)) {
    if (const auto number = number_from<std::int64_t>(*text)) return *number;
  }
  return std::unexpected(is_not(parameter, raw));
}

std::optional<double> ratio_from(const RawValue& raw) {
  if (const auto* real = std::get_if<double>(&raw)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&raw)) return static_cast<double>(*whole);
  const auto* text = std::get_if<std::string>(&raw);
  if (text == nullptr) return std::nullopt;
  if (!text->ends_with('%')) return number_from<double>(*text);
  const auto percent = number_from<double>(std::string_view(*text).substr(0, text->size() - 1));
  if (!percent) return std::nullopt;
  return *percent / 100;
}

Reading ratio(const Parameter& parameter, const RawValue& raw) {
  const auto number = ratio_from(raw);
  if (!number || !std::isfinite(*number)) return std::unexpected(is_not(parameter, raw));
  return *number;
}

Reading boolean(const Parameter& parameter, const RawValue& raw) {
  if (const auto* truth = std::get_if<bool>(&raw)) return *truth;
  if (const auto* text = std::get_if<std::string>(&raw)) {
    if (*text == "true") return true;
    if (*text == "false") return false;
  }
  return std::unexpected(is_not(parameter, raw));
}

Reading choice(const Parameter& parameter, const RawValue& raw) {
  // Some words are numbers: then = 502.
  const auto* number = std::get_if<std::int64_t>(&raw);
  if (number != nullptr &&
      std::ranges::find(parameter.choices, std::to_string(*number)) != parameter.choices.end())
    return std::to_string(*number);
  const auto* text = std::get_if<std::string>(&raw);
  if (text == nullptr) return std::unexpected(is_not(parameter, raw));
  if (std::ranges::find(parameter.choices, *text) != parameter.choices.end()) return *text;
  const std::string near =
      nearest(*text, std::vector<std::string>(parameter.choices.begin(), parameter.choices.end()));
  const std::string hint = near.empty() ? "" : "; did you mean " + quoted(near) + "?";
  return std::unexpected(is_not(parameter, raw) + hint);
}

Reading text(const Parameter& parameter, const RawValue& raw) {
  if (const auto* written = std::get_if<std::string>(&raw)) return *written;
  return std::unexpected(is_not(parameter, raw));
}

Reading typed(const Parameter& parameter, const RawValue& raw) {
  switch (parameter.type) {
    case ParameterType::duration:
      return with_unit<Duration>(parameter, raw, duration_from);
    case ParameterType::bytes:
      return with_unit<Bytes>(parameter, raw, bytes_from);
    case ParameterType::integer:
      return whole_number(parameter, raw);
    case ParameterType::ratio:
      return ratio(parameter, raw);
    case ParameterType::boolean:
      return boolean(parameter, raw);
    case ParameterType::choice:
      return choice(parameter, raw);
    case ParameterType::text:
      break;
  }
  return text(parameter, raw);
}

// A bound or a fallback, which a kind writes the way a user would; a wrong one is our own mistake.
Value own(const Parameter& parameter, std::string_view written) {
  const Reading value = typed(parameter, RawValue(std::string(written)));
  assert(value.has_value());
  return *value;
}

struct Bounds {
  std::string_view least;
  std::string_view most;
};

Bounds bounds_of(const Parameter& parameter) {
  Bounds bounds{parameter.least, parameter.most};
  if (parameter.type != ParameterType::ratio) return bounds;
  if (bounds.least.empty()) bounds.least = "0";
  if (bounds.most.empty()) bounds.most = "1";
  return bounds;
}

std::string range_text(const Bounds& bounds) {
  if (bounds.most.empty()) return "at least " + std::string(bounds.least);
  if (bounds.least.empty()) return "at most " + std::string(bounds.most);
  return std::string(bounds.least) + " to " + std::string(bounds.most);
}

Reading in_range(const Parameter& parameter, const RawValue& raw) {
  Reading value = typed(parameter, raw);
  if (!value) return value;
  const Bounds bounds = bounds_of(parameter);
  const bool below = !bounds.least.empty() && *value < own(parameter, bounds.least);
  const bool above = !bounds.most.empty() && *value > own(parameter, bounds.most);
  if (!below && !above) return value;
  return std::unexpected(quoted(parameter.name) + " is " + shown(raw) + "; it must be " +
                         range_text(bounds));
}

std::vector<std::string> names_of(std::span<const Parameter> parameters) {
  std::vector<std::string> names;
  for (const Parameter& parameter : parameters) names.emplace_back(parameter.name);
  return names;
}

template <class T>
const T& held(const Settings& settings, std::string_view name) {
  const auto found = settings.values.find(name);
  assert(found != settings.values.end());
  const T* value = std::get_if<T>(&found->second);
  assert(value != nullptr);
  return *value;
}

void read_one(std::span<const Parameter> parameters, const RawSetting& raw, Settings& settings,
              Errors& errors) {
  const auto parameter = std::ranges::find(parameters, raw.name, &Parameter::name);
  if (parameter == parameters.end()) {
    const std::string hint = suggestion(raw.name, names_of(parameters));
    errors.push_back({raw.where, "unknown key " + quoted(raw.name) + hint});
    return;
  }
  const auto [place, is_first] = settings.places.emplace(raw.name, raw.where);
  if (!is_first) {
    const std::string before = place->second.empty() ? "" : " (first at " + place->second + ")";
    errors.push_back(
        {raw.where, quoted(raw.name) + " is given twice" + before + "; write it once"});
    return;
  }
  Reading value = in_range(*parameter, raw.value);
  if (!value) {
    errors.push_back({raw.where, value.error()});
    return;
  }
  settings.values.emplace(raw.name, std::move(*value));
}

}  // namespace

std::vector<RawSetting> over(std::vector<RawSetting> earlier,
                             const std::vector<RawSetting>& later) {
  for (const RawSetting& setting : later) {
    std::erase_if(earlier, [&](const RawSetting& old) { return old.name == setting.name; });
    earlier.push_back(setting);
  }
  return earlier;
}

Duration Settings::duration(std::string_view name) const { return held<Duration>(*this, name); }
Bytes Settings::bytes(std::string_view name) const { return held<Bytes>(*this, name); }
std::int64_t Settings::integer(std::string_view name) const {
  return held<std::int64_t>(*this, name);
}
double Settings::ratio(std::string_view name) const { return held<double>(*this, name); }
const std::string& Settings::text(std::string_view name) const {
  return held<std::string>(*this, name);
}
bool Settings::boolean(std::string_view name) const { return held<bool>(*this, name); }

std::string Settings::where(std::string_view name) const {
  assert(values.contains(name));
  const auto place = places.find(name);
  return place == places.end() ? whole : place->second;
}

Checked<Settings> read_settings(std::span<const Parameter> parameters,
                                std::span<const RawSetting> raw, std::string where) {
  Settings settings;
  settings.whole = std::move(where);
  Errors errors;
  for (const RawSetting& setting : raw) read_one(parameters, setting, settings, errors);
  for (const Parameter& parameter : parameters) {
    const std::string name(parameter.name);
    if (settings.places.contains(name)) continue;  // given, rightly or wrongly
    if (parameter.fallback.empty()) {
      errors.push_back({settings.whole, quoted(name) + " is missing (" +
                                            std::string(parameter.summary) + "); write " +
                                            wanted(parameter)});
    } else {
      settings.values.emplace(name, own(parameter, parameter.fallback));
    }
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return settings;
}

}  // namespace faultline
