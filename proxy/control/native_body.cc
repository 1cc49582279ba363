#include "proxy/control/native_body.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace faultline::control {
namespace {

using Kind = JsonValue::Kind;

constexpr std::size_t most_keys =
    1000;  // of an object: each unknown one is compared with the known

std::string_view words(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "a boolean";
    case Kind::number:
      return "a number";
    case Kind::string:
      return "a string";
    case Kind::array:
      return "an array";
    case Kind::object:
      return "an object";
  }
  return "a value";
}

bool is_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 128 && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), allowed);
}

// A number is whole when it is written so: 5, not 5.0 or 5e0.
bool read_number(const std::string& text, RawSetting& setting) {
  const char* const end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto read = std::from_chars(text.data(), end, whole);
      read.ec == std::errc() && read.ptr == end) {
    setting.value = whole;
    return true;
  }
  double real = 0;
  const auto read = std::from_chars(text.data(), end, real);
  if (read.ec != std::errc() || read.ptr != end) return false;
  setting.value = real;
  return true;
}

}  // namespace

std::string pointer_to(std::string_view parent, std::string_view key) {
  std::string out(parent);
  out += '/';
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<JsonValue> read_body(std::string_view body, NativeErrors& errors) {
  if (body.empty()) return JsonValue{.kind = Kind::object};
  std::size_t end = 0;
  auto value = read_json(body, &end);
  if (!value) {
    errors.push_back({"bad_json", "the body is not JSON: " + value.error(), ""});
    return std::nullopt;
  }
  if (body.find_first_not_of(" \t\r\n", end) != std::string_view::npos) {
    errors.push_back({"bad_json", "the body is not JSON: something follows its value", ""});
    return std::nullopt;
  }
  if (!value->is(Kind::object)) {
    errors.push_back({"bad_value",
                      "the body is " + std::string(words(value->kind)) + "; it must be an object",
                      ""});
    return std::nullopt;
  }
  return std::move(*value);
}

NativeObject::NativeObject(const JsonValue& value, std::string pointer, NativeErrors& errors)
    : value_(value), pointer_(std::move(pointer)), errors_(errors) {
  if (!value.is(Kind::object)) {
    errors_.push_back({"bad_value",
                       "found " + std::string(words(value.kind)) + "; it must be an object",
                       pointer_});
  }
  if (value.members.size() > most_keys) {
    const std::string count = std::to_string(value.members.size());
    errors_.push_back({"bad_value", count + " keys; no object here has so many", pointer_});
    return;
  }
  std::set<std::string_view> seen;
  for (const JsonValue& member : value.members) {
    if (!seen.insert(member.key).second) wrong(member.key, "is given twice");
  }
}

void NativeObject::wrong(std::string_view key, std::string message) {
  errors_.push_back(
      {"bad_value", quoted(key) + ": " + std::move(message), pointer_to(pointer_, key)});
}

void NativeObject::wrong_at(std::string pointer, std::string message) {
  errors_.push_back({"bad_value", std::move(message), std::move(pointer)});
}

void NativeObject::expected(std::string_view key, const JsonValue& found, std::string_view what) {
  wrong(key, "found " + std::string(words(found.kind)) + "; it must be " + std::string(what));
}

const JsonValue* NativeObject::find(std::string_view key) {
  if (!std::count(known_.begin(), known_.end(), key)) known_.emplace_back(key);
  for (const JsonValue& member : value_.members) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

void NativeObject::require(std::string_view key, std::string_view example) {
  if (find(key) != nullptr) return;
  errors_.push_back(
      {"missing", quoted(key) + " is missing; write one like " + std::string(example), pointer_});
}

std::optional<std::string> NativeObject::text(std::string_view key) {
  const JsonValue* const found = find(key);
  if (found == nullptr) return std::nullopt;
  if (found->is(Kind::string)) return found->text;
  expected(key, *found, "a string");
  return std::nullopt;
}

std::optional<std::string> NativeObject::name(std::string_view key) {
  std::optional<std::string> found = text(key);
  if (!found || is_name(*found)) return found;
  wrong(key, quoted(*found) + " is not a name; use 1 to 128 of A-Z a-z 0-9 . _ -");
  return std::nullopt;
}

std::optional<bool> NativeObject::boolean(std::string_view key) {
  const JsonValue* const found = find(key);
  if (found == nullptr) return std::nullopt;
  if (found->is(Kind::boolean)) return found->truth;
  expected(key, *found, "true or false");
  return std::nullopt;
}

std::optional<Duration> NativeObject::duration(std::string_view key, Duration least,
                                               Duration most) {
  const JsonValue* const found = find(key);
  if (found == nullptr) return std::nullopt;
  if (!found->is(Kind::string)) {
    expected(key, *found, "a duration with its unit, such as \"5s\"");
    return std::nullopt;
  }
  const Result<Duration> read = duration_from(found->text);
  if (!read) {
    wrong(key, read.error().what);
    return std::nullopt;
  }
  if (*read >= least && *read <= most) return *read;
  wrong(key, quoted(found->text) + " is out of range; it can be " + to_string(least) + " to " +
                 to_string(most));
  return std::nullopt;
}

const JsonValue* NativeObject::array(std::string_view key) {
  const JsonValue* const found = find(key);
  if (found == nullptr || found->is(Kind::array)) return found;
  expected(key, *found, "an array");
  return nullptr;
}

std::vector<RawSetting> NativeObject::settings(std::span<const Parameter> parameters) {
  std::vector<RawSetting> raw;
  for (const Parameter& parameter : parameters) {
    const JsonValue* const found = find(parameter.name);
    if (found == nullptr) continue;
    RawSetting setting{std::string(parameter.name), false, pointer_to(pointer_, parameter.name)};
    if (found->is(Kind::string)) {
      setting.value = found->text;
    } else if (found->is(Kind::boolean)) {
      setting.value = found->truth;
    } else if (!found->is(Kind::number)) {
      expected(parameter.name, *found, "a string, a number or a boolean");
      continue;
    } else if (!read_number(found->text, setting)) {
      wrong(parameter.name, quoted(found->text) + " is out of range");
      continue;
    }
    raw.push_back(std::move(setting));
  }
  return raw;
}

void NativeObject::finish() {
  if (value_.members.size() > most_keys) return;
  for (const JsonValue& member : value_.members) {
    if (std::count(known_.begin(), known_.end(), member.key) != 0) continue;
    errors_.push_back({"unknown_key",
                       "unknown key " + quoted(member.key) + suggestion(member.key, known_),
                       pointer_to(pointer_, member.key)});
  }
}

}  // namespace faultline::control
