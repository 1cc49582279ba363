#pragma once

// Bodies of the native API: JSON read strictly. Every mistake is gathered, each with the JSON
// pointer (RFC 6901) of the value it is about, so that one answer tells them all.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/settings.h"
#include "faults/time.h"
#include "proxy/control/json_value.h"

namespace faultline::control {

struct NativeError {
  std::string code;     // "bad_value", "unknown_key", "no_such_proxy" …
  std::string message;  // what was found; what would be right
  std::string pointer;  // "/faults/0/delay"; empty: the body as a whole, or no body at all
};
using NativeErrors = std::vector<NativeError>;

// "/faults" and "a/b" are "/faults/a~1b".
std::string pointer_to(std::string_view parent, std::string_view key);

// One whole value and nothing behind it; an empty body is an empty object.
std::optional<JsonValue> read_body(std::string_view body, NativeErrors& errors);

// One object of a body. Every key that is asked for is known; `finish` reports the others. A value
// of the wrong type is reported, and as good as absent.
class NativeObject {
 public:
  NativeObject(const JsonValue& value, std::string pointer, NativeErrors& errors);

  const std::string& pointer() const { return pointer_; }
  void wrong(std::string_view key, std::string message);
  void wrong_at(std::string pointer, std::string message);  // anywhere in the body
  std::size_t mistakes() const { return errors_.size(); }   // in the whole body, so far

  const JsonValue* find(std::string_view key);  // null too, where it stands in the body
  void require(std::string_view key, std::string_view example);
  std::optional<std::string> text(std::string_view key);
  std::optional<std::string> name(std::string_view key);  // [A-Za-z0-9._-]{1,128}
  std::optional<bool> boolean(std::string_view key);
  std::optional<Duration> duration(std::string_view key, Duration least, Duration most);
  const JsonValue* array(std::string_view key);
  // The keys among `parameters` that are there, with their pointers.
  std::vector<RawSetting> settings(std::span<const Parameter> parameters);
  void finish();

 private:
  void expected(std::string_view key, const JsonValue& found, std::string_view what);

  const JsonValue& value_;
  const std::string pointer_;
  NativeErrors& errors_;
  std::vector<std::string> known_;
};

}  // namespace faultline::control
