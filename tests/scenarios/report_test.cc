#include <algorithm>

#include "scenarios/report/report.h"
#include "tests/support/catch.h"
#include "tests/support/recordings.h"

using namespace faultline;
using namespace faultline::test;

namespace {

RecordingBuilder sound_run() {
  auto run = ideal_outage();
  run.audited();
  run.expect("detection(outage) < 1s").expect("lost == 0").expect("touched(outage) >= 1");
  return run;
}

Verdict verdict_of(RecordingBuilder& run) { return make_report(run.recording()).verdict; }

}  // namespace

TEST_CASE("a run that keeps every expectation passes") {
  auto run = sound_run();
  const Report report = make_report(run.recording());
  CHECK(report.verdict == Verdict::pass);
  CHECK(report.reason.empty());
  CHECK(exit_code(report.verdict, run.recording()) == 0);
  REQUIRE(report.findings.size() == 3);
  for (const Finding& finding : report.findings) CHECK(finding.verdict == Verdict::pass);
}

TEST_CASE("one broken expectation fails the run and is named") {
  auto run = sound_run();
  run.sink().stored.erase("m7");
  const Report report = make_report(run.recording());
  CHECK(report.verdict == Verdict::fail);
  CHECK(report.reason == "lost == 0: observed 1, n=1000");
  CHECK(exit_code(report.verdict, run.recording()) == 1);
}

TEST_CASE("a fault that touched nothing makes a run inconclusive, not passed or failed") {
  auto run = sound_run();
  run.recording().faults[0].touched = {};
  const Report report = make_report(run.recording());
  CHECK(report.verdict == Verdict::inconclusive);
  CHECK(report.reason == "the fault outage touched nothing");
  CHECK(report.findings[2].verdict == Verdict::inconclusive);
  CHECK(report.findings[2].observed == "0");
  CHECK(exit_code(report.verdict, run.recording()) == 3);
  run.recording().drill.expectations.clear();
  CHECK(verdict_of(run) == Verdict::inconclusive);

  RecordingBuilder never_armed;
  never_armed.load({0, 30000}).fault("outage", 10000, 20000);
  never_armed.recording().faults.clear();
  CHECK(make_report(never_armed.recording()).reason == "the fault outage was never armed");
}

TEST_CASE("lost events make a run inconclusive; a failure stays one") {
  auto run = sound_run();
  run.recording().events_lost = 3;
  CHECK(verdict_of(run) == Verdict::inconclusive);
  run.sink().stored.erase("m7");
  CHECK(verdict_of(run) == Verdict::fail);
}

TEST_CASE("a recording with gaps never passes and says what is missing") {
  auto run = sound_run();
  REQUIRE(verdict_of(run) == Verdict::pass);
  run.recording().gaps = {"events.jsonl: 7 lines could not be written: No space left on device"};
  const Report report = make_report(run.recording());
  CHECK(report.verdict == Verdict::inconclusive);
  CHECK(report.reason ==
        "the recording is incomplete: events.jsonl: 7 lines could not be written: No space left "
        "on device");
  CHECK(exit_code(report.verdict, run.recording()) == 3);
  run.recording().drill.expectations.clear();
  CHECK(verdict_of(run) == Verdict::inconclusive);

  auto lost = sound_run();
  lost.recording().events_lost = 1;
  CHECK(make_report(lost.recording()).reason == "the journal overflowed: 1 event missing");
}

TEST_CASE("a message is not called lost when the reading of the sink has a gap") {
  auto run = sound_run();
  run.sink().stored.erase("m7");
  REQUIRE(verdict_of(run) == Verdict::fail);
  run.recording().gaps = {"sinks.jsonl:9: the last line is torn and was left out"};
  const Report report = make_report(run.recording());
  CHECK(report.verdict == Verdict::inconclusive);
  CHECK(report.findings[1].observed == "cannot tell");
}

TEST_CASE("straddlers are noted with what they were told, and are in no baseline quantile") {
  auto run = sound_run();
  run.request(9970, 4000, {503, "pg"}).unanswered(9990, 3000, Outcome::reset);
  const Report report = make_report(run.recording());
  const std::string note =
      "2 straddlers, in flight when outage began (told 503 pg x1, reset x1), in no quantile of the "
      "baseline";
  CHECK(std::ranges::count(report.notes, note) == 1);
  CHECK(run.measure("max", {"webhooks", "baseline"}).value == Approx(0.005));
}

TEST_CASE("errors in the baseline make a run invalid") {
  auto run = sound_run();
  run.load({3000, 4000, 100}, {500, ""});  // 10 of 410
  const Report report = make_report(run.recording());
  CHECK(report.verdict == Verdict::invalid);
  CHECK(report.reason.starts_with("webhooks: the baseline has errors"));
  CHECK(exit_code(report.verdict, run.recording()) == 3);
}

TEST_CASE("a baseline that trembles by milliseconds is stable, one that swings is not") {
  const auto swinging = [](double slow) {
    RecordingBuilder run;
    run.load({0, 20000, 20, 2});
    for (Request& request : run.recording().requests)
      if (request.sent >= ms(14000)) request.ended = request.scheduled + (ms(slow) - ms(0));
    run.fault("outage", 20000, 25000).load({20000, 25000}, {503, "pg"}).load({25000, 30000});
    return verdict_of(run);
  };
  CHECK(swinging(8) == Verdict::pass);
  CHECK(swinging(300) == Verdict::invalid);
}

TEST_CASE("a lost message is not excused by an invalid run") {
  auto run = sound_run();
  run.load({3000, 4000, 100}, {500, ""});
  run.sink().stored.erase("m7");
  const Report report = make_report(run.recording());
  CHECK(report.verdict == Verdict::fail);
  CHECK(report.reason.starts_with("lost == 0"));
  CHECK(std::ranges::any_of(report.notes,
                            [](const std::string& note) { return note.starts_with("invalid: "); }));

  auto slow = sound_run();
  slow.load({3000, 4000, 100}, {500, ""}).expect("recovery.first(outage) < 1ms");
  CHECK(verdict_of(slow) == Verdict::invalid);
}

TEST_CASE("a lagging generator and foreign data make a run invalid") {
  auto lagging = sound_run();
  for (std::size_t i = 0; i < lagging.recording().requests.size(); i += 15)
    lagging.recording().requests[i].sent += std::chrono::milliseconds(150);
  CHECK(verdict_of(lagging) == Verdict::invalid);
  auto foreign = sound_run();
  foreign.sink().stored["stranger"] = 1;
  CHECK(verdict_of(foreign) == Verdict::invalid);
}

TEST_CASE("an unread sink is inconclusive where it matters") {
  auto run = sound_run();
  run.sink().complete = false;
  run.sink().why_not = "connection refused";
  const Report report = make_report(run.recording());
  CHECK(report.verdict == Verdict::inconclusive);
  CHECK(report.findings[1].observed == "cannot tell");
}

TEST_CASE("an aborted run is aborted whatever was observed; findings keep their verdicts") {
  auto run = sound_run();
  run.sink().stored.erase("m7");
  run.recording().ending = Ending::aborted;
  run.recording().why = "SIGINT";
  run.recording().signal = 2;
  const Report report = make_report(run.recording());
  CHECK(report.verdict == Verdict::aborted);
  CHECK(report.reason == "SIGINT");
  CHECK(report.findings[1].verdict == Verdict::fail);
  CHECK(exit_code(report.verdict, run.recording()) == 130);
  run.recording().ending = Ending::failed;
  run.recording().signal = 0;
  CHECK(exit_code(verdict_of(run), run.recording()) == 4);
}

TEST_CASE("what clients were told has a row per class") {
  auto run = sound_run();
  run.unanswered(15000, 10000, Outcome::timeout);
  const Report report = make_report(run.recording());
  REQUIRE(report.faults.size() == 1);
  const auto& told = report.faults[0].told;
  REQUIRE(told.size() == 2);
  CHECK(told[0].klass == "503 pg");
  CHECK(told[0].count == 499);
  CHECK(told[0].p95 == Approx(0.005));
  CHECK(told[0].p99 == Approx(0.005));
  CHECK(told[1].klass == "timeout");
  CHECK(told[1].max == Approx(10));
}

TEST_CASE("every expectation's measure is in the report by its name") {
  auto run = sound_run();
  run.expect("p90(front, baseline) < 100ms").expect("count(webhooks, outage, 503) >= 1");
  const Report report = make_report(run.recording());
  for (const Expectation& expectation : run.recording().drill.expectations)
    CHECK(std::ranges::count(report.measures, expectation.call(), &NamedMeasure::name) == 1);
}

TEST_CASE("an expectation on what does not exist is refused with the nearest name") {
  auto run = sound_run();
  const auto complaint = [&](const std::string& text) {
    const auto expectation = expectation_from(text, "outage.toml:9:3");
    REQUIRE(expectation);
    const auto error = check_expectation(*expectation, run.recording().drill);
    return error ? error->text() : std::string();
  };
  CHECK(complaint("detection(outage) < 1s").empty());
  CHECK(complaint("lost == 0").empty());
  CHECK(complaint("lost(table) == 0").empty());
  CHECK(complaint("told(outage, 503) == 100%").empty());
  CHECK(complaint("errors(front, recovery) <= 0.01").empty());
  CHECK(complaint("detecton(outage) < 1s").find("did you mean \"detection\"") != std::string::npos);
  CHECK(complaint("detecton(outage) < 1s").starts_with("outage.toml:9:3: "));
  CHECK(complaint("detection(outag) < 1s").find("did you mean \"outage\"") != std::string::npos);
  CHECK(complaint("detection < 1s").find("it is detection(fault)") != std::string::npos);
  CHECK(complaint("lost(table, x) == 0").find("it is lost(sink?)") != std::string::npos);
  CHECK(complaint("p99(nobody, baseline) < 1s").find("no workload or proxy") != std::string::npos);
  CHECK(complaint("p99(front, basline) < 1s").find("no phase") != std::string::npos);
  CHECK(complaint("lost(tabel) == 0").find("no sink") != std::string::npos);
  CHECK(complaint("told(outage, 99) == 1").find("is no status") != std::string::npos);
  CHECK(complaint("detection(outage) < 1").find("a duration") != std::string::npos);
  CHECK(complaint("lost == 1s").find("a number") != std::string::npos);
  CHECK(complaint("told(outage, 503) == 50").find("a share") != std::string::npos);
}

TEST_CASE("a run that was killed under the fault cannot tell what the fault touched") {
  auto run = sound_run();
  run.recording().faults[0].disarmed = {};
  run.recording().faults[0].touched = {};
  const Report report = make_report(run.recording());
  CHECK(report.verdict == Verdict::inconclusive);
  CHECK(report.reason == "the run ended before the fault outage was taken out");
  CHECK(run.measure("touched", {"outage"}).certainty == Certainty::unknown);
}

TEST_CASE("measures of requests cannot tell when requests are missing from the recording") {
  auto run = sound_run();
  run.recording().gaps = {"requests.jsonl: 40 lines could not be written"};
  const Report report = make_report(run.recording());
  CHECK(report.verdict == Verdict::inconclusive);
  CHECK(report.findings[1].measure.certainty == Certainty::unknown);  // lost
  CHECK(report.findings[2].verdict == Verdict::pass);                 // touched rests on the wire
}

TEST_CASE("a service that froze before the fault makes the run invalid, however calm it looked") {
  RecordingBuilder run;
  run.load({0, 6000});
  for (double sent = 6000; sent < 10000; sent += 20) run.request(sent, 10500 - sent, {});
  run.load({10000, 20000}, {503, "pg"}).load({20000, 41000}).fault("outage", 10000, 20000);
  run.expect("touched(outage) >= 1");
  const Report report = make_report(run.recording());
  CHECK(report.verdict == Verdict::invalid);
  CHECK(report.reason.find("did not answer before the fault") != std::string::npos);
}

TEST_CASE("what the generator itself spoiled does not turn an invalid run into a failed one") {
  auto run = sound_run();
  for (double sent = 2000; sent < 9000; sent += 20) run.unanswered(sent, 0, Outcome::not_sent);
  run.expect("unanswered == 0");
  CHECK(verdict_of(run) == Verdict::invalid);
  run.sink().stored.erase("m7");
  CHECK(verdict_of(run) == Verdict::fail);  // but a lost message is lost
}
