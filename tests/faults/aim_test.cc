#include "faults/aim.h"

#include "tests/support/catch.h"

using faultline::Aim;
using faultline::aim_from;
using faultline::aim_parameters;
using faultline::Directions;
using faultline::Draw;
using faultline::RawSetting;
using faultline::read_settings;

namespace {

Aim aim_with(std::vector<RawSetting> raw) {
  return aim_from(read_settings(aim_parameters(), raw, "").value());
}

// The ordinals among the first twelve connections that the aim takes.
std::vector<int> taken(const Aim& aim) {
  std::vector<int> ordinals;
  for (int ordinal = 1; ordinal <= 12; ++ordinal) {
    const auto number = static_cast<std::uint64_t>(ordinal);
    if (aim.takes(number, Draw(9).about(number))) ordinals.push_back(ordinal);
  }
  return ordinals;
}

std::int64_t taken_of(std::uint64_t connections, const Aim& aim, Draw seed) {
  std::int64_t count = 0;
  for (std::uint64_t ordinal = 1; ordinal <= connections; ++ordinal) {
    count += aim.takes(ordinal, seed.about(ordinal)) ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("an aim without keys is at everything, in the kind's own direction") {
  CHECK(aim_with({}) == Aim{});
  CHECK_FALSE(Aim{}.directions.has_value());
  CHECK(taken(Aim{}).size() == 12);
}

TEST_CASE("every key of an aim is read") {
  const Aim aim = aim_with({{"direction", std::string("upstream"), ""},
                            {"share", std::string("25%"), ""},
                            {"nth", std::int64_t{4}, ""},
                            {"every", std::int64_t{2}, ""},
                            {"first", std::int64_t{9}, ""}});
  CHECK(aim == Aim{Directions::upstream, 0.25, 4, 2, 9});
  CHECK(aim_with({{"direction", std::string("downstream"), ""}}).directions ==
        Directions::downstream);
  CHECK(aim_with({{"direction", std::string("both"), ""}}).directions == Directions::both);
  CHECK(aim_with({{"direction", std::string("default"), ""}}) == Aim{});
}

TEST_CASE("a count below zero is refused") {
  for (const std::string name : {"nth", "every", "first"}) {
    const std::vector<RawSetting> raw = {{name, std::int64_t{-1}, "d:1"}};
    const auto settings = read_settings(aim_parameters(), raw, "d:0");
    REQUIRE_FALSE(settings.has_value());
    CHECK(settings.error().at(0).text() == "d:1: \"" + name + "\" is -1; it must be at least 0");
  }
}

TEST_CASE("nth, every and first count connections from 1") {
  CHECK(taken({.nth = 3}) == std::vector{3});
  CHECK(taken({.every = 5}) == std::vector{5, 10});
  CHECK(taken({.first = 3}) == std::vector{1, 2, 3});
}

TEST_CASE("all conditions of an aim must hold") {
  CHECK(taken({.every = 2, .first = 5}) == std::vector{2, 4});
  CHECK(taken({.nth = 4, .every = 2}) == std::vector{4});
  CHECK(taken({.nth = 3, .every = 2}).empty());
  CHECK(taken({.share = 0.0, .nth = 3}).empty());
}

TEST_CASE("a share takes about so many, the same ones for the same seed") {
  CHECK(taken_of(10'000, {.share = 0.0}, Draw(1)) == 0);
  CHECK(taken_of(10'000, {.share = 1.0}, Draw(1)) == 10'000);
  CHECK(taken_of(100'000, {.share = 0.05}, Draw(1)) == Approx(5000).epsilon(0.1));
  CHECK(taken({.share = 0.5}) == taken({.share = 0.5}));
  int differing = 0;
  for (std::uint64_t ordinal = 1; ordinal <= 100; ++ordinal) {
    const Aim half{.share = 0.5};
    differing +=
        half.takes(ordinal, Draw(1).about(ordinal)) != half.takes(ordinal, Draw(2).about(ordinal));
  }
  CHECK(differing > 0);
}
