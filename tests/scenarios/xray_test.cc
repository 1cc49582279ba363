// An X-ray of every breaker says what is true of it, or nothing.

#include <string>
#include <utility>
#include <vector>

#include "tests/scenarios/xray_judge.h"

namespace faultline::xray::simulated {
namespace {

using namespace std::chrono_literals;

std::vector<Case> what_opens_it() {
  return {
      {"four in a row", {.number = 4, .open_for = 1500ms}},
      {"one is enough", {.number = 1, .open_for = 1s}},
      {"twelve in a row", {.number = 12, .open_for = 3s}},
      {"half of ten", {.rule = Rule::ratio, .share = 0.5, .minimum = 5, .calls = 10}},
      {"more than half of eight",
       {.rule = Rule::ratio, .share = 0.5, .above = true, .minimum = 4, .calls = 8}},
      {"a full window of seven",
       {.rule = Rule::ratio, .share = 0.3, .minimum = 7, .calls = 7},
       {},
       {"comparison"}},
      {"on a failure only",
       {.rule = Rule::ratio, .share = 0.4, .minimum = 6, .calls = 12, .on_failure_only = true}},
      {"half of a hundred",
       {.rule = Rule::ratio, .share = 0.5, .minimum = 20, .calls = 100, .open_for = 5s},
       {},
       {"comparison"}},
      {"four in four seconds", {.rule = Rule::count, .number = 4, .time = 4s}},
      {"three of the last eight", {.rule = Rule::count, .number = 3, .calls = 8}},
      {"a share in six seconds", {.rule = Rule::ratio, .share = 0.6, .minimum = 5, .time = 6s}},
      {"a share in whole seconds",
       {.rule = Rule::ratio, .share = 0.5, .minimum = 6, .time = 5s, .bucket = 1s}},
      {"a count in fixed periods",
       {.rule = Rule::count, .number = 5, .time = 6s, .bucket = 6s, .open_for = 1500ms},
       {},
       {"window", "rule", "threshold", "counts"}},
      {"a share that closing does not clear",
       {.rule = Rule::ratio,
        .share = 0.5,
        .above = true,
        .minimum = 5,
        .time = 4s,
        .bucket = 400ms,
        .on_failure_only = true,
        .cleared = false,
        .dilutes = true,
        .open_for = 1s}},
      {"a share of ten seconds that closing does not clear",
       {.rule = Rule::ratio,
        .share = 0.6,
        .above = true,
        .minimum = 6,
        .time = 10s,
        .bucket = 1s,
        .on_failure_only = true,
        .cleared = false,
        .dilutes = true},
       {.limit = 800ms}},
      {"half of six", {.rule = Rule::ratio, .share = 0.5, .minimum = 6, .calls = 6}},
  };
}

// What their X-rays were once wrong about: it was of calls from before it closed, or opened in the
// middle of a call.
std::vector<Case> what_was_mistaken() {
  return {
      {"it is open for longer than it remembers",
       {.rule = Rule::ratio,
        .share = 0.5,
        .above = true,
        .time = 10s,
        .bucket = 1s,
        .on_failure_only = true,
        .cleared = false,
        .dilutes = true,
        .open_for = 30s},
       {.limit = 10s}},
      {"not cleared, and rejections do not count",
       {.rule = Rule::ratio,
        .share = 0.45,
        .minimum = 23,
        .time = 8s,
        .bucket = 800ms,
        .on_failure_only = true,
        .cleared = false,
        .open_for = 4500ms,
        .to_close = 3}},
      {"one call opens it with some of its attempts",
       {.number = 4, .queues = true},
       {.attempts = 3, .retries_outside = true}},
      {"sent again, where only what dies counts",
       {.number = 3,
        .harmless = {Treatment::status_404, Treatment::status_429, Treatment::status_500,
                     Treatment::status_502, Treatment::status_503, Treatment::status_504,
                     Treatment::slow}},
       {.resends = true}},
  };
}

std::vector<Case> what_follows() {
  return {
      {"some ignored",
       {.number = 3, .ignored = {Treatment::status_404, Treatment::status_429}, .open_for = 1s}},
      {"ignored, but calls",
       {.rule = Rule::ratio,
        .share = 0.6,
        .minimum = 5,
        .on_failure_only = true,
        .ignored = {Treatment::status_429},
        .ignored_are_calls = true},
       {},
       {"window"}},
      {"statuses are successes",
       {.number = 3,
        .harmless = {Treatment::status_404, Treatment::status_429, Treatment::status_500,
                     Treatment::status_502, Treatment::status_503, Treatment::status_504,
                     Treatment::slow},
        .open_for = 1s}},
      {"slow is failed", {.number = 3, .slow_limit = 200ms, .open_for = 1500ms}, {.limit = 800ms}},
      {"growing", {.number = 3, .open_for = 1s, .growth = 2}},
      {"jittered", {.number = 3, .open_for = 1500ms, .jitter = 0.4}},
      {"rejections extend it", {.number = 3, .open_for = 1200ms, .rejected_extend = true}},
      {"four are judged", {.number = 3, .open_for = 1500ms, .probes = 0, .judged = 4}},
      {"five of three at a time",
       {.number = 3, .open_for = 1500ms, .probes = 3, .to_close = 5, .to_reopen = 2}},
      {"three in all", {.number = 6, .open_for = 1s, .probes = 3, .in_all = true, .to_close = 3}},
      {"others wait", {.number = 3, .open_for = 1500ms, .queues = true, .to_close = 2}},
      {"everybody probes", {.number = 3, .open_for = 1500ms, .probes = 0}},
      {"stuck for ever", {.number = 3, .open_for = 1500ms, .keeps_hung = true}},
      {"retries inside", {.number = 3, .open_for = 1500ms}, {.limit = 400ms, .attempts = 3}},
      {"retries outside",
       {.number = 5, .open_for = 1500ms},
       {.limit = 400ms, .attempts = 2, .retries_outside = true}},
      {"retries outside, in step",
       {.number = 6, .open_for = 1500ms},
       {.limit = 400ms, .attempts = 2, .retries_outside = true}},
      {"retries outside, of a share",
       {.rule = Rule::ratio, .share = 0.55, .minimum = 11, .open_for = 1500ms, .to_reopen = 2},
       {.limit = 400ms, .attempts = 2, .retries_outside = true},
       {"window", "comparison", "counts"}},
      {"sent again", {.number = 3, .open_for = 1500ms}, {.resends = true}},
      {"one call at a time",
       {.number = 3, .open_for = 1s},
       {.at_once = 1},
       {"half_open_others", "half_open_concurrency"}},
      {"a minute",
       {.number = 3, .open_for = 60s},
       {},
       {"counts", "hung_probe", "client_timeout", "rule", "threshold"}},
  };
}

TEST_CASE("what opens a breaker is found, whatever it is") {
  for (const Case& one : what_opens_it()) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) examine(one, seed);
  }
}

TEST_CASE("what follows an opening is found, whatever it is") {
  for (const Case& one : what_follows()) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) examine(one, seed);
  }
}

TEST_CASE("what was before it closed is not taken for what is") {
  for (const Case& one : what_was_mistaken()) {
    INFO(one.title);
    SimulatedService service(one.breaker, one.client, 5);
    Examination examination(service, {});
    const Result<Answers> answers = examination.run();
    REQUIRE(answers);
    Judge(one, *answers, true).all();
  }
}

// Calls are late now and then, some of them later than the client waits.
TEST_CASE("a busy machine has it say less, and nothing that is false") {
  std::vector<Case> cases = what_opens_it();
  for (Case& one : what_follows()) cases.push_back(std::move(one));
  for (Case& one : cases) {
    one.client.pace = 6;
    one.client.hiccups = 0.02;
    one.client.hiccup = 350ms;
    INFO(one.title);
    SimulatedService service(one.breaker, one.client, 11);
    Examination examination(service, {});
    const Result<Answers> answers = examination.run();
    REQUIRE(answers);
    Judge(one, *answers, true).all();
  }
}

TEST_CASE("where there is no breaker none is seen") {
  SimulatedService service({.rule = Rule::none}, {}, 1);
  Examination examination(service, {});
  const Result<Answers> answers = examination.run();
  REQUIRE(answers);
  for (const std::string_view one : names) {
    const State state = answers->find(one)->second.state;
    const bool of_client = one == "client_timeout" || one == "attempts_per_call";
    INFO(std::string(one));
    CHECK(state == (of_client ? State::found : State::no_breaker_seen));
  }
}

TEST_CASE("what there is no time for is said") {
  SimulatedService service({.number = 3, .open_for = 20s}, {}, 1);
  const Instant begun = service.now();
  Examination examination(service, {.budget = 30s});
  const Result<Answers> answers = examination.run();
  REQUIRE(answers);
  CHECK(service.now() - begun <= 31s);
  CHECK(answers->find("rule")->second.state == State::not_exercised);
  CHECK(answers->find("hung_probe")->second.evidence == "no time left");
}

}  // namespace
}  // namespace faultline::xray::simulated
