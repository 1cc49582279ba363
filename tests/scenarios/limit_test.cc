// Rate limits, judged on requests whose fate can be worked out on paper. A request at t that takes
// 1 ms is decided about in [t - 5, t + 6]: the tolerance is 5 ms.

#include "tests/support/catch.h"
#include "tests/support/recordings.h"

using namespace faultline;
using namespace faultline::test;

namespace {

struct Met {
  std::string code = "202";
  std::string retry_after = "";
  std::string source = "10.0.0.1";
  double takes = 1;
};
const Met pass{};
const Met refused{"429", "1"};

class LimitStory : public RecordingBuilder {
 public:
  // So many per second on `front`.
  explicit LimitStory(std::uint64_t requests,
                      LimitAlgorithm algorithm = LimitAlgorithm::fixed_window) {
    LimitPlan plan;
    plan.name = "hooks";
    plan.on = "front";
    plan.algorithm = algorithm;
    plan.requests = plan.burst = requests;
    plan.window = std::chrono::seconds(1);
    recording().drill.limits = {plan};
  }

  LimitPlan& plan() { return recording().drill.limits.front(); }

  LimitStory& meets(double at, const Met& met) {
    exchange("front", at, at + met.takes, met.code.empty() ? Told::nothing : Told::ack, met.code);
    last().name = "POST /hooks/oura";
    last().source = met.source;
    last().retry_after = met.retry_after;
    return *this;
  }
  LimitStory& meet(std::initializer_list<double> instants, const Met& met) {
    for (const double at : instants) meets(at, met);
    return *this;
  }
  Exchange& last() { return recording().events.back().exchange; }

  Measure of(std::string_view name) const {
    return measure("limit." + std::string(name), {"hooks"});
  }
};

void check(const Measure& measure, double low, double high) {
  INFO(measure.reason);
  REQUIRE(measure.certainty == Certainty::known);
  CHECK(measure.low == Approx(low).margin(1e-9));
  CHECK(measure.value == Approx(low).margin(1e-9));
  CHECK(measure.high == Approx(high).margin(1e-9));
}
void check(const Measure& measure, double value) { check(measure, value, value); }

void check_all_right(const LimitStory& story) {
  check(story.of("right"), 1);
  check(story.of("false_positives"), 0);
  check(story.of("false_negatives"), 0);
  check(story.of("undecided"), 0);
}

}  // namespace

TEST_CASE("a fixed window begins with a request and lets so many pass until it is over") {
  LimitStory story(3);
  story.meet({0, 100, 200}, pass).meet({300, 900}, refused).meet({1100, 1200}, pass);
  check_all_right(story);
  check(story.of("passed"), 5);
  check(story.of("refused"), 2);
  CHECK(story.of("right").n == 7);
  // The next window began at 1100, not at 1000.
  story.meets(1900, pass).meets(2050, refused).meets(2150, pass);
  check_all_right(story);
}

TEST_CASE("who is refused in a new window is a false positive, each time") {
  LimitStory story(3);
  story.meet({0, 100, 200}, pass).meet({300, 1100, 1200, 1300}, refused);
  check(story.of("false_positives"), 3);
  check(story.of("false_negatives"), 0);
  check(story.of("right"), 4.0 / 7);
}

TEST_CASE("who passes beyond the limit is a false negative, each of them") {
  LimitStory story(3);
  story.meet({0, 100, 200, 300, 400}, pass).meets(500, refused);
  check(story.of("false_negatives"), 2);
  check(story.of("false_positives"), 0);
}

TEST_CASE("a limit that nothing was beyond was not exercised") {
  LimitStory story(3);
  story.meet({0, 100, 200}, pass);
  CHECK(story.of("false_negatives").certainty == Certainty::unknown);
  check(story.of("false_positives"), 0);
  CHECK(story.of("untold").certainty == Certainty::unknown);
  CHECK(story.of("told_late").certainty == Certainty::unknown);
  CHECK(LimitStory(3).of("passed").certainty == Certainty::unknown);
}

TEST_CASE("at the end of a window both answers are right, and that is told as an interval") {
  LimitStory refusing(1);
  refusing.meets(0, pass).meets(1000, refused).meets(1100, pass);
  check(refusing.of("false_positives"), 0, 1);
  check(refusing.of("false_negatives"), 0);
  check(refusing.of("undecided"), 1);
  check(refusing.of("right"), 2.0 / 3, 1);
  // The one that passed began a window, so the next one is beyond it.
  LimitStory passing(1);
  passing.meet({0, 1000}, pass).meets(1900, refused);
  check(passing.of("false_negatives"), 0, 1);
  check(passing.of("false_positives"), 0);
  // Which of two began it is not known, and the end of the next window is as wide as that.
  LimitStory both(2);
  both.meet({0, 1000, 1008}, pass).meets(1300, refused);
  check(both.of("false_positives"), 0, 1);
}

TEST_CASE("of a crowd those that passed came first") {
  LimitStory story(2);
  story.meets(0, pass).meets(100, {.code = "429", .retry_after = "1", .takes = 60});
  story.meets(110, pass).meets(300, refused);
  check_all_right(story);
  // One more than the limit is one too many, in whatever order.
  story.meets(105, {.takes = 100});
  check(story.of("false_negatives"), 1);
}

TEST_CASE("a slow answer leaves open when it was decided") {
  LimitStory story(1);
  story.meets(0, {.takes = 400}).meets(1200, refused).meets(1500, pass);
  check(story.of("false_positives"), 0, 1);
  check(story.of("false_negatives"), 0);
}

TEST_CASE("a sliding window looks back from each request") {
  const auto tell = [](LimitStory story) {
    story.meet({0, 600}, pass).meets(700, refused).meets(1100, pass);
    story.meets(1200, refused).meets(1700, pass).meets(1800, refused);
    return story;
  };
  check_all_right(tell(LimitStory(2, LimitAlgorithm::sliding_window)));
  // In a fixed window from 1100 the one at 1200 had to pass.
  check(tell(LimitStory(2)).of("false_positives"), 1);
  LimitStory wrong(2, LimitAlgorithm::sliding_window);
  wrong.meet({0, 600, 900}, pass).meets(1100, refused);
  check(wrong.of("false_negatives"), 1);
  check(wrong.of("false_positives"), 1);  // the one at 900 had no right to count
  check(wrong.of("told_late"), 0.995, 1.006);
}

TEST_CASE("when a sliding window is free again is when its oldest leaves it") {
  LimitStory story(2, LimitAlgorithm::sliding_window);
  story.meet({0, 600}, pass).meets(700, refused);
  // Told 1701; free in [995, 1006].
  check(story.of("told_late"), 0.695, 0.706);
}

TEST_CASE("a token bucket fills evenly") {
  LimitStory story(2, LimitAlgorithm::token_bucket);
  story.meet({0, 10}, pass).meets(20, refused).meets(600, pass).meets(700, refused);
  story.meets(1300, pass).meets(1400, refused);
  check_all_right(story);
  story.meets(1450, pass);
  check(story.of("false_negatives"), 1);
  story.meets(3000, refused);
  check(story.of("false_positives"), 1);
}

TEST_CASE("a bucket bigger than its rate lets that many through at once") {
  LimitStory story(1, LimitAlgorithm::token_bucket);
  story.plan().burst = 4;
  story.meet({0, 10, 20, 30}, pass).meets(40, refused).meets(1200, pass).meets(1300, refused);
  check_all_right(story);
}

TEST_CASE("slow answers do not fill a bucket up") {
  LimitStory story(5, LimitAlgorithm::token_bucket);
  for (int i = 0; i < 200; ++i) story.meets(100.0 * i, {.takes = 70});
  // 200 in 19.9 s, and 5 + 99.5 tokens.
  const Measure wrong = story.of("false_negatives");
  INFO(wrong.low << " to " << wrong.high);
  CHECK(wrong.low <= 96);
  CHECK(wrong.high >= 96);
  CHECK(wrong.low >= 86);
}

TEST_CASE("each key has its own limit") {
  LimitStory story(1);
  for (const char* source : {"10.0.0.1", "10.0.0.2"}) {
    story.meets(0, {.source = source});
    story.meets(100, {.code = "429", .retry_after = "1", .source = source});
  }
  check_all_right(story);
  story.plan().key = LimitKey::all;
  check(story.of("false_negatives"), 1);
}

TEST_CASE("without a source it is the client's address that counts") {
  LimitStory story(1);
  for (const ConnectionId connection : {1, 2, 3}) {
    story.event(EventKind::connection_accepted, "front", -10);
    story.recording().events.back().connection = connection;
    story.recording().events.back().text = connection == 3 ? "[::1]:9" : "127.0.0.1:400";
  }
  for (const ConnectionId connection : {1, 2, 3}) {
    story.meets(100.0 * static_cast<double>(connection),
                {.code = connection == 2 ? "429" : "202", .retry_after = "1", .source = ""});
    story.recording().events.back().connection = connection;
  }
  check_all_right(story);
  // A source is not asked for where clients count.
  story.plan().key = LimitKey::client;
  story.meets(400, {.code = "429", .retry_after = "1", .source = "10.0.0.7"});
  story.recording().events.back().connection = 3;
  check_all_right(story);
}

TEST_CASE("requests of other routes, and what never met the service, do not count") {
  LimitStory story(1);
  story.plan().routes = {"POST /hooks/*"};
  story.meets(0, pass).meets(50, pass);
  story.last().name = "POST /calls";
  story.meets(60, pass);
  story.last().name = "GET /hooks/oura";
  story.meets(70, refused);
  story.last().fate = Fate::withheld;
  story.last().fault = 1;
  story.meets(100, refused);
  check_all_right(story);
  check(story.of("refused"), 1);
  story.plan().routes = {"/hooks/oura"};
  check(story.of("false_negatives"), 1);
}

TEST_CASE("a request without an answer may have counted") {
  LimitStory story(1);
  story.meets(0, {.code = ""}).meets(100, refused);
  check(story.of("false_positives"), 0, 1);
  CHECK(story.of("refused").reason == "1 request had no answer of the service");
  // Nor is it known which of two began the window.
  LimitStory passed(1);
  passed.meets(0, {.code = ""}).meets(100, pass).meets(1050, refused).meets(1200, pass);
  check(passed.of("undecided"), 2);
  check(passed.of("false_positives"), 0, 1);
  check(passed.of("false_negatives"), 0, 1);
}

TEST_CASE("Retry-After is laid beside the end of the window") {
  LimitStory story(1);
  story.meets(0, pass).meets(300, refused);  // told 1301; free in [995, 1006]
  check(story.of("told_late"), 0.295, 0.306);
  check(story.of("told_early"), 0);
  story.meets(400, {"429", "0"});  // told 401
  check(story.of("told_early"), 0.594, 0.605);
  story.meets(500, {"429", "60"});  // told 60501
  check(story.of("told_late"), 59.495, 59.506);
  check(story.of("untold"), 0);
}

TEST_CASE("a refusal without a Retry-After that can be read told nothing") {
  LimitStory story(1);
  story.meets(0, pass).meets(100, {"429", ""}).meets(200, {"429", "soon"});
  story.meets(300, {"429", "-1"});
  check(story.of("untold"), 3);
  for (const char* garbage : {"Sun, 06 Nov 1994 08:49:37 CET", "Mon, 06 Nov 1994 08:49:37 GMT",
                              "Sun, 06 Nov 1994 08:49:67 GMT", "1994-11-06 08:49:37"})
    story.meets(400, {"429", garbage});
  check(story.of("untold"), 7);
  CHECK(story.of("told_late").certainty == Certainty::unknown);
}

TEST_CASE("a date in Retry-After is laid beside the end of the window, by the wall clock") {
  const auto at = std::chrono::sys_seconds(std::chrono::seconds(784'111'777));  // 08:49:37
  LimitStory story(1);
  story.recording().wall_zero = at - std::chrono::milliseconds(200);
  const auto told = [&](double when, const std::string& date) { story.meets(when, {"429", date}); };
  story.meets(0, pass);                        // free again in [995, 1006]
  told(300, "Sun, 06 Nov 1994 08:49:38 GMT");  // at 1200
  check(story.of("told_late"), 0.194, 0.205);
  check(story.of("told_early"), 0);
  told(400, "Sun, 06 Nov 1994 08:49:37 GMT");  // at 200, which is over: at once, 401
  check(story.of("told_early"), 0.594, 0.605);
  told(500, "Thu, 01 Jan 1970 00:00:00 GMT");  // likewise, 501
  check(story.of("told_early"), 0.594, 0.605);
  told(600, "Sun, 06 Nov 1994 08:50:37 GMT");  // at 60200
  check(story.of("told_late"), 59.194, 59.205);
  CHECK(story.of("told_late").n == 4);
  CHECK(story.of("told_late").reason.empty());
  check(story.of("untold"), 0);
  told(700, "Fri, 31 Dec 9999 23:59:59 GMT");  // further than anybody waits
  CHECK(story.of("told_late").n == 4);
  check(story.of("untold"), 1);
}

TEST_CASE("a recording without the wall clock cannot compare dates, and says so") {
  LimitStory story(1);
  story.meets(0, pass).meets(400, {"429", "Sun, 06 Nov 1994 08:49:37 GMT"});
  check(story.of("untold"), 0);
  CHECK(story.of("told_late").reason.find("date") != std::string::npos);
  story.meets(500, refused);
  CHECK(story.of("told_late").reason ==
        "1 date not compared: the recording does not have the wall clock");
}

TEST_CASE("requests under way at once are counted by route") {
  RecordingBuilder run;
  const auto ask = [&](std::string_view name, double from, double to, Told told = Told::ack) {
    run.exchange("db", from, to, told);
    run.recording().events.back().exchange.name = name;
  };
  ask("POST /token", 3000, 3100);
  ask("POST /token", 3100, 3200);
  ask("GET /users/1", 3050, 3150);
  CHECK(run.measure("at_once", {"db", "/token", "all"}).value == 1);
  ask("POST /token", 3150, 4000, Told::nothing);
  const Measure measure = run.measure("at_once", {"db", "/token", "all"});
  CHECK(measure.value == 2);
  CHECK(measure.n == 3);
  CHECK(run.measure("at_once", {"db", "/*", "all"}).value == 2);
  CHECK(run.measure("at_once", {"db", "/other", "all"}).certainty == Certainty::unknown);
}
