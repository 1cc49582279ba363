#pragma once

// Sizes and rates with their units in the type.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "faults/result.h"

namespace faultline {

// Bytes on the wire are looked at through this; nobody owns them by holding a view.
using ByteView = std::string_view;

struct Bytes {
  std::uint64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
};

constexpr Bytes operator""_KiB(unsigned long long n) { return {n * 1024}; }
constexpr Bytes operator""_MiB(unsigned long long n) { return {n * 1024 * 1024}; }

// Reads "64KiB" (1024), "64KB" (1000), "17B"; units B KB MB GB KiB MiB GiB. A bare number is an
// error. Range: 0 to 2^62.
Result<Bytes> bytes_from(std::string_view text);

// The shortest exact form that bytes_from reads back.
std::string to_string(Bytes bytes);

}  // namespace faultline
