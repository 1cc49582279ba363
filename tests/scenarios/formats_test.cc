// The two reports that other programs show: Markdown and JUnit XML.

#include <sstream>

#include "scenarios/report/report.h"
#include "tests/support/catch.h"
#include "tests/support/recordings.h"

using namespace faultline;
using namespace faultline::test;

namespace {

std::string rendered(std::string_view format, const Recording& recording) {
  const ReportFormat* found = find_report_format(format);
  REQUIRE(found != nullptr);
  return found->render(make_report(recording), recording);
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t times(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("the files of the Markdown and JUnit reports") {
  CHECK(find_report_format("markdown")->file == "report.md");
  CHECK(find_report_format("junit")->file == "junit.xml");
}

TEST_CASE("JUnit counts each expectation once, and the run") {
  auto run = ideal_outage();
  run.audited();
  run.expect("detection(outage) < 1s").expect("detection(outage) < 1ms").expect("lost == 0");
  run.expect("p99(webhooks, baseline) < 1ms");
  run.recording().drill.seed = 42;
  const std::string xml = rendered("junit", run.recording());
  INFO(xml);
  CHECK(times(xml, "<testcase ") == 5);
  CHECK(times(xml, " tests=\"5\" failures=\"2\" errors=\"0\" skipped=\"0\"") == 2);
  CHECK(times(xml, "<failure ") == 2);
  CHECK(times(xml, "type=\"fail\"") == 2);
  CHECK(times(xml, "<error ") == 0);
  CHECK(has(xml,
            "classname=\"outage\" name=\"detection(outage) &lt; 1s\" file=\"outage.toml\" "
            "line=\"1\" assertions=\"1\"/>"));
  CHECK(has(xml, "<property name=\"seed\" value=\"42\"/>"));
  CHECK(has(xml, "<property name=\"verdict\" value=\"fail\"/>"));
  CHECK(has(xml, "timestamp=\"2026-01-02T03:04:05Z\""));
}

TEST_CASE("JUnit: a run that cannot be judged is an error, whatever its expectations say") {
  SECTION("aborted, expecting nothing") {
    Recording recording = RecordingBuilder().recording();
    recording.ending = Ending::aborted;
    recording.why = "SIGINT";
    const std::string xml = rendered("junit", recording);
    CHECK(has(xml, " tests=\"1\" failures=\"0\" errors=\"1\""));
    CHECK(has(xml, "<error message=\"SIGINT\" type=\"aborted\"/>"));
  }
  SECTION("inconclusive for a reason that no expectation tells") {
    auto run = ideal_outage();
    run.expect("detection(outage) < 1s").recording().events_lost = 3;
    const std::string xml = rendered("junit", run.recording());
    CHECK(has(xml, " tests=\"2\" failures=\"0\" errors=\"1\""));
    CHECK(has(xml, "type=\"inconclusive\""));
  }
  SECTION("an expectation that cannot be told") {
    auto run = ideal_outage();
    run.expect("lost == 0");  // no sink
    const std::string xml = rendered("junit", run.recording());
    CHECK(has(xml, " tests=\"2\" failures=\"0\" errors=\"1\""));
    CHECK(has(xml, "name=\"run\" file=\"outage.toml\" assertions=\"1\"/>"));
  }
}

TEST_CASE("JUnit holds no character that XML does not allow") {
  auto run = ideal_outage();
  run.recording().drill.name = "a&b<c>\"d\"\x01\x1b\x7f\xff\xEF\xBF\xBF\xC2\x85 e";
  const std::string xml = rendered("junit", run.recording());
  CHECK(has(xml, "<testsuites name=\"a&amp;b&lt;c&gt;&quot;d&quot;\xEF\xBF\xBD e\""));
}

TEST_CASE("Markdown names every section, and why there is nothing in it") {
  const auto outage = ideal_outage().recording();
  for (const Recording& recording : {Recording{}, outage}) {
    const std::string page = rendered("markdown", recording);
    INFO(page);
    for (const char* section : {"Executive summary",
                                "Test configuration",
                                "Performance metrics",
                                "Throughput",
                                "Error distribution",
                                "Resource utilisation",
                                "Connection pools",
                                "Rate limiting",
                                "Circuit breaker",
                                "Health checks",
                                "Query performance",
                                "Spike test",
                                "Soak test",
                                "Performance by webhook type",
                                "Failure scenario",
                                "Ledger",
                                "Consistency audit",
                                "Bottlenecks",
                                "Baselines",
                                "Scaling",
                                "Acceptance",
                                "Log",
                                "Notes"})
      CHECK(times(page, "\n## " + std::string(section)) == 1);
    // No section is empty: what follows its title is something else than the next title.
    std::istringstream lines(page);
    bool titled = false;
    for (std::string line; std::getline(lines, line);) {
      if (line.empty()) continue;
      CHECK_FALSE((titled && line.starts_with("## ")));
      titled = line.starts_with("## ");
    }
    CHECK_FALSE(titled);
  }
  CHECK(times(rendered("markdown", Recording{}), "not collected: ") >
        times(rendered("markdown", outage), "not collected: "));
}

TEST_CASE("Markdown tells the drill's numbers and keeps text from outside in its cell") {
  auto run = ideal_outage();
  run.expect("detection(outage) < 1s");
  run.request(25000, 5, {500, "a|b\nc<script>\\"});
  run.recording().drill.notes = "Asked by operations.\n\nTwice | daily.\n";
  const std::string page = rendered("markdown", run.recording());
  INFO(page);
  CHECK(has(page, "| \\< 1s | 5ms in \\[0s, 25ms], n=499 | PASS |"));
  CHECK(has(page, "| outage | reset | db | 10s | 10s ± 0s | 20s ± 0s | 20s |"));
  CHECK(has(page, "Touched: 20 connections"));
  CHECK(has(page, "| 503 pg | 499 |"));
  CHECK(has(page, "| 500 a\\|b c\\<script>\\\\ | 1 |"));
  CHECK(has(page, "Written by people"));
  CHECK(has(page, "> Asked by operations.\n>\n> Twice \\| daily.\n"));
}
