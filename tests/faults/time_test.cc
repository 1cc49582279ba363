#include "faults/time.h"

#include "faults/random.h"
#include "tests/support/catch.h"

using namespace std::chrono_literals;
using faultline::Duration;
using faultline::duration_from;
using faultline::rounded;
using faultline::to_string;

namespace {

constexpr Duration ten_years = std::chrono::hours(24 * 3650);

std::string complaint(std::string_view text) {
  const auto duration = duration_from(text);
  return duration ? "read as " + to_string(*duration) : duration.error().what;
}

// A duration of any magnitude: as many bits as the draw says.
Duration any_duration(faultline::Draw draw) {
  const auto bits = draw.about(1).between(0, 58);
  return Duration(draw.about(2).between(0, std::int64_t{1} << bits)) % ten_years;
}

}  // namespace

TEST_CASE("durations are read with their units") {
  CHECK(duration_from("250ms").value() == 250ms);
  CHECK(duration_from("0s").value() == 0s);
  CHECK(duration_from("20us").value() == 20us);
  CHECK(duration_from("20\u00b5s").value() == 20us);
  CHECK(duration_from("20\u03bcs").value() == 20us);
  CHECK(duration_from("7ns").value() == 7ns);
  CHECK(duration_from("1m30s").value() == 90s);
  CHECK(duration_from("1d2h3m4s5ms6us7ns").value() == 26h + 3min + 4s + 5ms + 6us + 7ns);
  CHECK(duration_from("90s").value() == 90s);
  CHECK(duration_from("3650d").value() == ten_years);
}

TEST_CASE("fractions are exact") {
  CHECK(duration_from("1.5s").value() == 1500ms);
  CHECK(duration_from("0.1s").value() == 100ms);
  CHECK(duration_from("0.000000001s").value() == 1ns);
  CHECK(duration_from("0.3m").value() == 18s);
  CHECK(duration_from("0.000000001d").value() == 86400ns);
  CHECK(duration_from("123456.123456789s").value() == 123456s + 123456789ns);
  CHECK(duration_from("3649.999999999d").value() == ten_years - 86400ns);
  CHECK(duration_from("2.0ns").value() == 2ns);
}

TEST_CASE("a duration that is wrong says what would be right") {
  CHECK(complaint("250") == "\"250\" has no unit; write \"250ms\" or \"250s\"");
  CHECK(complaint("1.5") == "\"1.5\" has no unit; write \"1.5ms\" or \"1.5s\"");
  CHECK(complaint("1m30") == "\"1m30\" has no unit after 30; units are ns us ms s m h d");
  CHECK(complaint("5sec") == "\"5sec\" has the unknown unit \"sec\"; units are ns us ms s m h d");
  CHECK(complaint("5S") == "\"5S\" has the unknown unit \"S\"; units are ns us ms s m h d");
  CHECK(complaint("-5s") == "\"-5s\" is negative; a duration is 0s or more");
  CHECK(complaint("0.5ns") == "\"0.5ns\" is finer than a nanosecond, which is the smallest unit");
  CHECK(complaint("1.0001us") ==
        "\"1.0001us\" is finer than a nanosecond, which is the smallest unit");
  CHECK(complaint("5 s") == "\"5 s\" has a space in it; write a duration like \"1m30s\"");
  CHECK(complaint("") == "an empty duration; write one like \"250ms\"");
  CHECK(complaint("1.0000000000s") == "\"1.0000000000s\" has more than 9 decimals; 9 are enough");
}

TEST_CASE("what is no number at all is not a duration") {
  for (const std::string_view text :
       {"s", ".5s", "5.s", "+5s", "soon", "1..5s", "1s-2ms", "\n", "1s\n"}) {
    INFO(text);
    CHECK(complaint(text).contains("is not a duration"));
  }
}

TEST_CASE("units descend and come once") {
  for (const std::string_view text : {"30s1m", "1s1s", "1us1\u00b5s", "1ms1s"}) {
    INFO(text);
    CHECK(complaint(text).contains("units out of order"));
  }
}

TEST_CASE("a duration ends at ten years, whatever the digits") {
  for (const std::string_view text :
       {"3650d1ns", "3651d", "87601h", "18446744073709551616ns", "18446744073709551615d",
        "99999999999999999999999999s", "3650d87600h", "3650.000000001d"}) {
    INFO(text);
    CHECK(complaint(text).contains("a duration is at most 3650d"));
  }
}

TEST_CASE("printed durations are short") {
  CHECK(to_string(0s) == "0s");
  CHECK(to_string(250ms) == "250ms");
  CHECK(to_string(90s) == "1m30s");
  CHECK(to_string(1500ms) == "1.5s");
  CHECK(to_string(1500us) == "1.5ms");
  CHECK(to_string(7ns) == "7ns");
  CHECK(to_string(1h) == "1h");
  CHECK(to_string(24h) == "1d");
  CHECK(to_string(1min + 1ns) == "1m1ns");
  CHECK(to_string(25h + 500ms) == "1d1h500ms");
  CHECK(to_string(-1500ms) == "-1.5s");
  CHECK(to_string(Duration::min()) == "-106751d23h47m16.854775808s");
}

TEST_CASE("what is printed reads back as the same duration") {
  const faultline::Draw seed(20);
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const Duration duration = any_duration(seed.about(i));
    const auto back = duration_from(to_string(duration));
    INFO(to_string(duration));
    REQUIRE(back.has_value());
    REQUIRE(*back == duration);
  }
  CHECK(duration_from(to_string(ten_years)).value() == ten_years);
}

TEST_CASE("no text makes the reader stumble") {
  constexpr std::string_view letters = "0123456789.smhdun -\xc2\xb5";
  const faultline::Draw seed(21);
  std::size_t understood = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const faultline::Draw draw = seed.about(i);
    std::string text;
    const auto size = static_cast<std::uint64_t>(draw.about("size").between(0, 12));
    for (std::uint64_t at = 0; at < size; ++at) {
      const auto pick = draw.about(at).between(0, static_cast<std::int64_t>(letters.size()) - 1);
      text += letters[static_cast<std::size_t>(pick)];
    }
    const auto duration = duration_from(text);
    INFO(text);
    if (duration) {
      ++understood;
      REQUIRE((*duration >= 0s && *duration <= ten_years));
      REQUIRE(duration_from(to_string(*duration)).value() == *duration);
    } else {
      REQUIRE_FALSE(duration.error().what.empty());
    }
  }
  CHECK(understood > 0);
}

TEST_CASE("for people three digits are enough") {
  CHECK(rounded(12'345us) == "12.3ms");
  CHECK(rounded(1044ms) == "1.04s");
  CHECK(rounded(85us) == "85us");
  CHECK(rounded(999'600ns) == "1ms");
  CHECK(rounded(0s) == "0s");
  CHECK(rounded(59'960ms) == "1m");
  CHECK(rounded(59'940ms) == "59.9s");
  CHECK(rounded(2min + 5s + 400ms) == "2m5s");
  CHECK(rounded(59min + 59s + 900ms) == "1h");
  CHECK(rounded(3h + 20min + 29s) == "3h20m");
  CHECK(rounded(98h + 29min) == "4d2h");
  CHECK(rounded(-12'345us) == "-12.3ms");
}
