// Breakers from the wire, on recordings whose answers can be counted on the letters of a word.

#include "scenarios/measures/breaker_claims.h"
#include "scenarios/recording/claims.h"

#include <fstream>

#include "tests/support/breaker_story.h"
#include "tests/support/catch.h"
#include "tests/support/folder.h"

using namespace faultline;
using namespace faultline::test;

namespace {

void check(const Measure& measure, double value) {
  INFO(measure.reason);
  REQUIRE(measure.certainty == Certainty::known);
  CHECK(measure.value == Approx(value));
}

void check_unknown(const Measure& measure, std::string_view why) {
  REQUIRE(measure.certainty == Certainty::unknown);
  INFO(measure.reason);
  CHECK(measure.reason.find(why) != std::string::npos);
}

constexpr double second = 1000;

}  // namespace

TEST_CASE("failures and calls of an opening count from when the breaker was last closed") {
  const BreakerStory story("FFFFFrrrSFSSFFFFFrrrSSSFFFFFrrSS");
  check(story.of("opens"), 3);
  check(story.of("failures", {"1"}), 5);
  check(story.of("calls", {"1"}), 5);
  check(story.of("failures", {"2"}), 6);
  check(story.of("calls", {"2"}), 8);
  check(story.of("failures", {"3"}), 5);
  check(story.of("calls", {"3"}), 7);
  const Measure all = story.of("calls");
  CHECK(all.low == 5);
  CHECK(all.high == 8);
  check_unknown(story.of("calls", {"4"}), "opened only 3 times");
}

TEST_CASE("a probe closes the breaker if the next call passes") {
  const BreakerStory story("SSFFFFFrrrrSSS");
  check(story.of("opens"), 1);
  check(story.of("left_open"), 0);
  check(story.of("probes"), 1);
  check(story.of("refused"), 4);
  check(story.of("cycles"), 1);
  // Opened with the end of the call at place 6, probed by the one at 11.
  const double opened = BreakerStory::ended(6);
  const Measure open = story.of("open_for");
  check(open, (BreakerStory::began(11) - opened) / second);
  CHECK(open.low == Approx((BreakerStory::step * 10 - opened) / second));
  check(story.of("recovery"), (BreakerStory::ended(11) - opened) / second);
  check(story.of("fail_fast"), 0.001);
  check_unknown(story.of("closed_by_failure"), "no probe failed");
}

TEST_CASE("a failed probe opens it again, within the same opening") {
  const auto story = healthy_breaker();
  check(story.of("opens"), 1);
  check(story.of("cycles"), 2);
  check(story.of("failures"), 5);
  check(story.of("closed_by_failure"), 0);
  check(story.of("left_open"), 0);
  check(story.of("recovery"), (BreakerStory::ended(14) - BreakerStory::ended(6)) / second);
}

TEST_CASE("a breaker that never opened was not exercised, and that is never a number") {
  const BreakerStory calm("SSSSSSSS");
  for (const char* name : {"opens", "failures", "open_for", "probes", "left_open", "fail_fast",
                           "leaked", "disagreements", "recovery", "closed_by_failure"})
    check_unknown(calm.of(name), "not exercised");
  check_unknown(BreakerStory("").of("opens"), "not exercised");
}

TEST_CASE("never opening under failures is known to be no opening") {
  check(BreakerStory("SSFFFFFFFFFFFFF").of("opens"), 0);
  check(BreakerStory("NNNNNNNNNN").of("opens"), 0);
  check_unknown(BreakerStory("SSFFFFFFFFFFFFF").of("open_for"), "15 calls, 13 failures");
}

TEST_CASE("a breaker that is not probed any more is open for longer than it was seen") {
  const BreakerStory story("FFFFFrrrrrrrrrr");
  const Measure open = story.of("open_for");
  REQUIRE(open.certainty == Certainty::exceeds);
  CHECK(open.low == Approx((BreakerStory::step * 14 - BreakerStory::ended(4)) / second));
  CHECK(story.of("recovery").certainty == Certainty::exceeds);
  check(story.of("left_open"), 1);
}

TEST_CASE("a good probe after which calls are refused closes nothing") {
  const BreakerStory story("FFFFFrrrSrrrSrrr");
  check(story.of("opens"), 1);
  check(story.of("cycles"), 3);
  check(story.of("left_open"), 1);
}

TEST_CASE("a failed probe after which calls pass closed the breaker") {
  check(BreakerStory("FFFFFrrrFFFFFrrrSSS").of("closed_by_failure"), 1);
  check(BreakerStory("FFFFFrrrFFFFFrrrSSS").of("opens"), 2);
}

TEST_CASE("refusals without a failure are no opening") {
  check_unknown(BreakerStory("SSSrrrSSS").of("opens"), "not exercised");
  // An API that asks for patience is not asked, which is no breaker's doing.
  check(BreakerStory("SFSNrrrSSS").of("opens"), 0);
  check(BreakerStory("SFFFxxxFFS").of("opens"), 0);
}

TEST_CASE("calls at once while half-open are counted") {
  BreakerStory story("FFFFFrrr");
  for (int n = 0; n < 4; ++n) {
    story.exchange("db", 2000 + n, 2300 + n, Told::ack, "201");
    story.request(1999 + n, 310, {202, ""});
  }
  story.request(2100, 1, {503, "breaker"});
  story.exchange("db", 3001, 3100, Told::ack, "201").request(3000, 110, {202, ""});
  story.event(EventKind::proxy_closed, "db", 4000);
  check(story.of("probes"), 4);
  check(story.of("left_open"), 0);
}

TEST_CASE("calls in flight when it opened are late, and no probes") {
  BreakerStory story("FFFFFrrrSS");
  story.exchange("db", 500, 1250, Told::ambiguous, "500").request(499, 760, {502, "agent"});
  check(story.of("late"), 1);
  check(story.of("calls"), 5);
  check(story.of("probes"), 1);
  check(story.of("cycles"), 1);
}

TEST_CASE("a refusal before the service can have read its probe's answer decides nothing") {
  BreakerStory story("FFFFFrrrSSS");
  story.request(BreakerStory::ended(8) + 10, 1, {503, "breaker"});
  check(story.of("cycles"), 1);
  check(story.of("left_open"), 0);
}

TEST_CASE("an answer that came after the service had hung up is a failure") {
  BreakerStory story("");
  for (int n = 0; n < 5; ++n) {
    const double t = 200.0 * n;
    const auto connection = static_cast<ConnectionId>(n + 1);
    for (auto [kind, at] : {std::pair(EventKind::connection_accepted, t + 1),
                            std::pair(EventKind::peer_ended, t + 51)})
      story.event(kind, "db", at).recording().events.back().connection = connection;
    story.exchange("db", t + 2, t + 30, Told::ack, "201");
    story.recording().events.back().connection = connection;
    story.request(t, 52, {504, "agent"});
  }
  story.request(1000, 1, {503, "breaker"}).request(1200, 1, {503, "breaker"});
  check(story.of("opens"), 1);
  check(story.of("failures"), 5);
}

TEST_CASE("a connection that was broken before it carried a call is a failed call") {
  BreakerStory story("");
  for (int n = 0; n < 5; ++n) {
    const double t = 200.0 * n;
    for (auto [kind, at] : {std::pair(EventKind::connection_accepted, t + 1),
                            std::pair(EventKind::fault_touched, t + 1),
                            std::pair(EventKind::connection_closed, t + 2)})
      story.event(kind, "db", at).recording().events.back().connection =
          static_cast<ConnectionId>(n + 1);
    story.request(t, 3, {502, "agent"});
  }
  story.request(1000, 1, {503, "breaker"});
  check(story.of("opens"), 1);
  check(story.of("failures"), 5);
}

TEST_CASE("a link with several clients has several breakers, and no history") {
  BreakerStory story("FFFFFrrrSS");
  story.event(EventKind::connection_accepted, "db", 1).recording().events.back().text =
      "10.0.0.1:5";
  check(story.of("opens"), 1);
  story.event(EventKind::connection_accepted, "db", 2).recording().events.back().text =
      "10.0.0.2:5";
  check_unknown(story.of("opens"), "2 hosts");
}

TEST_CASE("the service's own events agree with the wire, or the difference is told") {
  check(healthy_breaker().of("disagreements"), 0);
  check_unknown(BreakerStory("FFFFFrrrSS").of("disagreements"), "says nothing");

  auto miscounted = healthy_breaker();
  miscounted.recording().breaker_claims[0].total = 8;
  check(miscounted.of("disagreements"), 1);
  CHECK(miscounted.of("disagreements").reason.find("on the wire 5/7, by the service 5/8") !=
        std::string::npos);

  auto early = healthy_breaker();
  early.recording().breaker_claims[1].at = ms(BreakerStory::began(7));
  check(early.of("disagreements"), 1);

  auto silent = healthy_breaker();
  silent.recording().breaker_claims.resize(3);
  check(silent.of("disagreements"), 2);

  auto talkative = healthy_breaker();
  talkative.claim(BreakerStory::ended(16), "closed", "open", 5, 9);
  check(talkative.of("disagreements"), 1);

  auto leaping = healthy_breaker();
  leaping.recording().breaker_claims[1].from = "closed";
  check(leaping.of("disagreements"), 1);
}

TEST_CASE("calls that only the service can know to be late are no difference") {
  // Six failures before the first refusal; the service says that the sixth was late.
  BreakerStory story("FFFFFFrrSS");
  story.claim(BreakerStory::ended(5), "closed", "open", 5, 5);
  story.claim(BreakerStory::began(8), "open", "half_open");
  story.claim(BreakerStory::ended(8), "half_open", "closed");
  check(story.of("disagreements"), 1);
  story.recording().breaker_claims[1].late = 1;
  check(story.of("disagreements"), 0);
}

TEST_CASE("of calls that fail together, any may have opened the breaker, but none before them") {
  for (const double claimed : {600.0, 1050.0, 1240.0}) {
    BreakerStory story("");
    for (int n = 0; n < 10; ++n) {
      story.exchange("db", 500 + n, 1000 + 20 * n, Told::ambiguous, "500");
      story.request(499 + n, 520 + 20 * n, {502, "agent"});
    }
    story.request(1240, 1, {503, "breaker"});
    story.claim(claimed, "closed", "open", 5, 5);
    story.claim(2000, "open", "half_open");
    story.exchange("db", 2001, 2100, Told::ack, "201").request(2000, 110, {202, ""});
    story.recording().breaker_claims[1].late = 5;
    story.event(EventKind::proxy_closed, "db", 9000);
    check(story.of("disagreements"), claimed < 900 ? 1 : 0);
  }
}

TEST_CASE("the breaker that is asked about is the one named like the link") {
  auto story = healthy_breaker();
  story.claim(0, "closed", "open", 1, 1);
  story.recording().breaker_claims.back().breaker = "other";
  CHECK(claims_about(story.recording(), "db").empty());
  CHECK(claims_about(story.recording(), "other").size() == 1);
  CHECK(claims_about(healthy_breaker().recording(), "db").size() == 5);
}

TEST_CASE("calls that reach the API while the service calls its breaker open are leaks") {
  check(healthy_breaker().of("leaked"), 0);
  auto leaky = healthy_breaker();
  leaky.exchange("db", BreakerStory::began(8), BreakerStory::began(8) + 5, Told::ack, "201");
  check(leaky.of("leaked"), 1);
  check_unknown(BreakerStory("FFFFFrrrSS").of("leaked"), "does not say");
}

TEST_CASE("claims are read from the logs of processes and placed in drill time") {
  const Folder folder;
  std::ofstream(folder.path() / "bridge.log")
      << "not JSON\n{\"event\":\"start\",\"t\":1}\n[1]\n"
      << R"({"t":100.25,"event":"breaker","breaker":"agent","from":"closed","to":"open",)"
      << R"("failures":6,"total":8,"late":1,"rejected":0,"last_error":"status 500"})" << "\n"
      << R"({"t":101,"event":"breaker","breaker":"agent","from":"closed","to":"ajar"})" << "\n"
      << R"({"t":"x","event":"breaker","breaker":"agent","from":"closed","to":"open"})" << "\n"
      << R"({"t":102.5,"event":"breaker","breaker":"agent","from":"open","to":"half_op)";
  Recording recording;
  recording.drill.processes.emplace_back().name = "bridge";
  CHECK(read_claims(folder.path(), recording).empty());
  recording.clock_zero = ms(100'000);
  const auto claims = read_claims(folder.path(), recording);
  REQUIRE(claims.size() == 1);
  CHECK(claims[0].at == ms(250));
  CHECK(claims[0].process == "bridge");
  CHECK(claims[0].breaker == "agent");
  CHECK(claims[0].to == "open");
  CHECK(claims[0].failures == 6);
  CHECK(claims[0].total == 8);
  CHECK(claims[0].late == 1);
  CHECK(claims[0].last_error == "status 500");
}
