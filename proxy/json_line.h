#pragma once

// Writes JSON by appending to a string: what is recorded while traffic flows is many small objects,
// and must cost neither a tree nor an allocation each.
//
// Text may hold anything: control bytes leave as \u00XX, bytes that are not UTF-8 as U+FFFD.
// Instants and durations are integers, nanoseconds.

#include <cstdint>
#include <string>
#include <string_view>

#include "faults/time.h"

namespace faultline {

void append_json_text(std::string& out, std::string_view text);

// One object. Members come in the order they are named; a nested value is written by the caller
// after key().
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  ~JsonObject() { out_ += '}'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  std::string& key(std::string_view name);
  void text(std::string_view name, std::string_view value);
  void number(std::string_view name, std::int64_t value);
  void count(std::string_view name, std::uint64_t value);
  void boolean(std::string_view name, bool value);
  void instant(std::string_view name, Instant at);
  // Left out where they hold nothing: the epoch or `never`, "" and 0.
  void instant_if_any(std::string_view name, Instant at);
  void text_if_any(std::string_view name, std::string_view value);
  void count_if_any(std::string_view name, std::uint64_t value);

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace faultline
