#pragma once

// A number with its unit, "1.5s" or "64KiB", read and written exactly: integers only, no floating
// point, so that what was printed reads back as the same value. Durations and sizes are made of
// these.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace faultline {

struct Unit {
  std::string_view name;
  std::uint64_t size;  // in the smallest unit of its family: nanoseconds, bytes
};

// The front of a text, cut into its parts: "1.5s…" is 1, "5" and "s".
struct Quantity {
  std::string_view whole;     // digits before the point; empty if there are none
  std::string_view decimals;  // digits behind it
  bool point = false;
  std::string_view unit;  // everything up to the next digit, space, sign or point

  std::string_view number() const;  // the digits and the point, as written
};

inline constexpr std::size_t most_decimals = 9;

// Takes one quantity off the front of `rest`; parts that are not there are empty.
Quantity take_quantity(std::string_view& rest);

enum class Misfit : std::uint8_t {
  too_fine,   // not a whole number of the smallest unit
  too_large,  // beyond 64 bits
};

// The value in the smallest unit. `quantity` has digits and at most `most_decimals` decimals.
std::expected<std::uint64_t, Misfit> value_of(const Quantity& quantity, std::uint64_t unit_size);

// `value` in units of `unit_size` without trailing zeros ("1.5"), or nothing if that takes more
// than `most_decimals` decimals.
std::optional<std::string> decimal(std::uint64_t value, std::uint64_t unit_size);

}  // namespace faultline
