#pragma once

// What the service itself claims, as NDJSON on standard output: one object per line,
//
//   {"t":123.456789,"time":"2026-01-31T12:00:00.123456Z","node":"n1","event":"dependency_down",...}
//
// `t` is CLOCK_MONOTONIC in seconds, so that it can be laid beside the clock of another process of
// the same machine; `time` is the wall clock in UTC. Lines are written whole, in the order of the
// calls, from any thread.

#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>

namespace bridge {

class Events {
 public:
  /// A value is JSON text already: a number, or the result of `quoted`.
  struct Field {
    std::string_view name;
    std::string value;
  };

  explicit Events(std::string node) : node_(std::move(node)) {}

  void emit(std::string_view event, std::initializer_list<Field> fields = {});

 private:
  std::string node_;
  std::mutex mutex_;
};

/// The wall clock as RFC 3339 in UTC with microseconds.
std::string wall_time();

/// Seconds with six decimals, as JSON.
std::string seconds_text(double seconds);

}  // namespace bridge
