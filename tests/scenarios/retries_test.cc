#include "tests/support/catch.h"
#include "tests/support/recordings.h"

using namespace faultline;
using namespace faultline::test;

namespace {

const std::vector<std::string> everything{"webhooks", "db", "all"};

// A demand at `at` that lasts for `lasting` ms and makes attempts of 10 ms each at these offsets;
// all but the last fail.
void demand(RecordingBuilder& run, double at, double lasting, const std::vector<double>& attempts,
            std::string_view name = "GET /a") {
  run.request(at, lasting, {});
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const double from = at + attempts[i];
    const bool last = i + 1 == attempts.size();
    run.exchange("db", from, from + 10, last ? Told::ack : Told::ambiguous);
    run.recording().events.back().exchange.name = name;
  }
}

}  // namespace

TEST_CASE("amplification is attempts per demand") {
  RecordingBuilder run;
  demand(run, 3000, 500, {1, 101, 301});
  demand(run, 4000, 500, {1});
  const Measure measure = run.measure("amplification", everything);
  CHECK(measure.value == Approx(2));
  CHECK(measure.n == 2);
  CHECK(run.measure("attempts.most", everything).value == Approx(3));
}

TEST_CASE("back-off is the pause behind a failed attempt, its growth the next by the one before") {
  RecordingBuilder run;
  demand(run, 3000, 900, {1, 111, 321});  // pauses of 100 and 200 ms
  demand(run, 4000, 900, {1, 111, 321});
  const Measure pause = run.measure("backoff", everything);
  CHECK(pause.value == Approx(0.1));
  CHECK(pause.n == 2);
  CHECK(run.measure("backoff.growth", everything).value == Approx(2));
  CHECK(run.measure("backoff.jitter", everything).value == Approx(0).margin(1e-9));
  demand(run, 5000, 900, {1, 61});  // one of 50 ms
  CHECK(run.measure("backoff", everything).low == Approx(0.05));
  CHECK(run.measure("backoff.jitter", everything).value == Approx(0.5));
}

TEST_CASE("no retry, no back-off: that cannot be told") {
  RecordingBuilder run;
  demand(run, 3000, 500, {1});
  CHECK(run.measure("backoff", everything).certainty == Certainty::unknown);
  CHECK(run.measure("backoff.growth", everything).certainty == Certainty::unknown);
  CHECK(run.measure("resent", everything).value == 0);
}

TEST_CASE("an attempt while two demands are open belongs to neither, and is said to") {
  RecordingBuilder run;
  demand(run, 3000, 500, {1, 101});
  demand(run, 3050, 500, {400});  // at 3.450 s both are open, and at 3.101 s too
  const Measure most = run.measure("attempts.most", everything);
  REQUIRE(most.certainty == Certainty::known);
  CHECK(most.value == 1);
  CHECK(most.high == 3);
  CHECK(most.reason.starts_with("2 of 3 attempts"));
  CHECK(run.measure("amplification", everything).value == Approx(1.5));
}

TEST_CASE("what is not idempotent and sent again is counted") {
  RecordingBuilder run;
  demand(run, 3000, 500, {1, 101, 301}, "POST /a");
  demand(run, 4000, 500, {1, 101}, "GET /a");
  CHECK(run.measure("resent", everything).value == 2);
}

TEST_CASE("the client's timeout is how long it waited before it went away") {
  RecordingBuilder run;
  run.load({2000, 30000});
  const auto unanswered = [&](double from, double to, ConnectionId connection, Direction gone) {
    run.event(EventKind::peer_reset, "db", to, gone);
    run.recording().events.back().connection = connection;
    run.exchange("db", from, to, Told::nothing);
    run.recording().events.back().connection = connection;
  };
  unanswered(3000, 3800, 1, Direction::upstream);
  unanswered(4000, 4900, 2, Direction::upstream);
  unanswered(5000, 5001, 3, Direction::downstream);  // the server went away: no client's timeout
  const Measure measure = run.measure("client_timeout", {"db", "all"});
  REQUIRE(measure.certainty == Certainty::known);
  CHECK(measure.n == 2);
  CHECK(measure.low == Approx(0.8));
  CHECK(measure.high == Approx(0.9));
  CHECK(run.measure("client_timeout", {"front", "all"}).certainty == Certainty::unknown);
}

TEST_CASE("attempts are seen on proxies only, and without demand nothing is told") {
  RecordingBuilder run;
  CHECK(run.measure("amplification", everything).certainty == Certainty::unknown);
  demand(run, 3000, 500, {1});
  CHECK(run.measure("amplification", {"webhooks", "webhooks", "all"}).certainty ==
        Certainty::unknown);
}
