// The consistency audit: on sound recordings every rule holds or says why it was not tested; a
// number that does not fit makes the run invalid and is named.

#include <algorithm>

#include "scenarios/report/report.h"
#include "tests/support/catch.h"
#include "tests/support/recordings.h"

using namespace faultline;
using namespace faultline::test;

namespace {

// A run that every rule can be asked of.
RecordingBuilder whole_run() {
  auto run = ideal_outage();
  run.request(19980, 5, {503, "pg"});
  WorkloadPlan& plan = run.recording().drill.workloads[0];
  plan.rate = 50;
  plan.lasting = std::chrono::seconds(30);
  for (const Request& request : run.recording().requests) {
    const double sent = seconds(request.sent.time_since_epoch()) * 1000;
    run.exchange("front", sent, sent + 4, request.status == 202 ? Told::ack : Told::ambiguous);
  }
  run.audited().expect("lost == 0");
  return run;
}

AuditRule rule(const Report& report, std::string_view name) {
  const auto found = std::ranges::find_if(
      report.audit, [&](const AuditRule& one) { return one.rule.find(name) != std::string::npos; });
  REQUIRE(found != report.audit.end());
  return *found;
}

void check_violated(const RecordingBuilder& run, std::string_view name) {
  RecordingBuilder copy = run;
  const Report report = make_report(copy.recording());
  INFO(report.reason);
  CHECK(rule(report, name).state == AuditRule::State::violated);
  CHECK(report.verdict == Verdict::invalid);
  CHECK(std::ranges::any_of(report.notes, [&](const std::string& note) {
    return note.starts_with("invalid: the numbers do not fit together: ") &&
           note.find(name) != std::string::npos;
  }));
}

}  // namespace

TEST_CASE("of a whole run every rule is tested, and kept") {
  auto run = whole_run();
  const Report report = make_report(run.recording());
  for (const AuditRule& one : report.audit) {
    INFO(one.rule + ": " + one.numbers);
    CHECK(one.state == AuditRule::State::kept);
  }
  CHECK(report.audit.size() == 9);
  CHECK(report.verdict == Verdict::pass);
  CHECK(rule(report, "offered = ").numbers == "1500 = 1000 + 500 + 0");
  CHECK(rule(report, "attempts = ").numbers == "1500 = 1500 + 0");
  CHECK(rule(report, "was planned").numbers == "1500 of 1500");
  CHECK(rule(report, "seen by the proxy front").numbers == "1500 <= 1500");
  CHECK(rule(report, "stored = ").numbers == "1000 = 1000 - 0 + 0");
}

TEST_CASE("an attempt without its message does not add up") {
  auto run = whole_run();
  run.recording().requests[3].id = run.recording().requests[2].id;  // twice attempt 1
  check_violated(run, "attempts = messages + retries");
}

TEST_CASE("a request that ended before it was sent is against the order of time") {
  auto run = whole_run();
  run.recording().requests[600].sent = run.recording().requests[600].ended + Duration(1);
  check_violated(run, "ended before it was sent");
}

TEST_CASE("a load that offered less than its plan is not the load of the drill") {
  auto run = whole_run();
  run.recording().drill.workloads[0].rate = 51;
  check_violated(run, "the open workloads offered what was planned");
  run.recording().ending = Ending::aborted;
  CHECK(rule(make_report(run.recording()), "was planned").state == AuditRule::State::not_tested);
}

TEST_CASE("a workload that made no request proves nothing") {
  auto run = whole_run();
  WorkloadPlan silent;
  silent.name = "silent";
  run.recording().drill.workloads.push_back(silent);
  check_violated(run, "every workload made requests");
}

TEST_CASE("clients cannot have more answers than the proxy saw") {
  auto run = whole_run();
  auto& events = run.recording().events;
  events.pop_back();
  check_violated(run, "answers seen by the proxy front");
  SECTION("unless it could not read all of them") {
    run.event(EventKind::desync, "front", 5000);
    const Report report = make_report(run.recording());
    CHECK(rule(report, "seen by the proxy").state == AuditRule::State::not_tested);
    CHECK(report.verdict == Verdict::pass);
  }
}

TEST_CASE("of the empty recording no rule is violated") {
  for (const AuditRule& one : make_report(Recording{}).audit)
    CHECK(one.state != AuditRule::State::violated);
}
