// What a drill makes of an X-ray's answers: measures, verdicts, and how reports show them.

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "drill_text.h"
#include "scenarios/recording/recorder.h"
#include "scenarios/recording/xray_record.h"
#include "scenarios/report/report.h"
#include "tests/support/folder.h"
#include "tests/support/xray_story.h"

using namespace faultline;
using namespace faultline::test;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Expectation expected(const std::string& text) {
  auto read = expectation_from(text, "breaker.toml:3:1");
  REQUIRE(read);
  return *read;
}

// As a drill that was read has it: the contract, and an expectation for each of its names.
Recording promised(const std::string& contract, xray::Answers answers = half_of_ten()) {
  Recording recording = xrayed(std::move(answers));
  auto read = xray::contract_from(contract, "breaker.toml");
  REQUIRE(read);
  recording.drill.xray->contract = *read;
  for (const auto& [name, promise] : *read) {
    Expectation kept = expected("xray.kept(" + name + ") == 1");
    kept.text = "xray." + name + " is " + promise.text;
    recording.drill.expectations.push_back(kept);
  }
  return recording;
}

Finding judged(const std::string& expectation, const Recording& of) {
  Recording recording = of;
  recording.drill.expectations = {expected(expectation)};
  return make_report(recording).findings.front();
}

xray::Answers nothing_seen() {
  xray::Answers answers = half_of_ten();
  for (auto& [name, answer] : answers) {
    answer = {};
    answer.state = xray::State::no_breaker_seen;
    answer.evidence = "every call went on";
  }
  return answers;
}

std::string rendered(std::string_view format, const Recording& recording) {
  return find_report_format(format)->render(make_report(recording), recording);
}

}  // namespace

TEST_CASE("answers are measures, with their own intervals") {
  const Recording run = xrayed();
  CHECK(judged("xray.count(minimum_calls) == 5", run).verdict == Verdict::pass);
  CHECK(judged("xray.count(window) == 9", run).verdict == Verdict::fail);
  CHECK(judged("xray.time(open_duration) <= 350ms", run).verdict == Verdict::pass);
  CHECK(judged("xray.time(open_duration) <= 340ms", run).verdict == Verdict::inconclusive);
  CHECK(judged("xray.time(open_duration) <= 300ms", run).verdict == Verdict::fail);
  CHECK(judged("xray.share(threshold) <= 50%", run).verdict == Verdict::pass);
  CHECK(judged("xray.is(rule, ratio) == 1", run).verdict == Verdict::pass);
  CHECK(judged("xray.is(rule, count) == 1", run).verdict == Verdict::fail);
  CHECK(judged("xray.is(rejected_extend, false) == 1", run).verdict == Verdict::pass);
  CHECK(judged("xray.is(404, ignored) == 1", run).verdict == Verdict::pass);
  CHECK(judged("xray.is(500, failure) == 0", run).verdict == Verdict::fail);
}

TEST_CASE("what could not be told is never a pass") {
  const Recording run = xrayed();
  for (const char* untold :
       {"xray.is(hung_probe, stuck) == 0", "xray.is(slow, failure) == 0",
        "xray.is(502, failure) == 0", "xray.count(threshold) >= 0", "xray.time(window) >= 0s"}) {
    INFO(untold);
    const Finding finding = judged(untold, run);
    CHECK(finding.verdict == Verdict::inconclusive);
    CHECK_FALSE(finding.reason.empty());
  }
  CHECK(judged("xray.count(minimum_calls) >= 0", xrayed(nothing_seen())).reason ==
        "no breaker was seen: every call went on");
  Recording none = xrayed();
  none.xray.reset();
  CHECK(judged("xray.count(minimum_calls) >= 0", none).verdict == Verdict::inconclusive);
}

TEST_CASE("a contract that is kept passes, in every name") {
  const Recording run = promised(
      "rule = \"ratio\"\nopen_duration = { low = 0.2, high = 0.4 }\n"
      "counts = { 404 = \"ignored\" }\n");
  const Report report = make_report(run);
  CHECK(report.verdict == Verdict::pass);
  CHECK(exit_code(report.verdict, run) == 0);
  CHECK(report.xray->at("rule").state == xray::State::confirmed);
  CHECK(report.xray->at("window").state == xray::State::found);
  CHECK(report.findings[0].observed == "404 ignored");
}

TEST_CASE("a contract that is contradicted fails, and the answer is named") {
  const Recording run = promised("rule = \"consecutive\"\nminimum_calls = 5\n");
  const Report report = make_report(run);
  CHECK(report.verdict == Verdict::fail);
  CHECK(exit_code(report.verdict, run) == 1);
  CHECK(report.reason == "xray.rule is consecutive: observed ratio");
  CHECK(report.xray->at("rule").state == xray::State::contradicted);
}

TEST_CASE("a promise that was not exercised leaves the drill inconclusive") {
  const Recording run = promised("rule = \"ratio\"\nhung_probe = \"recovers\"\n");
  const Report report = make_report(run);
  CHECK(report.verdict == Verdict::inconclusive);
  CHECK(exit_code(report.verdict, run) == 3);
  CHECK(has(report.reason, "xray.hung_probe is recovers: not exercised"));
  CHECK(has(report.reason, "no probe could be held"));
}

TEST_CASE("where a breaker is promised and none is there, the promise is broken") {
  const Report report = make_report(promised("rule = \"ratio\"\n", nothing_seen()));
  CHECK(report.verdict == Verdict::fail);
  CHECK(report.reason == "xray.rule is ratio: observed no breaker seen");
}

TEST_CASE("an X-ray that did not come to its end is not a pass") {
  Recording run = promised("rule = \"ratio\"\n");
  run.xray.reset();
  CHECK(make_report(run).verdict == Verdict::inconclusive);
  run.ending = Ending::failed;
  run.why = "the driven service made no attempt";
  CHECK(make_report(run).verdict == Verdict::aborted);
  CHECK(has(rendered("markdown", run), "not collected: what it found; it did not come to its end"));
}

TEST_CASE("every format shows each answer, its state and its evidence, or its verdict") {
  const Recording run = promised("rule = \"consecutive\"\nhung_probe = \"stuck\"\n");
  const std::string page = rendered("terminal", run);
  CHECK(has(page, "X-ray of the breaker in the place of agent, 812 calls, 1m30s"));
  CHECK(has(page, "rule                   ratio  contradicted"));
  CHECK(has(page, "expected consecutive; seen <so> | often"));
  CHECK(has(page, "hung_probe             not_exercised"));
  CHECK_FALSE(has(page, "Ledger"));

  const std::string markdown = rendered("markdown", run);
  CHECK(has(markdown, "| open_duration | found | 0.3333 s (0.3 to 0.35) | 0.3 | 0.35 | "));
  CHECK(has(markdown, "| backoff | found | growing: 300ms to 350ms, 600ms to 700ms |"));
  CHECK(has(markdown, "| xray.kept(rule) |"));

  const auto report = boost::json::parse(rendered("json", run)).as_object();
  const auto& answers = report.at("xray").as_object();
  for (const std::string_view name : xray::names)
    for (const char* key : {"state", "value", "low", "high", "evidence"})
      CHECK(answers.at(name).as_object().contains(key));
  CHECK(answers.at("rule").at("state") == "contradicted");
  CHECK(answers.at("threshold").at("low").to_number<double>() == Approx(0.46));
  for (const auto& one : report.at("expectations").as_array())
    CHECK(report.at("measures").as_object().contains(one.at("measure").as_string()));

  const std::string junit = rendered("junit", run);
  CHECK(has(junit, "name=\"xray.rule is consecutive\""));
  CHECK(has(junit, "failures=\"1\" errors=\"1\""));
}

TEST_CASE("what an X-ray found is read back as exactly as it was") {
  const Folder folder;
  const auto file = folder.path() / "xray.json";
  const XrayRecord written = *xrayed().xray;
  std::ofstream(file) << xray_document(written);
  const Result<XrayRecord> read = read_xray_record(file);
  REQUIRE(read);
  CHECK(xray_document(*read) == xray_document(written));
  CHECK(read->answers.at("open_duration").number == 1.0 / 3);
  CHECK(read->ended == written.ended);
  CHECK_FALSE(read->answers.at("rule").truth);

  for (const char* wrong : {"", "[]", "{}", R"({"ended":1,"calls":1,"attempts":1,"answers":[]})"}) {
    std::ofstream(file) << wrong;
    const Result<XrayRecord> torn = read_xray_record(file);
    REQUIRE_FALSE(torn);
    CHECK(torn.error().where == file.string());
  }
}

TEST_CASE("a recording with a contract of its own file is read back without that file") {
  const Folder folder;
  DrillSource source;
  source.file = "elsewhere/drill.toml";
  source.text = R"(name = "breaker"
[[proxy]]
name = "agent"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:9000"
protocol = "http"
[xray]
on = "agent"
drive = "http://127.0.0.1:80/call"
contract = "promised.toml"
)";
  source.beside = [](const std::string&) -> Result<std::string> { return "rule = \"ratio\"\n"; };
  const auto drill = read_drill(source);
  REQUIRE(drill);
  Recording recording;
  recording.drill = drill->drill;
  recording.drill.proxies[0].listen = {"127.0.0.1", 4711};
  recording.proxies = {{0, "agent"}};
  {
    auto recorder = Recorder::create(folder.path() / "run", recording.drill);
    REQUIRE(recorder);
    (*recorder)->start(Instant(std::chrono::seconds(5)));
    (*recorder)->write_xray(*xrayed().xray);
    REQUIRE((*recorder)->write_run(recording));
  }
  const Result<Recording> read = read_recording(folder.path() / "run");
  REQUIRE(read);
  CHECK(read->drill.proxies[0].listen.port == 4711);
  CHECK(read->drill.xray->contract.size() == 1);
  REQUIRE(read->xray);
  CHECK(make_report(*read).verdict == Verdict::pass);
}
