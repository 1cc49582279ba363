#include "faults/random.h"

#include <array>
#include <cstdint>
#include <limits>
#include <set>

#include "tests/support/catch.h"

using faultline::Draw;

TEST_CASE("mixing is SplitMix64") {
  // The first number of the published generator from state 0, and from the state after it.
  CHECK(Draw(0).bits() == 0xe220a8397b1dcdaf);
  CHECK(Draw(0x9e3779b97f4a7c15).bits() == 0x6e789e6aa1b965f4);
}

TEST_CASE("a draw about the same thing is the same, about another another") {
  const Draw seed(1);
  CHECK(seed.about("outage").about(7).bits() == seed.about("outage").about(7).bits());
  std::set<std::uint64_t> seen;
  for (std::uint64_t a = 0; a < 100; ++a) {
    for (std::uint64_t b = 0; b < 100; ++b) seen.insert(seed.about(a).about(b).bits());
  }
  CHECK(seen.size() == 10'000);  // about(1, 2) is not about(2, 1) either
  CHECK(seed.about("outage").bits() != seed.about("outagf").bits());
  CHECK(seed.about("").bits() != seed.bits());
}

TEST_CASE("unit is uniform in [0, 1)") {
  std::array<int, 10> tenths{};
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const double unit = Draw(3).about(i).unit();
    REQUIRE((unit >= 0.0 && unit < 1.0));
    ++tenths[static_cast<std::size_t>(unit * 10)];
  }
  for (const int tenth : tenths) CHECK(tenth == Approx(10'000).epsilon(0.05));
}

TEST_CASE("between reaches both its ends, evenly, and nothing else") {
  std::array<int, 7> seen{};
  for (std::uint64_t i = 0; i < 70'000; ++i) {
    const std::int64_t value = Draw(4).about(i).between(-3, 3);
    REQUIRE((value >= -3 && value <= 3));
    ++seen[static_cast<std::size_t>(value + 3)];
  }
  for (const int times : seen) CHECK(times == Approx(10'000).epsilon(0.05));
}

TEST_CASE("between holds at the edges of its range") {
  constexpr std::int64_t low = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t high = std::numeric_limits<std::int64_t>::max();
  CHECK(Draw(5).between(7, 7) == 7);
  CHECK(Draw(5).between(low, low) == low);
  CHECK(Draw(5).between(high, high) == high);
  CHECK(Draw(5).between(low, high) == static_cast<std::int64_t>(Draw(5).bits()));
}

TEST_CASE("between is even where 2^64 is no multiple of the range") {
  // Three quarters of all values: a plain remainder would fall into the lowest third half the time.
  constexpr std::int64_t quarter = std::int64_t{1} << 62;
  constexpr std::int64_t low = std::numeric_limits<std::int64_t>::min();
  int lowest_third = 0;
  for (std::uint64_t i = 0; i < 30'000; ++i) {
    const std::int64_t value = Draw(6).about(i).between(low, quarter - 1);
    REQUIRE(value < quarter);
    lowest_third += value < -quarter ? 1 : 0;
  }
  CHECK(lowest_third == Approx(10'000).epsilon(0.05));
}
