#include <algorithm>

#include "tests/support/catch.h"
#include "tests/support/recordings.h"

using namespace faultline;
using namespace faultline::test;

namespace {

// An outage in [10 s, 20 s); clients fail until `back`, then succeed.
RecordingBuilder back_at(double back) {
  RecordingBuilder run;
  run.load({0, 10000}).fault("outage", 10000, 20000).load({10000, back}, {503, "pg"});
  run.load({back, 40000});
  run.recording().load_ended = ms(39980);
  return run;
}

}  // namespace

TEST_CASE("recovery is decomposed into attempt, link and client") {
  auto run = back_at(20200);
  run.recording().faults[0].disarm_commanded = ms(19996);
  run.event(EventKind::connection_accepted, "db", 19999);  // before the end: no attempt of ours
  run.event(EventKind::connection_accepted, "db", 20100);
  run.exchange("db", 19000, 20050, Told::ack);  // held since before the end: no success of ours
  run.exchange("db", 20110, 20115, Told::failure, "57P03");
  run.exchange("db", 20120, 20130, Told::pending);

  const Measure attempt = run.measure("recovery.attempt", {"outage"});
  CHECK(attempt.value == Approx(0.100));
  CHECK(attempt.high == Approx(0.104));  // counted from the order to end the fault
  const Measure link = run.measure("recovery.link", {"outage"});
  CHECK(link.low == Approx(0.115));
  CHECK(link.value == Approx(0.130));
  const Measure client = run.measure("recovery.first", {"outage"});
  CHECK(client.low == Approx(0.185));  // the request of 20.180 failed at 20.185
  CHECK(client.value == Approx(0.205));
  CHECK(client.high == Approx(0.209));
  CHECK(client.certainty == Certainty::known);
}

TEST_CASE("a success begun under the fault is no recovery") {
  RecordingBuilder run;
  run.load({0, 10000}).fault("outage", 10000, 20000).load({10000, 19000}, {503, "pg"});
  run.request(19500, 510, {202, ""});  // held, released by the heal
  run.load({20000, 20300}, {503, "pg"}).load({20300, 30000});
  CHECK(run.measure("recovery.first", {"outage"}).value == Approx(0.305));
}

TEST_CASE("no recovery by the end of the load exceeds what was watched") {
  auto run = back_at(40000);
  for (const char* name : {"recovery.first", "recovery.link", "recovery.attempt"}) {
    const Measure measure = run.measure(name, {"outage"});
    CHECK(measure.certainty == Certainty::exceeds);
    CHECK(measure.low == Approx(19.98));
  }
  CHECK(run.measure("errors_after_recovery", {"outage"}).certainty == Certainty::unknown);
  CHECK(run.measure("errors_after_fault", {"outage"}).value == 1000);
}

TEST_CASE("recovery cannot be told without traffic, of a tcp link, or of a fault still in force") {
  RecordingBuilder silent;
  silent.load({0, 20000}).fault("outage", 10000, 20000);
  silent.recording().load_ended = ms(19980);
  CHECK(silent.measure("recovery.first", {"outage"}).certainty == Certainty::unknown);

  auto run = back_at(20200);
  run.recording().drill.proxies[1].protocol = "tcp";
  CHECK(run.measure("recovery.link", {"outage"}).certainty == Certainty::unknown);

  auto forever = back_at(20200);
  forever.recording().faults[0].disarmed = {};
  forever.recording().faults[0].disarm_commanded = {};
  CHECK(forever.measure("recovery.first", {"outage"}).certainty == Certainty::unknown);
  CHECK(forever.measure("detection", {"outage"}).certainty == Certainty::known);
}

TEST_CASE("recovery is masked by another fault still in force, and bounded by the next") {
  auto run = back_at(40000);
  run.fault("slow", 15000, 25000);
  CHECK(run.measure("recovery.first", {"outage"}).reason.starts_with("masked by slow"));
  auto next = back_at(40000);
  next.fault("again", 23000, 25000);
  CHECK(next.measure("recovery.first", {"outage"}).low == Approx(3));
}

TEST_CASE("faults planned to end together end with the last") {
  auto run = back_at(20200);
  run.fault("closed", 10000, 20000);
  run.recording().faults[1].disarmed = ms(20003);
  CHECK(run.measure("recovery.first", {"outage"}).value == Approx(0.202));
  CHECK(run.measure("recovery.first", {"closed"}).value == Approx(0.202));
}

TEST_CASE("a workload that the fault did not affect says nothing of recovery") {
  auto run = back_at(20200);
  WorkloadPlan other;
  other.name = "health";
  run.recording().drill.workloads.push_back(other);
  for (double t = 10; t < 30000; t += 20) {
    run.request(t, 1, {200, ""});
    run.recording().requests.back().workload = 1;
  }
  CHECK(run.measure("recovery.first", {"outage"}).value == Approx(0.205));
}

TEST_CASE("errors after recovery are those sent after the first success") {
  auto run = back_at(20200);
  CHECK(run.measure("errors_after_recovery", {"outage"}).value == 0);
  CHECK(run.measure("errors_after_fault", {"outage"}).value == 10);
  run.request(20202, 5, {503, "pg"});  // sent before the success was seen, at 20.205
  run.request(20210, 5, {503, "pg"}).unanswered(25000, 10, Outcome::reset);
  CHECK(run.measure("errors_after_recovery", {"outage"}).value == 2);
}

TEST_CASE("full recovery is the first step from which every window is as good as the baseline") {
  auto run = back_at(22500);
  // Windows of 5 s from 20, 21, 22 s hold failures; the one from 23 s holds none.
  const Measure measure = run.measure("recovery.full", {"outage"});
  REQUIRE(measure.certainty == Certainty::known);
  CHECK(measure.low == Approx(2));
  CHECK(measure.value == Approx(3));
  CHECK(measure.reason.empty());
  CHECK(back_at(20000).measure("recovery.full", {"outage"}).value == 0);
}

TEST_CASE("slow answers keep a service from full recovery, small tremors do not") {
  const auto with_latency = [](double latency) {
    RecordingBuilder run;
    run.load({0, 10000}).fault("outage", 10000, 20000).load({10000, 20000}, {503, "pg"});
    run.load({20000, 24000, 20, latency}).load({24000, 40000});
    run.recording().load_ended = ms(39980);
    return run.measure("recovery.full", {"outage"}).value;
  };
  CHECK(with_latency(20) == 0);  // 5 ms before: within the floor of 20 ms
  CHECK(with_latency(60) == 4);  // the window from 23 s still holds 1 s of it, 20 %; 24 s none
}

TEST_CASE("full recovery needs to be held, and says how much longer to look") {
  auto run = back_at(20000);
  run.recording().requests.erase(
      std::remove_if(run.recording().requests.begin(), run.recording().requests.end(),
                     [](const Request& r) { return r.sent >= ms(30000); }),
      run.recording().requests.end());
  run.recording().load_ended = ms(29980);
  const Measure brief = run.measure("recovery.full", {"outage"});
  CHECK(brief.certainty == Certainty::unknown);
  // Windows can start at 0 to 4 s after the fault; to hold for 10 s takes 0 to 10.
  CHECK(brief.reason == "needs 6s more of load after the fault");
  const Measure never_well = back_at(40000).measure("recovery.full", {"outage"});
  CHECK(never_well.certainty == Certainty::exceeds);
  CHECK(never_well.low == Approx(14));  // the last window begins 14 s after the fault
}

TEST_CASE("a relapse after the hold is reported beside the value") {
  RecordingBuilder run;
  run.load({0, 10000}).fault("outage", 10000, 20000).load({10000, 20000}, {503, "pg"});
  run.load({20000, 40000}).load({40000, 41000}, {500, ""}).load({41000, 60000});
  run.recording().load_ended = ms(59980);
  const Measure measure = run.measure("recovery.full", {"outage"});
  CHECK(measure.value == 0);
  CHECK(measure.reason == "relapses: 1");
}

TEST_CASE("full recovery cannot be told from an unstable baseline") {
  auto run = back_at(20200);
  for (double t = 3000; t < 9000; t += 300) run.request(t, 5, {500, ""});
  const Measure measure = run.measure("recovery.full", {"outage"});
  CHECK(measure.certainty == Certainty::unknown);
  CHECK(measure.reason.starts_with("the baseline has errors"));
}
