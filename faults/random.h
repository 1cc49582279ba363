#pragma once

// Chance without state. A decision is a hash of what it is about (seed, fault, connection ordinal,
// message ordinal), never "the next random number": so the same traffic meets the same fate,
// whatever else happened in between and on whichever worker.

#include <cstdint>
#include <string_view>

namespace faultline {

// One 64-bit value, used once. Mixing is SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
class Draw {
 public:
  explicit constexpr Draw(std::uint64_t key = 0) : key_(key) {}

  // An independent draw about a part of what this one is about.
  constexpr Draw about(std::uint64_t part) const { return Draw(mix(key_ ^ mix(part + golden))); }
  Draw about(std::string_view part) const;

  constexpr std::uint64_t bits() const { return mix(key_); }
  // Uniform in [0, 1).
  constexpr double unit() const { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
  // Uniform in [low, high], both included; low <= high.
  std::int64_t between(std::int64_t low, std::int64_t high) const;

 private:
  static constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;
  static constexpr std::uint64_t mix(std::uint64_t z) {
    z += golden;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  std::uint64_t key_;
};

}  // namespace faultline
