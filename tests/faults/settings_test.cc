#include "faults/settings.h"

#include <array>
#include <cmath>

#include "tests/support/catch.h"

using namespace std::chrono_literals;
using faultline::Errors;
using faultline::Parameter;
using faultline::ParameterType;
using faultline::RawSetting;
using faultline::read_settings;
using faultline::Settings;

namespace {

constexpr std::array<std::string_view, 2> modes = {"gentle", "rough"};

constexpr std::array<Parameter, 7> table = {{
    {.name = "delay",
     .summary = "how long",
     .type = ParameterType::duration,
     .least = "1ms",
     .most = "1h"},
    {.name = "size",
     .summary = "",
     .type = ParameterType::bytes,
     .fallback = "64KiB",
     .most = "1MiB"},
    {.name = "times", .summary = "", .type = ParameterType::integer, .fallback = "3", .least = "1"},
    {.name = "share", .summary = "", .type = ParameterType::ratio, .fallback = "5%"},
    {.name = "mode",
     .summary = "",
     .type = ParameterType::choice,
     .fallback = "gentle",
     .choices = modes},
    {.name = "note", .summary = "", .type = ParameterType::text, .fallback = "none"},
    {.name = "loud", .summary = "", .type = ParameterType::boolean, .fallback = "false"},
}};

using Value = decltype(RawSetting::value);

const Value valid_delay = std::string("250ms");

// The settings that come of one key beside a valid delay.
faultline::Checked<Settings> with(std::string name, Value value) {
  std::vector<RawSetting> raw = {{std::move(name), std::move(value), "d.toml:2:1"}};
  if (raw[0].name != "delay") raw.push_back({"delay", valid_delay, "d.toml:1:1"});
  return read_settings(table, raw, "d.toml:1:1");
}

std::string complaint(std::string name, Value value) {
  const auto settings = with(std::move(name), std::move(value));
  if (settings) return "accepted";
  std::string text;
  for (const auto& error : settings.error()) text += (text.empty() ? "" : "\n") + error.text();
  return text;
}

Value text(std::string_view value) { return std::string(value); }
Value whole(std::int64_t value) { return value; }

}  // namespace

TEST_CASE("what is not written has its fallback, and the place of the whole") {
  const auto settings =
      read_settings(table, std::vector{RawSetting{"delay", valid_delay, "here"}}, "whole");
  REQUIRE(settings.has_value());
  CHECK(settings->duration("delay") == 250ms);
  CHECK(settings->bytes("size") == faultline::Bytes{65536});
  CHECK(settings->integer("times") == 3);
  CHECK(settings->ratio("share") == 0.05);
  CHECK(settings->text("mode") == "gentle");
  CHECK(settings->text("note") == "none");
  CHECK(settings->boolean("loud") == false);
  CHECK(settings->where("delay") == "here");
  CHECK(settings->where("size") == "whole");
}

TEST_CASE("a ratio is a number or a percentage") {
  CHECK(with("share", 0.05)->ratio("share") == 0.05);
  CHECK(with("share", text("5%"))->ratio("share") == 0.05);
  CHECK(with("share", text("0.05"))->ratio("share") == 0.05);
  CHECK(with("share", whole(0))->ratio("share") == 0.0);
  CHECK(with("share", whole(1))->ratio("share") == 1.0);
  CHECK(with("share", text("100%"))->ratio("share") == 1.0);
  CHECK(complaint("share", whole(5)) == "d.toml:2:1: \"share\" is 5; it must be 0 to 1");
  CHECK(complaint("share", -0.1) == "d.toml:2:1: \"share\" is -0.1; it must be 0 to 1");
  CHECK(complaint("share", text("101%")) == "d.toml:2:1: \"share\" is \"101%\"; it must be 0 to 1");
  for (const std::string_view wrong :
       {"nan", "inf", "%", "", "5%%", "5 %", "half", "nan%", "0x1"}) {
    INFO(wrong);
    CHECK(complaint("share", text(wrong)).ends_with("it must be a share like 0.05 or \"5%\""));
  }
  CHECK(complaint("share", std::nan("")).ends_with("a share like 0.05 or \"5%\""));
}

TEST_CASE("numbers and truths may be text, as they are after ${VAR}") {
  CHECK(with("times", whole(7))->integer("times") == 7);
  CHECK(with("times", text("7"))->integer("times") == 7);
  CHECK(with("loud", true)->boolean("loud"));
  CHECK(with("loud", text("true"))->boolean("loud"));
  CHECK_FALSE(with("loud", text("false"))->boolean("loud"));
  for (const std::string_view wrong : {"", "7x", "7.0", " 7", "9223372036854775808", "seven"}) {
    INFO(wrong);
    CHECK(complaint("times", text(wrong)).ends_with("it must be a whole number"));
  }
  CHECK(complaint("times", 7.5) == "d.toml:2:1: \"times\" is 7.5; it must be a whole number");
  CHECK(complaint("loud", whole(1)) == "d.toml:2:1: \"loud\" is 1; it must be true or false");
  CHECK(complaint("loud", text("yes")) ==
        "d.toml:2:1: \"loud\" is \"yes\"; it must be true or false");
}

TEST_CASE("durations and sizes need their unit") {
  CHECK(complaint("delay", whole(250)) ==
        "d.toml:2:1: \"delay\": \"250\" has no unit; write \"250ms\" or \"250s\"");
  CHECK(complaint("delay", 1.5) ==
        "d.toml:2:1: \"delay\": \"1.5\" has no unit; write \"1.5ms\" or \"1.5s\"");
  CHECK(complaint("size", text("64")) ==
        "d.toml:2:1: \"size\": \"64\" has no unit; write \"64B\" or \"64KiB\"");
  CHECK(complaint("delay", true) ==
        "d.toml:2:1: \"delay\" is true; it must be a duration like \"250ms\"");
}

TEST_CASE("bounds are inclusive and told") {
  CHECK(with("delay", text("1ms")).has_value());
  CHECK(with("delay", text("1h")).has_value());
  CHECK(complaint("delay", text("999us")) ==
        "d.toml:2:1: \"delay\" is \"999us\"; it must be 1ms to 1h");
  CHECK(complaint("delay", text("61m")) ==
        "d.toml:2:1: \"delay\" is \"61m\"; it must be 1ms to 1h");
  CHECK(with("size", text("1MiB")).has_value());
  CHECK(complaint("size", text("2MiB")) ==
        "d.toml:2:1: \"size\" is \"2MiB\"; it must be at most 1MiB");
  CHECK(complaint("times", whole(0)) == "d.toml:2:1: \"times\" is 0; it must be at least 1");
}

TEST_CASE("a choice is one of its words") {
  CHECK(with("mode", text("rough"))->text("mode") == "rough");
  CHECK(complaint("mode", text("ruogh")) ==
        "d.toml:2:1: \"mode\" is \"ruogh\"; it must be one of gentle, rough; did you mean "
        "\"rough\"?");
  CHECK(complaint("mode", whole(1)) ==
        "d.toml:2:1: \"mode\" is 1; it must be one of gentle, rough");
}

TEST_CASE("text is text") {
  CHECK(with("note", text(""))->text("note").empty());
  CHECK(complaint("note", whole(1)) == "d.toml:2:1: \"note\" is 1; it must be a text in quotes");
}

TEST_CASE("an unknown key comes with the nearest known one") {
  CHECK(complaint("dellay", text("1s")) ==
        "d.toml:2:1: unknown key \"dellay\"; did you mean \"delay\"?");
  CHECK(complaint("colour", text("red")) ==
        "d.toml:2:1: unknown key \"colour\"; known: delay, size, times, share, mode, note, loud");
}

TEST_CASE("every error is told at once, each at its place") {
  const std::vector<RawSetting> raw = {{"sizes", text("1B"), "d:1"},
                                       {"times", whole(0), "d:2"},
                                       {"share", text("much"), "d:3"},
                                       {"times", whole(1), "d:4"}};
  const auto settings = read_settings(table, raw, "d:0");
  REQUIRE_FALSE(settings.has_value());
  const Errors& errors = settings.error();
  REQUIRE(errors.size() == 5);
  CHECK(errors[0].text() == "d:1: unknown key \"sizes\"; did you mean \"size\"?");
  CHECK(errors[1].text() == "d:2: \"times\" is 0; it must be at least 1");
  CHECK(errors[2].text() == "d:3: \"share\" is \"much\"; it must be a share like 0.05 or \"5%\"");
  CHECK(errors[3].text() == "d:4: \"times\" is given twice (first at d:2); write it once");
  CHECK(errors[4].text() ==
        "d:0: \"delay\" is missing (how long); write a duration like \"250ms\"");
}

TEST_CASE("a required parameter that is wrong is not also missing") {
  CHECK(complaint("delay", text("soon")) ==
        "d.toml:2:1: \"delay\": \"soon\" is not a duration; write one like \"250ms\", \"1.5s\" or "
        "\"1m30s\"");
}

TEST_CASE("a kind without parameters takes none") {
  CHECK(read_settings({}, {}, "d:0").has_value());
  const auto settings =
      read_settings({}, std::vector{RawSetting{"delay", text("1s"), "d:1"}}, "d:0");
  REQUIRE_FALSE(settings.has_value());
  CHECK(settings.error().at(0).text() == "d:1: unknown key \"delay\"");
}
