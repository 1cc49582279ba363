// Measures of a load that changes: stages as phases, spikes, waits, kinds of request.

#include "scenarios/measures/stages.h"
#include "tests/support/catch.h"
#include "tests/support/recordings.h"

using namespace faultline;
using namespace faultline::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

// 0 to 10 s normal, 10 to 20 s spike, a ramp down until 22 s, normal until 50 s; steps of 1 s and
// windows of 5 s that have to hold for 10 s. The first 2 s are the warm-up.
RecordingBuilder stepped(LoadModel model = LoadModel::vus) {
  RecordingBuilder run;
  WorkloadPlan& plan = run.recording().drill.workloads[0];
  plan.model = model;
  plan.stages = {{0s, 50},         {10s, 50, "before"}, {0s, 300}, {10s, 300, "spike"},
                 {2s, 50, "down"}, {28s, 50, "after"}};
  run.recording().load_ended = ms(50000);
  return run;
}

// Slow answers from 10 s until `healed`; requests every 20 ms.
RecordingBuilder slow_until(double healed) {
  RecordingBuilder run = stepped();
  run.load({0, 10000, 20, 60}).load({10000, healed, 20, 2000}).load({healed, 50000, 20, 60});
  return run;
}

}  // namespace

TEST_CASE("a stage is a span of drill time, a step is none, and the warm-up is cut off") {
  auto run = stepped();
  const auto stages = stages_of(run.recording().drill, 0);
  REQUIRE(stages.size() == 4);
  CHECK(stages[0].span.from == ms(2000));
  CHECK(stages[0].span.to == ms(10000));
  CHECK(stages[0].plateau());
  CHECK(stages[1].plateau());
  CHECK(stages[1].from == 300);
  CHECK_FALSE(stages[2].plateau());
  CHECK(stages[3].span.to == ms(50000));
  CHECK_FALSE(find_stage(run.recording().drill, "").has_value());
  const auto spikes = spikes_of(run.recording().drill, 0);
  REQUIRE(spikes.size() == 1);
  CHECK(spikes[0].spike.plan->name == "spike");
  CHECK(spikes[0].aftermath().from == ms(20000));
  CHECK(spikes[0].aftermath().to == ms(50000));
}

TEST_CASE("a stage is a phase: what was sent in it counts, whenever it was answered") {
  auto run = stepped();
  run.request(1999, 1, {}).request(2000, 10, {}).request(9999, 5000, {});
  run.request(10000, 30, {}).request(20000, 70, {});
  CHECK(run.measure("requests", {"webhooks", "before"}).value == 2);
  CHECK(run.measure("max", {"webhooks", "before"}).value == Approx(5.0));
  CHECK(run.measure("requests", {"webhooks", "spike"}).value == 1);
  CHECK(run.measure("p99", {"webhooks", "down"}).value == Approx(0.070));
  CHECK(run.measure("rate", {"webhooks", "before"}).value == Approx(2.0 / 8));
  CHECK(run.measure("p99", {"webhooks", "after"}).certainty == Certainty::unknown);
}

TEST_CASE("a spike is over when windows are as they were before it, from the end of the step on") {
  // The last slow request was sent at 22.98 s. Of a window's requests 1 in 20 may be slow: the one
  // from 22 s has 50 slow ones of 250 and is bad, the one from 23 s has none.
  const auto run = slow_until(23000);
  const Measure measure = run.measure("spike.recovery", {"spike"});
  REQUIRE(measure.certainty == Certainty::known);
  CHECK(measure.value == Approx(3.0));
  CHECK(measure.low == Approx(2.0));
  CHECK(measure.high == Approx(3.0));
}

TEST_CASE("what never is as before exceeds what was watched, and a short watch cannot tell") {
  const Measure never_over = slow_until(50000).measure("spike.recovery", {"spike"});
  CHECK(never_over.certainty == Certainty::exceeds);
  CHECK(never_over.low == Approx(25.0));
  const Measure late = slow_until(40000).measure("spike.recovery", {"spike"});
  CHECK(late.certainty == Certainty::unknown);
  CHECK_THAT(late.reason, Contains("more of load"));
}

TEST_CASE("a spike without a calm time before it, or that is none, cannot tell") {
  auto errors = stepped();
  errors.load({0, 10000, 20, 60}, {500, ""}).load({10000, 50000, 20, 60});
  CHECK_THAT(errors.measure("spike.recovery", {"spike"}).reason, Contains("has errors"));
  const auto run = slow_until(23000);
  CHECK_THAT(run.measure("spike.recovery", {"before"}).reason, Contains("before is no spike"));
  CHECK_THAT(run.measure("spike.recovery", {"down"}).reason, Contains("down is no spike"));
  auto cut = slow_until(23000);
  cut.recording().load_ended = ms(15000);
  CHECK_THAT(cut.measure("spike.recovery", {"spike"}).reason, Contains("ended before the spike"));
}

TEST_CASE("waits are those that answers told, and only those") {
  auto run = stepped();
  for (const int wait : {0, 100, 200, 500}) {
    run.request(3000 + wait, 1000, {});
    run.recording().requests.back().wait = std::chrono::milliseconds(wait);
  }
  run.request(4000, 10, {}).unanswered(4100, 900, Outcome::timeout);
  const std::vector<std::string> of = {"webhooks", "before"};
  CHECK(run.measure("wait.mean", of).value == Approx(0.2));
  CHECK(run.measure("wait.mean", of).n == 4);
  CHECK(run.measure("wait.max", of).value == Approx(0.5));
  CHECK(run.measure("wait.share", of).value == Approx(0.75));
  CHECK(run.measure("wait.max_to_mean", of).value == Approx(2.5));
  CHECK_THAT(run.measure("wait.mean", {"webhooks", "after"}).reason, Contains("no traffic"));
}

TEST_CASE("nobody who waited is not an even wait, and no header is no wait of zero") {
  auto run = stepped();
  run.request(3000, 10, {});
  CHECK_THAT(run.measure("wait.max", {"webhooks", "before"}).reason,
             Contains("no answer of webhooks says"));
  run.recording().requests.back().wait = 0s;
  CHECK(run.measure("wait.max", {"webhooks", "before"}).value == 0);
  CHECK_THAT(run.measure("wait.max_to_mean", {"webhooks", "before"}).reason,
             Contains("nobody had to wait"));
}

TEST_CASE("a kind of request is measured by itself") {
  auto run = stepped();
  WorkloadPlan& plan = run.recording().drill.workloads[0];
  plan.mix.resize(2);
  plan.mix[0].name = "oura";
  plan.mix[1].name = "whoop";
  for (int i = 0; i < 10; ++i) {
    run.request(3000 + i, i < 4 ? 10 : 90, {});
    run.recording().requests.back().kind = i < 4 ? 0 : 1;
  }
  CHECK(run.measure("requests", {"webhooks.oura", "all"}).value == 4);
  CHECK(run.measure("max", {"webhooks.oura", "all"}).value == Approx(0.010));
  CHECK(run.measure("min", {"webhooks.whoop", "all"}).value == Approx(0.090));
  CHECK(run.measure("requests", {"webhooks", "all"}).value == 10);
}

TEST_CASE("what was not sent is no request") {
  auto run = stepped();
  run.request(3000, 10, {}).unanswered(3001, 0, Outcome::not_sent);
  const Measure measure = run.measure("requests", {"webhooks", "all"});
  CHECK(measure.value == 1);
  CHECK(measure.n == 2);
}

TEST_CASE("requests that carry no id leave nothing behind that could be lost") {
  auto run = stepped();
  Drill& drill = run.recording().drill;
  drill.workloads[0].body = "{id}";
  drill.workloads.push_back(WorkloadPlan());
  drill.workloads[1].name = "health";
  run.request(3000, 10, {}).request(3100, 10, {}).request(3200, 10, {});
  run.recording().requests[2].workload = 1;
  run.audited();
  run.sink().stored.erase("m3");
  CHECK(run.measure("offered").value == 3);
  CHECK(run.measure("acknowledged").value == 3);
  CHECK(run.measure("stored").value == 2);
  CHECK(run.measure("lost").value == 0);
  CHECK(run.measure("lost").n == 2);
  run.sink().stored.erase("m2");
  CHECK(run.measure("lost").value == 1);
}
