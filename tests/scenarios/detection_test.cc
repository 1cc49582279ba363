#include "scenarios/measures/reaction.h"
#include "tests/support/catch.h"
#include "tests/support/recordings.h"

using namespace faultline;
using namespace faultline::test;

namespace {

void check_interval(const Measure& measure, double low, double value, double high) {
  INFO(measure.reason);
  REQUIRE(measure.certainty == Certainty::known);
  CHECK(measure.low == Approx(low));
  CHECK(measure.value == Approx(value));
  CHECK(measure.high == Approx(high));
}

}  // namespace

TEST_CASE("detection is the first answer with the signature, with its resolution") {
  RecordingBuilder run;
  run.load({0, 10000}).fault("outage", 10000, 20000);
  run.request(10000, 5, {202, ""});     // still served: evidence against, at 10.005
  run.request(10100, 50, {503, "pg"});  // evidence for, at 10.150
  for (double t = 10200; t < 20000; t += 100) run.request(t, 5, {503, "pg"});
  // 100 requests in 10 s: resolution 0.1 s.
  check_interval(run.measure("detection", {"outage"}), 0.005, 0.150, 0.250);
  CHECK(run.measure("detection", {"outage"}).n == 100);
}

TEST_CASE("a straddler that is told of the outage counts as detection") {
  RecordingBuilder run;
  run.load({0, 9980}).request(9990, 30, {503, "pg"}).fault("outage", 10000, 20000);
  run.load({10100, 20000, 100, 900}, {503, "pg"});
  CHECK(run.measure("detection", {"outage"}).value == Approx(0.020));
}

TEST_CASE("an answer without the declared reason is no detection") {
  auto run = ideal_outage();
  run.recording().drill.faults[0].signature = {{503}, "redis"};
  const Measure measure = run.measure("detection", {"outage"});
  CHECK(measure.certainty == Certainty::exceeds);
  CHECK(measure.low == Approx(10));
}

TEST_CASE("what was not detected before the fault ended exceeds the fault's length") {
  RecordingBuilder run;
  run.load({0, 10000}).fault("outage", 10000, 20000).load({10000, 20000}, {500, ""});
  run.request(20500, 5, {503, "pg"});  // too late to count
  const Measure measure = run.measure("detection", {"outage"});
  CHECK(measure.certainty == Certainty::exceeds);
  CHECK(measure.low == Approx(10));
  CHECK(measure.n == 500);
}

TEST_CASE("detection cannot be told of a fault that touched nothing or met no traffic") {
  RecordingBuilder idle;
  idle.load({0, 10000}).fault("outage", 10000, 20000, 0).load({10000, 20000});
  CHECK(idle.measure("detection", {"outage"}).certainty == Certainty::unknown);
  CHECK(idle.measure("detection", {"outage"}).reason == "the fault touched nothing");
  CHECK(idle.measure("detection.wire", {"outage"}).certainty == Certainty::unknown);
  CHECK(idle.measure("detection.complete", {"outage"}).certainty == Certainty::unknown);
  CHECK(idle.measure("touched", {"outage"}).certainty == Certainty::known);
  CHECK(idle.measure("touched", {"outage"}).value == 0);

  RecordingBuilder silent;
  silent.load({0, 9000}).fault("outage", 10000, 20000);
  CHECK(silent.measure("detection", {"outage"}).certainty == Certainty::unknown);
  CHECK(silent.measure("detection", {"outage"}).reason.starts_with("no traffic"));
}

TEST_CASE("a signature as frequent before the fault as under it is not distinguishable") {
  RecordingBuilder run;
  run.load({0, 30000}).fault("outage", 10000, 20000);
  for (double t = 2500; t < 20000; t += 1000) run.request(t, 5, {503, "pg"});
  const Measure measure = run.measure("detection", {"outage"});
  CHECK(measure.certainty == Certainty::unknown);
  CHECK(measure.reason.starts_with("not distinguishable"));
}

TEST_CASE("a burst of the signature stands out from a few before the fault") {
  RecordingBuilder run;
  run.load({0, 10000}).request(5000, 5, {503, "pg"}).fault("outage", 10000, 20000);
  run.request(12000, 5, {503, "pg"});         // alone: no burst
  run.load({14000, 20000, 20}, {503, "pg"});  // the outage
  CHECK(run.measure("detection", {"outage"}).value == Approx(4.005));
}

TEST_CASE("Poisson tails are those of the tables") {
  CHECK(poisson_at_least(0, 3) == 1);
  CHECK(poisson_at_least(1, 0) == 0);
  CHECK(poisson_at_least(1, 1) == Approx(0.632121));
  CHECK(poisson_at_least(3, 1) == Approx(0.080301));
  CHECK(poisson_at_least(10, 5) == Approx(0.031828));
  CHECK(poisson_at_least(2000, 5) == 0);
  CHECK(poisson_at_least(1000, 1000) == Approx(0.504).epsilon(0.01));
}

TEST_CASE("a reaction before the first altered byte is blamed on a clock or a leftover") {
  auto run = ideal_outage();
  run.recording().faults[0].touched.first = ms(10500);  // ordered at 10.0, altered at 10.5
  const Measure measure = run.measure("detection", {"outage"});
  CHECK(measure.certainty == Certainty::unknown);
  CHECK(measure.reason.starts_with("reaction before the fault"));
  CHECK_FALSE(reaction_before_cause(run.recording(), "outage").empty());
  CHECK(reaction_before_cause(ideal_outage().recording(), "outage").empty());
}

TEST_CASE("faults planned for one instant begin with the first byte any of them altered") {
  RecordingBuilder run;
  run.load({0, 10000}).fault("cut", 10000, 20000).fault("closed", 10000, 20000);
  run.recording().faults[1].touched.first = ms(10400);
  run.load({10100, 20000}, {503, "pg"});
  CHECK(run.measure("detection", {"closed"}).value == Approx(0.105));
  CHECK(reaction_before_cause(run.recording(), "closed").empty());
}

TEST_CASE("detection on the wire is the first close, reset, opening or cancel by the service") {
  auto run = ideal_outage();
  run.recording().faults[0].armed = ms(10002);
  run.event(EventKind::peer_reset, "db", 10001, Direction::downstream);  // the server's
  run.event(EventKind::connection_accepted, "front", 10001);             // another proxy
  run.event(EventKind::connection_accepted, "db", 9000);                 // before: a rate of 1/8 s
  for (double t = 10004; t < 10040; t += 4) run.event(EventKind::connection_accepted, "db", t);
  check_interval(run.measure("detection.wire", {"outage"}), 0.004, 0.004, 0.006);

  auto still = ideal_outage();
  CHECK(still.measure("detection.wire", {"outage"}).certainty == Certainty::exceeds);

  auto cancel = ideal_outage();
  cancel.event(EventKind::session, "db", 10800);
  cancel.recording().events.back().session = SessionFact::cancel_requested;
  CHECK(cancel.measure("detection.wire", {"outage"}).value == Approx(0.8));
}

TEST_CASE("under a stall the first reaction may be that the service gives up its connection") {
  auto run = ideal_outage();
  run.recording().drill.faults[0].kind = run.recording().faults[0].kind = "stall";
  CHECK(run.measure("detection.wire", {"outage"}).certainty == Certainty::exceeds);
  run.event(EventKind::peer_ended, "db", 10900, Direction::downstream);  // the server's FIN
  CHECK(run.measure("detection.wire", {"outage"}).certainty == Certainty::exceeds);
  run.event(EventKind::connection_accepted, "db", 10850);  // its next connection
  run.event(EventKind::peer_ended, "db", 10800);           // its statement's deadline of 800 ms
  check_interval(run.measure("detection.wire", {"outage"}), 0.8, 0.8, 0.8);
  CHECK(run.measure("detection.wire", {"outage"}).n == 2);
}

TEST_CASE("detection is complete with the first request after the last that was not told") {
  RecordingBuilder run;
  run.load({0, 10000}).fault("outage", 10000, 20000);
  run.load({10000, 11000, 100}, {500, ""});    // the last at 10.9
  run.load({11000, 20000, 100}, {503, "pg"});  // the first at 11.0, told at 11.005
  run.request(10450, 10, {503, "pg"});         // one was told before: D1 is past
  check_interval(run.measure("detection", {"outage"}), 0.405, 0.46, 0.46 + 10.0 / 101);
  check_interval(run.measure("detection.complete", {"outage"}), 0.9, 1.0, 1.0 + 10.0 / 101);
  CHECK(run.measure("detection.complete", {"outage"}).n == 90);
}

TEST_CASE("detection is never complete before the first was told") {
  RecordingBuilder run;
  run.load({0, 9990, 20, 5}).request(9995, 25, {202, ""}).fault("outage", 10000, 20000);
  // Every request under the fault is told so, the first one, sent at 10.01, at 10.06: by the
  // instants of sending alone, D2 would be 0 in [0, 0.1].
  run.load({10010, 20000, 100, 50}, {503, "pg"});
  check_interval(run.measure("detection", {"outage"}), 0.02, 0.06, 0.16);
  check_interval(run.measure("detection.complete", {"outage"}), 0.02, 0.06, 0.16);
  CHECK(run.measure("detection.complete", {"outage"}).n == 100);
}

TEST_CASE("an answer beyond the fail-fast limit is not told") {
  RecordingBuilder run;
  run.load({0, 10000}).fault("outage", 10000, 20000);
  run.load({10000, 12000, 100, 1500}, {503, "pg"});  // the last at 11.9, after 1.5 s
  run.load({12000, 20000, 100, 10}, {503, "pg"});
  CHECK(run.measure("detection.complete", {"outage"}).value == Approx(2.0));
}

TEST_CASE("requests that met the end of the fault are evidence neither way") {
  auto run = ideal_outage();
  run.request(19990, 50, {202, ""});  // answered after the heal
  CHECK(run.measure("detection.complete", {"outage"}).value == Approx(0.005));
  run.request(18010, 5000, {202, ""});  // but this one waited 2 s before it
  CHECK(run.measure("detection.complete", {"outage"}).value == Approx(8.02));
}

TEST_CASE("detection that is complete only at the very end is not believed") {
  RecordingBuilder run;
  run.load({0, 10000}).fault("outage", 10000, 20000).load({10000, 19500, 100}, {500, ""});
  CHECK(run.measure("detection.complete", {"outage"}).certainty == Certainty::exceeds);
  run.load({19500, 20000, 100}, {503, "pg"});
  CHECK(run.measure("detection.complete", {"outage"}).certainty == Certainty::unknown);
}

TEST_CASE("on a link whose client is the load itself, no service can have reacted") {
  RecordingBuilder run;
  run.load({0, 10000}).load({10000, 20000}, {503, "pg"}).load({20000, 40000});
  run.fault("outage", 10000, 20000);
  run.recording().drill.faults[0].on = run.recording().faults[0].on = {"front"};
  run.event(EventKind::connection_accepted, "front", 10001);
  run.event(EventKind::connection_accepted, "front", 20001);
  for (const char* measure : {"detection.wire", "recovery.attempt", "recovery.link"})
    CHECK(run.measure(measure, {"outage"}).reason == "the client of this link is the load itself");
}
