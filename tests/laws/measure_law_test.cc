// What holds of every measure: it answers on any recording, knows nothing where nothing happened,
// keeps its interval in order, gives the same answer twice and is documented.

#include <fstream>
#include <iterator>
#include <set>

#include "tests/support/breaker_story.h"
#include "tests/support/catch.h"
#include "tests/support/recordings.h"
#include "tests/support/xray_story.h"

using namespace faultline;
using namespace faultline::test;

namespace {

std::vector<std::string> arguments_for(const MeasureKind& kind) {
  std::vector<std::string> arguments;
  for (const ArgumentSpec& argument : kind.arguments) {
    switch (argument.type) {
      case ArgumentType::fault:
        arguments.emplace_back("outage");
        break;
      case ArgumentType::source:
        arguments.emplace_back("webhooks");
        break;
      case ArgumentType::phase:
        arguments.emplace_back("outage");
        break;
      case ArgumentType::status:
        arguments.emplace_back("503");
        break;
      case ArgumentType::sink:
        arguments.emplace_back("table");
        break;
      case ArgumentType::proxy:
        arguments.emplace_back("db");
        break;
      case ArgumentType::ordinal:
        arguments.emplace_back("1");
        break;
      case ArgumentType::limit:
        arguments.emplace_back("hooks");
        break;
      case ArgumentType::route:
        arguments.emplace_back("/a");
        break;
      case ArgumentType::did:
        arguments.emplace_back("given");
        break;
      case ArgumentType::told:
        arguments.emplace_back("failed");
        break;
      case ArgumentType::stage:
        arguments.emplace_back("spike");
        break;
      case ArgumentType::answer:
      case ArgumentType::worded_answer:
        arguments.emplace_back("rule");
        break;
      case ArgumentType::counted_answer:
        arguments.emplace_back("attempts_per_call");
        break;
      case ArgumentType::timed_answer:
        arguments.emplace_back("open_duration");
        break;
      case ArgumentType::shared_answer:
        arguments.emplace_back("threshold");
        break;
      case ArgumentType::word:
        arguments.emplace_back("ratio");
        break;
    }
  }
  return arguments;
}

Recording promised_a_ratio() {
  Recording recording = xrayed();
  recording.drill.xray->contract["rule"].words = {"ratio"};
  return recording;
}

std::vector<Recording> recordings() {
  std::vector<Recording> all;
  RecordingBuilder idle;  // the drill as planned, and nothing happened
  idle.fault("outage", 10000, 20000, 0).audited();
  all.push_back(idle.recording());
  all.back().faults.clear();  // … not even that
  all.push_back(idle.recording());
  auto healthy = ideal_outage();
  healthy.event(EventKind::connection_accepted, "db", 20001);
  healthy.exchange("db", 20002, 20003, Told::ack).audited();
  all.push_back(healthy.recording());
  auto breaker = healthy_breaker();
  breaker.fault("outage", 400, 1500).audited();
  all.push_back(breaker.recording());
  auto cut_off = ideal_outage();  // aborted under the fault
  cut_off.audited();
  cut_off.recording().faults[0].disarmed = {};
  std::erase_if(cut_off.recording().requests,
                [](const Request& request) { return request.sent >= ms(15000); });
  cut_off.recording().load_ended = ms(14980);
  all.push_back(cut_off.recording());
  all.push_back(promised_a_ratio());
  all.push_back(promised_a_ratio());
  for (auto& [name, answer] : all.back().xray->answers) {
    answer = xray::Answer();
    answer.evidence = "no time left";
  }
  return all;
}

}  // namespace

TEST_CASE("every measure has a name of its own, a summary and a place in the catalogue") {
  std::set<std::string_view> names;
  for (const MeasureKind* kind : measure_kinds()) {
    CHECK(names.insert(kind->name).second);
    CHECK_FALSE(kind->summary.empty());
    CHECK(find_measure_kind(kind->name) == kind);
  }
  CHECK(find_measure_kind("no such measure") == nullptr);
}

TEST_CASE("every measure answers in order, with a reason when it does not know, and twice alike") {
  for (const Recording& recording : recordings()) {
    for (const MeasureKind* kind : measure_kinds()) {
      // An X-ray has nothing that others could be asked of: neither load nor faults.
      if (recording.drill.xray && !kind->name.starts_with("xray.")) continue;
      INFO(kind->name);
      const Measure measure = kind->compute(recording, arguments_for(*kind));
      const Measure again = kind->compute(recording, arguments_for(*kind));
      if (measure.certainty == Certainty::known) {
        CHECK(measure.low <= measure.value);
        CHECK(measure.value <= measure.high);
      } else {
        CHECK_FALSE(measure.reason.empty());
      }
      CHECK(measure.value == again.value);
      CHECK(measure.reason == again.reason);
    }
  }
}

TEST_CASE("of a fault that touched nothing every measure but touched knows nothing") {
  RecordingBuilder run;
  run.load({0, 30000}).fault("outage", 10000, 20000, 0);
  for (const MeasureKind* kind : measure_kinds()) {
    if (kind->arguments.empty() || kind->arguments[0].type != ArgumentType::fault) continue;
    INFO(kind->name);
    const Measure measure = kind->compute(run.recording(), arguments_for(*kind));
    CHECK((measure.certainty == Certainty::known) == (kind->name == "touched"));
  }
}

TEST_CASE("every measure knows its value in a run where everything happened") {
  auto run = ideal_outage();
  run.event(EventKind::connection_accepted, "db", 10001);
  run.event(EventKind::connection_accepted, "db", 20001);
  run.exchange("db", 20002, 20003, Told::ack).audited();
  run.load({30000, 40000});
  run.recording().load_ended = ms(39980);
  for (const double at :
       {15001.0, 16001.0}) {  // two demands of three attempts, while each is alone
    std::erase_if(run.recording().requests, [&](const Request& request) {
      return request.sent >= ms(at - 1) && request.sent < ms(at + 100);
    });
    run.request(at, 90, {});
    for (const double from : {at + 1, at + 10, at + 30})
      run.exchange("db", from, from + 1, Told::ambiguous);
  }
  run.event(EventKind::peer_reset, "db", 17010);
  run.exchange("db", 17000, 17010, Told::nothing);
  for (Event& event : run.recording().events) event.exchange.name = "GET /a";
  LimitPlan limit;
  limit.name = "hooks";
  limit.on = "front";
  limit.requests = 1;
  limit.window = std::chrono::seconds(1);
  run.recording().drill.limits = {limit};
  run.exchange("front", 18000, 18001, Told::ack, "202");
  run.exchange("front", 18100, 18101, Told::failure, "429");
  run.recording().events.back().exchange.retry_after = "1";
  auto breaker = healthy_breaker();
  const Recording xray = promised_a_ratio();
  run.recording().drill.workloads[0].stages = {
      {std::chrono::seconds(0), 50}, {std::chrono::seconds(10), 50, "before"},
      {std::chrono::seconds(0), 60}, {std::chrono::seconds(10), 60, "spike"},
      {std::chrono::seconds(0), 50}, {std::chrono::seconds(20), 50, "after"}};
  for (Request& request : run.recording().requests) request.wait = std::chrono::milliseconds(1);
  for (const MeasureKind* kind : measure_kinds()) {
    const bool of_breaker = kind->name.starts_with("breaker.");
    const Recording& recording = kind->name.starts_with("xray.") ? xray
                                 : of_breaker                    ? breaker.recording()
                                                                 : run.recording();
    const Measure measure = kind->compute(recording, arguments_for(*kind));
    INFO(kind->name << ": " << measure.reason);
    CHECK(measure.certainty == Certainty::known);
  }
}

TEST_CASE("every measure is in the table of the README") {
  std::ifstream in(FAULTLINE_CORPUS "/../../scenarios/README.md");
  const std::string readme(std::istreambuf_iterator<char>(in), {});
  REQUIRE_FALSE(readme.empty());
  for (const MeasureKind* kind : measure_kinds()) {
    const std::string named = "`" + std::string(kind->name);
    INFO(kind->name);
    CHECK((readme.find(named + "`") != std::string::npos ||
           readme.find(named + "(") != std::string::npos));
  }
}
