#include "scenarios/measures/quantile.h"
#include "tests/support/catch.h"
#include "tests/support/recordings.h"

using namespace faultline;
using namespace faultline::test;

TEST_CASE("quantiles are nearest ranks") {
  std::vector<Duration> sorted;
  for (int i = 1; i <= 100; ++i) sorted.emplace_back(i);
  CHECK(quantile(sorted, 500) == Duration(50));
  CHECK(quantile(sorted, 900) == Duration(90));
  CHECK(quantile(sorted, 990) == Duration(99));
  CHECK(quantile(sorted, 1000) == Duration(100));
  CHECK(quantile({Duration(7)}, 500) == Duration(7));
  CHECK(quantile({Duration(1), Duration(2), Duration(3)}, 500) == Duration(2));
  CHECK(scarce(999, 990) == "n<1000: few samples beyond P99");
  CHECK(scarce(1000, 990).empty());
  CHECK(scarce(1, 1000).empty());
}

TEST_CASE("latency counts from the scheduled start, in the phase of the sending") {
  RecordingBuilder run;
  run.request(1000, 500, {});                               // warm-up: in no phase
  run.load({2000, 3000, 10, 4}).late(5000, 5900, 1000);     // 101 in the baseline
  run.fault("outage", 10000, 20000).request(9999, 50, {});  // a straddler: in none
  run.request(10000, 200, {503, ""}).unanswered(12000, 9000, Outcome::timeout);
  run.request(20000, 7, {});
  CHECK(run.measure("max", {"webhooks", "baseline"}).value == Approx(1.0));
  CHECK(run.measure("p50", {"webhooks", "baseline"}).value == Approx(0.004));
  CHECK(run.measure("mean", {"webhooks", "baseline"}).value == Approx((100 * 0.004 + 1.0) / 101));
  CHECK(run.measure("mean", {"webhooks", "baseline"}).n == 101);
  CHECK(run.measure("min", {"webhooks", "baseline"}).value == Approx(0.004));
  CHECK(run.measure("mean", {"webhooks", "outage"}).value == Approx((0.2 + 9.0) / 2));
  CHECK(run.measure("min", {"webhooks", "outage"}).value == Approx(0.2));
  CHECK(run.measure("min", {"webhooks", "recovery"}).value == Approx(0.007));
  const Measure p99 = run.measure("p99", {"webhooks", "baseline"});
  CHECK(p99.value == Approx(0.004));
  CHECK(p99.n == 101);
  CHECK(p99.reason == "n<1000: few samples beyond P99");
  CHECK(run.measure("max", {"webhooks", "outage"}).value == Approx(9.0));
  CHECK(run.measure("max", {"webhooks", "fault"}).value == Approx(9.0));
  CHECK(run.measure("max", {"webhooks", "recovery"}).value == Approx(0.007));
  CHECK(run.measure("max", {"webhooks", "all"}).n == 105);
  CHECK(run.measure("slowest", {"outage"}).value == Approx(9.0));
  CHECK(run.measure("slowest", {"outage"}).n == 2);
}

TEST_CASE("a proxy's latency is that of its exchanges; the unanswered enter at their age") {
  RecordingBuilder run;
  run.load({0, 30000}).fault("outage", 10000, 20000);
  run.exchange("front", 3000, 3010, Told::ack, "202").exchange("db", 3000, 3002, Told::ack);
  run.exchange("front", 4000, 6500, Told::nothing).exchange("front", 9990, 10010, Told::ack);
  CHECK(run.measure("p50", {"front", "baseline"}).value == Approx(0.010));
  CHECK(run.measure("max", {"front", "baseline"}).value == Approx(2.5));
  CHECK(run.measure("max", {"db", "baseline"}).value == Approx(0.002));
  CHECK(run.measure("errors", {"front", "baseline"}).value == Approx(0.5));
  CHECK(run.measure("count", {"front", "baseline", "202"}).value == 1);
  CHECK(run.measure("p99", {"db", "outage"}).certainty == Certainty::unknown);
}

TEST_CASE("errors, rate and counts of a phase") {
  auto run = ideal_outage();
  run.unanswered(12000, 10, Outcome::reset);
  CHECK(run.measure("errors", {"webhooks", "baseline"}).value == 0);
  CHECK(run.measure("errors", {"webhooks", "outage"}).value == 1);
  CHECK(run.measure("count", {"webhooks", "outage", "503"}).value == 499);
  CHECK(run.measure("count", {"webhooks", "outage", "reset"}).value == 1);
  CHECK(run.measure("count", {"webhooks", "outage", "202"}).value == 0);
  CHECK(run.measure("rate", {"webhooks", "baseline"}).value == Approx(50));  // 400 in 8 s
  CHECK(run.measure("errors", {"webhooks", "all"}).n == 1400);
}

TEST_CASE("told is the share of those who asked after the first reaction") {
  RecordingBuilder run;
  run.load({0, 10000}).fault("outage", 10000, 20000);
  run.load({10000, 11000, 100}, {500, ""});    // before the reaction: not counted
  run.load({11000, 19000, 100}, {503, "pg"});  // first seen at 11.005: the one of 11.0 asked before
  run.load({19000, 20000, 100}, {500, ""});
  const Measure told = run.measure("told", {"outage", "503"});
  CHECK(told.n == 89);
  CHECK(told.value == Approx(79.0 / 89));
  CHECK(run.measure("told", {"outage", "500"}).value == Approx(10.0 / 89));
}

TEST_CASE("told is exactly all when all were told, whatever met the fault's end") {
  auto run = ideal_outage();
  run.request(19990, 40, {202, ""});
  CHECK(run.measure("told", {"outage", "503"}).value == 1);
  run.unanswered(15000, 10000, Outcome::timeout);  // waited 5 s when the fault ended
  CHECK(run.measure("told", {"outage", "503"}).value < 1);
}

TEST_CASE("told is taken over the whole fault when it never was detected") {
  RecordingBuilder run;
  run.load({0, 10000}).fault("outage", 10000, 20000).load({10000, 20000, 100}, {500, ""});
  const Measure told = run.measure("told", {"outage", "503"});
  CHECK(told.certainty == Certainty::known);
  CHECK(told.value == 0);
  CHECK(told.n == 100);
}

TEST_CASE("the generator's lag is measured and what it never sent counts as late") {
  RecordingBuilder run;
  for (int i = 0; i < 97; ++i) run.request(i * 10, 5, {});
  run.late(1000, 1150, 200).late(1010, 1050, 200).unanswered(1020, 0, Outcome::not_sent);
  CHECK(run.measure("generator.lag_p99").value == Approx(0.150));
  CHECK(run.measure("generator.late").value == Approx(0.02));
  CHECK(RecordingBuilder().measure("generator.lag_p99").certainty == Certainty::unknown);
}
