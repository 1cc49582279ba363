#pragma once

// JSON as the control APIs read it: one value, numbers as they were written (whether 1e3 is an
// integer is for the reader to say), members in their order, repeated keys and all. What follows
// the first value is not looked at. At most 32 levels deep, and 100,000 values.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace faultline::control {

struct JsonValue {
  enum class Kind { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  bool truth = false;
  std::string text = {};  // of a string, or of a number as written
  std::vector<JsonValue> elements = {};
  std::vector<JsonValue> members = {};
  std::string key = {};  // of what is a member

  bool is(Kind other) const { return kind == other; }
};

// The error is in the words of Go's decoder, which clients of Toxiproxy know: "EOF" for nothing at
// all, "unexpected EOF", "invalid character '}' looking for beginning of value". `end` is told
// where the value ends.
std::expected<JsonValue, std::string> read_json(std::string_view text, std::size_t* end = nullptr);

}  // namespace faultline::control
