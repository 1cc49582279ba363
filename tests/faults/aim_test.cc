#include "faults/aim.h"

#include "tests/support/catch.h"

using faultline::Aim;
using faultline::aim_from;
using faultline::aim_parameters;
using faultline::Directions;
using faultline::Draw;
using faultline::Prefix;
using faultline::RawSetting;
using faultline::read_settings;

namespace {

Aim aim_with(std::vector<RawSetting> raw) {
  return aim_from(read_settings(aim_parameters(), raw, "").value()).value();
}

// The ordinals among the first twelve connections that the aim takes.
std::vector<int> taken(const Aim& aim) {
  std::vector<int> ordinals;
  for (int ordinal = 1; ordinal <= 12; ++ordinal) {
    const auto number = static_cast<std::uint64_t>(ordinal);
    if (aim.takes({.place = number}, Draw(9).about(number))) ordinals.push_back(ordinal);
  }
  return ordinals;
}

std::int64_t taken_of(std::uint64_t connections, const Aim& aim, Draw seed) {
  std::int64_t count = 0;
  for (std::uint64_t ordinal = 1; ordinal <= connections; ++ordinal) {
    count += aim.takes({.place = ordinal}, seed.about(ordinal)) ? 1 : 0;
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
                            {"first", std::int64_t{9}, ""},
                            {"pattern", std::string("FSSF"), ""},
                            {"client", std::string("10.0.0.0/8"), ""}});
  CHECK(aim ==
        Aim{Directions::upstream, 0.25, 4, 2, 9, "FSSF", *Prefix::from("10.0.0.0/8", ""), 0, 0});
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
    differing += half.takes({.place = ordinal}, Draw(1).about(ordinal)) !=
                 half.takes({.place = ordinal}, Draw(2).about(ordinal));
  }
  CHECK(differing > 0);
}

TEST_CASE("a pattern gives each connection its fate, over and over") {
  CHECK(taken({.pattern = "FSSFFFFF"}) == std::vector{1, 4, 5, 6, 7, 8, 9, 12});
  CHECK(taken({.pattern = "S"}).empty());
  CHECK(taken({.pattern = "SF", .client = {}}) == std::vector{2, 4, 6, 8, 10, 12});
}

TEST_CASE("an aim at clients takes those from the prefix") {
  const auto takes = [](const char* prefix, const char* client) {
    const Aim aim{.client = Prefix::from(prefix, "").value()};
    return aim.takes({.place = 1, .client = client}, Draw(1));
  };
  CHECK(takes("10.0.0.7", "10.0.0.7"));
  CHECK_FALSE(takes("10.0.0.7", "10.0.0.8"));
  CHECK(takes("10.0.0.0/8", "10.255.0.1"));
  CHECK_FALSE(takes("10.0.0.0/8", "11.0.0.1"));
  CHECK(takes("10.0.0.0/9", "10.127.0.1"));
  CHECK_FALSE(takes("10.0.0.0/9", "10.128.0.1"));
  CHECK(takes("10.0.0.0/8", "::ffff:10.1.2.3"));
  CHECK(takes("0.0.0.0/0", "192.168.1.1"));
  CHECK_FALSE(takes("0.0.0.0/0", "2001:db8::1"));
  CHECK(takes("2001:db8::/32", "2001:db8:7::1"));
  CHECK_FALSE(takes("2001:db8::/32", "2001:db9::1"));
  CHECK(takes("::/0", "10.0.0.1"));
  CHECK_FALSE(takes("::/0", "nobody"));
}

TEST_CASE("a pattern of other letters and a client that is no address are refused, both at once") {
  const std::vector<RawSetting> raw = {{"pattern", std::string("FXS"), "d:1"},
                                       {"client", std::string("10.0.0.0/33"), "d:2"}};
  const auto aim = aim_from(read_settings(aim_parameters(), raw, "d:0").value());
  REQUIRE_FALSE(aim.has_value());
  REQUIRE(aim.error().size() == 2);
  CHECK(aim.error()[0].text().starts_with("d:1: \"FXS\" is no pattern"));
  CHECK(aim.error()[1].text().starts_with("d:2: \"10.0.0.0/33\" is no address"));
  for (const char* wrong : {"", "10.0.0", "10.0.0.1/", "10.0.0.1/-1", "10.0.0.1/8x", "::/129", "x"})
    CHECK_FALSE(Prefix::from(wrong, "").has_value());
}

TEST_CASE("count of: exactly so many of each block, other ones in each, the same in every run") {
  std::vector<int> first, second;
  for (const std::uint64_t of : {2U, 3U, 10U, 1000U, 18450U}) {
    const Aim aim{.count = of / 3 + 1, .of = of};
    for (std::uint64_t block = 0; block < 3; ++block) {
      std::uint64_t hit = 0;
      for (std::uint64_t place = block * of + 1; place <= (block + 1) * of; ++place) {
        const bool takes = aim.takes({.place = place, .client = {}, .fault = Draw(7)}, Draw(place));
        CHECK(takes == aim.takes({.place = place, .client = {}, .fault = Draw(7)}, Draw(place)));
        hit += takes ? 1 : 0;
        if (of == 1000 && takes && block == 0) first.push_back(static_cast<int>(place));
        if (of == 1000 && takes && block == 1) second.push_back(static_cast<int>(place - of));
      }
      CHECK(hit == of / 3 + 1);
    }
  }
  CHECK(first != second);
  CHECK(first.front() < 30);  // spread, not in a lump
  CHECK(first.back() > 970);
}

TEST_CASE("count and of are written together, and count is not the larger") {
  for (const auto& [count, of] : {std::pair(3, 0), std::pair(4, 3), std::pair(0, 3)}) {
    const std::vector<RawSetting> raw = {{"count", std::int64_t{count}, "d:1"},
                                         {"of", std::int64_t{of}, "d:2"}};
    const auto aim = aim_from(read_settings(aim_parameters(), raw, "d:0").value());
    REQUIRE_FALSE(aim.has_value());
    CHECK(aim.error().front().text().find("write both") != std::string::npos);
  }
}
