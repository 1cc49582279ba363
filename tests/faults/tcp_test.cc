// What each kind of tcp/ says at each moment of a link's life.

#include <algorithm>

#include "faults/catalogue.h"
#include "tests/support/catch.h"
#include "tests/support/tape.h"

using namespace std::chrono_literals;
using namespace faultline;

namespace {

constexpr Instant noon{12h};

Moment at(Instant now, std::uint64_t ordinal = 0) { return {now, Draw(7).about(ordinal)}; }

Chunk hello(Instant arrived) { return {.bytes = "hello", .arrived = arrived, .label = {}}; }

// A fault on one link, with the tape its link would be.
struct Stage {
  std::unique_ptr<Fault> fault;
  Tape tape;

  explicit Stage(std::string_view kind, std::vector<RawSetting> raw = {}) {
    const FaultKind* found = find_fault_kind(kind);
    REQUIRE(found != nullptr);
    const auto prototype = found->make(read_settings(found->parameters, raw, "").value());
    REQUIRE(prototype.has_value());
    fault = (*prototype)->fresh();
  }

  Stage& arm_live() { return fault->armed(at(noon), true, tape), *this; }
  Stage& arm_new() { return fault->armed(at(noon), false, tape), *this; }
  Stage& open() { return fault->opening(at(noon), tape), *this; }
  Stage& chunk(Instant now = noon, std::uint64_t ordinal = 0) {
    return fault->chunk(at(now, ordinal), hello(now), tape), *this;
  }
  Stage& end(Instant now = noon) { return fault->end(at(now), tape), *this; }
  Stage& disarm() { return fault->disarmed(at(noon), tape), *this; }
  std::string verbs() const { return tape.verbs(); }
};

std::vector<RawSetting> delayed(std::string delay, std::string jitter) {
  return {{"delay", std::move(delay), ""}, {"jitter", std::move(jitter), ""}};
}

std::vector<RawSetting> only(std::string connections) {
  return {{"connections", std::move(connections), ""}};
}

}  // namespace

TEST_CASE("latency delays chunks and the FIN alike") {
  Stage stage("latency", {{"delay", std::string("250ms"), ""}});
  stage.arm_live().chunk(noon).chunk(noon + 1ms).end(noon + 2ms).disarm();
  const std::vector<Said> said = {{Verb::pass_at, noon + 250ms, {}},
                                  {Verb::pass_at, noon + 251ms, {}},
                                  {Verb::pass_at, noon + 252ms, {}}};
  CHECK(stage.tape.said == said);
}

TEST_CASE("jitter stays within its bounds, uses them, and follows the draw") {
  Stage stage("latency", delayed("100ms", "30ms"));
  for (std::uint64_t i = 0; i < 10'000; ++i) stage.chunk(noon, i);
  const auto [least, most] = std::ranges::minmax(stage.tape.said, {}, &Said::when);
  CHECK(least.when >= noon + 70ms);
  CHECK(least.when < noon + 71ms);
  CHECK(most.when <= noon + 130ms);
  CHECK(most.when > noon + 129ms);

  Stage again("latency", delayed("100ms", "30ms"));
  for (std::uint64_t i = 0; i < 10'000; ++i) again.chunk(noon, i);
  CHECK(again.tape.said == stage.tape.said);
}

TEST_CASE("jitter larger than the delay never sends a chunk before it came") {
  Stage stage("latency", delayed("1ms", "1h"));
  for (std::uint64_t i = 0; i < 1000; ++i) stage.chunk(noon, i);
  const auto at_once = std::ranges::count(stage.tape.said, noon, &Said::when);
  CHECK(std::ranges::all_of(stage.tape.said, [](const Said& said) { return said.when >= noon; }));
  CHECK(at_once > 400);  // about half are drawn below zero
  CHECK(at_once < 600);
}

TEST_CASE("latency requires a delay of at most an hour") {
  const FaultKind* kind = find_fault_kind("latency");
  const auto missing = read_settings(kind->parameters, {}, "d:1");
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().at(0).text() ==
        "d:1: \"delay\" is missing (how much later each chunk goes on); write a duration like "
        "\"250ms\"");
  const auto long_delay = read_settings(kind->parameters, delayed("61m", "2h"), "d:1");
  REQUIRE_FALSE(long_delay.has_value());
  CHECK(long_delay.error().size() == 2);
}

TEST_CASE("stall holds chunks and the FIN until it is disarmed, and loses nothing") {
  Stage stage("stall");
  stage.arm_live().chunk().chunk().end().disarm();
  CHECK(stage.verbs() == "pass_at pass_at pass_at");
  CHECK(std::ranges::all_of(stage.tape.said, [](const Said& said) { return said.when == never; }));
  CHECK(Stage("stall").arm_new().open().verbs().empty());
}

TEST_CASE("blackhole drops, and resets at the end the links that lost something") {
  CHECK(Stage("blackhole").arm_live().chunk().chunk().verbs().empty());
  CHECK(Stage("blackhole").arm_live().chunk().chunk().disarm().verbs() == "reset");
  CHECK(Stage("blackhole").arm_live().end().disarm().verbs() == "reset");
  CHECK(Stage("blackhole").arm_live().disarm().verbs().empty());
  CHECK(Stage("blackhole").arm_new().open().disarm().verbs().empty());
}

TEST_CASE("refuse turns new connections away and passes everything on live ones") {
  CHECK(Stage("refuse").arm_new().open().verbs() == "refuse");
  CHECK(Stage("refuse").arm_live().chunk().end().disarm().verbs() == "pass pass");
}

TEST_CASE("reset ends live connections at once, idle ones included, and refuses new ones") {
  CHECK(Stage("reset").arm_live().verbs() == "reset");
  CHECK(Stage("reset").arm_new().open().verbs() == "refuse");
  CHECK(Stage("reset").arm_live().disarm().verbs() == "reset");
}

TEST_CASE("reset may be narrowed to live or to new connections") {
  CHECK(Stage("reset", only("live")).arm_live().verbs() == "reset");
  CHECK(Stage("reset", only("live")).arm_new().open().chunk().end().verbs() == "pass pass");
  CHECK(Stage("reset", only("new")).arm_live().chunk().end().verbs() == "pass pass");
  CHECK(Stage("reset", only("new")).arm_new().open().verbs() == "refuse");
}

TEST_CASE("close ends live and new connections with a FIN and never with an RST") {
  CHECK(Stage("close").arm_live().disarm().verbs() == "end");
  CHECK(Stage("close").arm_new().open().disarm().verbs() == "end");
}

TEST_CASE("close may be narrowed to live or to new connections") {
  CHECK(Stage("close", only("live")).arm_live().verbs() == "end");
  CHECK(Stage("close", only("live")).arm_new().open().chunk().end().verbs() == "pass pass");
  CHECK(Stage("close", only("new")).arm_live().chunk().end().verbs() == "pass pass");
  CHECK(Stage("close", only("new")).arm_new().open().verbs() == "end");
}

TEST_CASE("the kinds are found by name, in the order users see them") {
  CHECK(fault_kind_names() == std::vector<std::string>{"latency",
                                                       "loss",
                                                       "bandwidth",
                                                       "slice",
                                                       "stall",
                                                       "blackhole",
                                                       "silent_death",
                                                       "flap",
                                                       "limit",
                                                       "corrupt",
                                                       "refuse",
                                                       "slow_accept",
                                                       "backlog_full",
                                                       "reset",
                                                       "close",
                                                       "half_close",
                                                       "status",
                                                       "rate_limit",
                                                       "lose_response",
                                                       "error_after",
                                                       "never_sent",
                                                       "hang",
                                                       "trickle",
                                                       "truncate",
                                                       "status_line_only",
                                                       "keepalive_race",
                                                       "early_final",
                                                       "ignored_expect",
                                                       "bad_chunk",
                                                       "huge_header",
                                                       "dup_header",
                                                       "garbage",
                                                       "redirect_loop",
                                                       "stale_reply",
                                                       "body_mutate",
                                                       "duplicate_request",
                                                       "tls_expired",
                                                       "tls_wrong_host",
                                                       "tls_self_signed",
                                                       "tls_stall",
                                                       "tls_alert",
                                                       "tls_no_close_notify"});
  CHECK(find_fault_kind("laency") == nullptr);
  CHECK(find_fault_kind("latency")->default_directions == Directions::downstream);
  CHECK(find_fault_kind("stall")->default_directions == Directions::both);
}
