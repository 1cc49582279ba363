#pragma once

// Time as faultline knows it: one monotonic clock, nanoseconds. This header names instants and
// durations and reads and prints them; it cannot tell the time. Only proxy/wire/clock.h can, so
// that everything that decides is handed the instant and can be tested in virtual time.

#include <chrono>
#include <string>
#include <string_view>

#include "faults/result.h"

namespace faultline {

using Duration = std::chrono::nanoseconds;

// The tag of the monotonic clock. It has no now() on purpose.
struct Monotonic {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Monotonic>;
  static constexpr bool is_steady = true;
};

using Instant = Monotonic::time_point;

// "Not before the end of time": the due time of what is held until it is released.
inline constexpr Instant never = Instant::max();

// Reads "250ms", "1m30s", "20us", "1.5s" (units ns us µs ms s m h d; several in descending order
// add up). A bare number is an error, because tools disagree about its unit. Range: 0 to 10 years.
Result<Duration> duration_from(std::string_view text);

// An exact form that duration_from reads back: "250ms", "1m30s", "1.5s", "0s". What is negative (no
// user can write it, a difference can be) has a minus in front.
std::string to_string(Duration duration);

// A form for people, three significant digits: "12.3ms", "1.04s", "85us"; from a minute on, two
// units: "2m5s", "3h20m", "4d2h".
std::string rounded(Duration duration);

inline double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace faultline
