// What holds of every format: it renders the empty report and the biggest, well formed, the same
// bytes each time, whatever text a service under test put into its answers.

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <sstream>
#include <vector>

#include "scenarios/formats/table.h"
#include "scenarios/report/report.h"
#include "tests/support/catch.h"
#include "tests/support/recordings.h"
#include "tests/support/xray_story.h"

using namespace faultline;
using namespace faultline::test;

namespace {

Recording biggest() {
  auto run = ideal_outage();
  run.fault("slow", 21000, 22000).fault("idle", 23000, 24000, 0);
  for (int i = 0; i < 300; ++i)
    run.request(12000 + i, 5, {static_cast<std::uint16_t>(500 + i % 100), "r" + std::to_string(i)});
  run.request(13000, 5, {503, "\"\\\n\x1b[2J\xff\xc3<&>\x7f\x80"});
  run.unanswered(14000, 10000, Outcome::timeout);
  run.audited("table").audited("topic");
  run.sink().complete = false;
  run.sink().why_not = "still \"growing\"\x01";
  for (const char* text :
       {"detection(outage) < 1s", "lost == 0", "lost(topic) == 0", "recovery.full(outage) < 1ms",
        "touched(idle) >= 1", "told(outage, 503) == 100%", "p99(front, baseline) < 100ms"})
    run.expect(text);
  Recording& recording = run.recording();
  recording.drill.title = "Title with \x1b[31m colour and \xE2\x82\xAC";
  recording.environment = {{"kernel", "6.1"}, {"charset", "UTF-8"}};
  recording.variables = {{"PGHOST", "local\"host"}};
  recording.overrides = {"workload.rate=50", "seed=7", "title=it's"};
  recording.events_lost = 4;
  recording.processes = {{"bridge", ms(-900), ms(-500), ms(9000), "signal 9 (SIGKILL)", false}};
  return recording;
}

std::string rendered(std::string_view format, const Recording& recording) {
  const ReportFormat* found = find_report_format(format);
  REQUIRE(found != nullptr);
  return found->render(make_report(recording), recording);
}

boost::json::object parsed(const Recording& recording) {
  boost::json::error_code failed;
  auto value = boost::json::parse(rendered("json", recording), failed);
  INFO(failed.message());
  REQUIRE_FALSE(failed);
  return value.as_object();
}

// The cells of a row; a bar that is escaped is text.
std::size_t cells_of(std::string_view row) {
  std::size_t bars = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] == '\\')
      ++i;
    else if (row[i] == '|')
      ++bars;
  }
  return bars - 1;
}

// What is open when the text ends, or "wrong" where one tag ends another. Quotes and angle brackets
// of text are escaped, so that each bracket is of a tag.
std::string left_open(std::string_view xml) {
  std::vector<std::string_view> open;
  for (auto at = xml.find('<'); at != xml.npos; at = xml.find('<', at + 1)) {
    const std::string_view tag = xml.substr(at + 1, xml.find('>', at) - at - 1);
    if (tag.contains('<') || std::ranges::count(tag, '"') % 2 != 0) return "wrong";
    const std::string_view name = tag.substr(0, tag.find(' '));
    if (tag.starts_with('?') || tag.ends_with('/')) continue;
    if (!tag.starts_with('/')) {
      open.push_back(name);
    } else {
      if (open.empty() || open.back() != name.substr(1)) return "wrong";
      open.pop_back();
    }
  }
  return open.empty() ? "" : std::string(open.back());
}

}  // namespace

TEST_CASE("every format renders the empty report and the biggest, the same bytes each time") {
  std::set<std::string_view> names;
  for (const ReportFormat* format : report_formats()) {
    INFO(format->name);
    CHECK(names.insert(format->name).second);
    for (const Recording& recording : {Recording{}, biggest(), xrayed()}) {
      const Report report = make_report(recording);
      const std::string once = format->render(report, recording);
      CHECK_FALSE(once.empty());
      CHECK(once.back() == '\n');
      CHECK(once == format->render(make_report(recording), recording));
      const auto control = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
      };
      if (format->name != "json") CHECK(std::ranges::none_of(once, control));
    }
  }
  CHECK(find_report_format("no such format") == nullptr);
}

TEST_CASE("the JSON report parses and holds what its readers rely on") {
  const auto empty = parsed(Recording{});
  CHECK(empty.at("schema_version").as_int64() == 1);
  CHECK(empty.at("expectations").as_array().empty());

  const Recording recording = biggest();
  const auto report = parsed(recording);
  CHECK(report.at("drill").as_string() == "outage");
  CHECK(report.at("seed").to_number<int>() == 1);
  CHECK(report.at("verdict").as_string() == "fail");
  CHECK(report.at("exit_code").as_int64() == 1);
  const auto& expectations = report.at("expectations").as_array();
  REQUIRE(expectations.size() == recording.drill.expectations.size());
  for (const auto& item : expectations) {
    const auto& expectation = item.as_object();
    for (const char* key : {"text", "observed", "verdict", "reason"})
      CHECK(expectation.at(key).is_string());
    CHECK(report.at("measures").as_object().contains(expectation.at("measure").as_string()));
  }
  for (const auto& pair : report.at("measures").as_object())
    for (const char* key : {"value", "low", "high", "n", "reason"})
      CHECK(pair.value().as_object().contains(key));
  const auto& detection = report.at("measures").at("detection(outage)").as_object();
  CHECK(detection.at("value").to_number<double>() == Approx(0.005));
  CHECK(report.at("measures").at("lost(topic)").at("value").is_null());
  const auto& audit = report.at("audit").as_array();
  REQUIRE(audit.size() > 5);
  for (const auto& rule : audit) {
    CHECK(rule.at("rule").is_string());
    CHECK(rule.at("numbers").is_string());
    CHECK((rule.at("state") == "kept" || rule.at("state") == "not tested"));
  }
  const auto& faults = report.at("faults").as_array();
  REQUIRE(faults.size() == 3);
  CHECK(faults[0].at("id").as_string() == "outage");
  CHECK(faults[0].at("kind").as_string() == "reset");
  CHECK(faults[0].at("touched").to_number<int>() == 20);
  CHECK(faults[0].at("t_on").to_number<double>() == Approx(10));
  CHECK(faults[2].at("touched").to_number<int>() == 0);
  CHECK(faults[2].at("t_on").is_null());
}

TEST_CASE("in Markdown every row has as many cells as the head of its table") {
  for (const Recording& recording : {Recording{}, biggest(), xrayed()}) {
    std::istringstream lines(rendered("markdown", recording));
    std::size_t cells = 0;
    std::size_t rows = 0;
    for (std::string row; std::getline(lines, row);) {
      if (!row.starts_with('|')) {
        cells = 0;
        continue;
      }
      INFO(row);
      if (cells == 0) cells = cells_of(row);
      CHECK(cells_of(row) == cells);
      CHECK(row.ends_with(" |"));
      ++rows;
    }
    CHECK(rows > 0);
  }
}

TEST_CASE("in JUnit every tag is closed, and there is a case for the run at least") {
  for (const Recording& recording : {Recording{}, biggest(), xrayed()}) {
    const std::string xml = rendered("junit", recording);
    INFO(xml);
    CHECK(left_open(xml).empty());
    CHECK(xml.find("<testcase ") != std::string::npos);
    CHECK(xml.find("name=\"run\"") != std::string::npos);
  }
}

TEST_CASE("the terminal shows verdict, marks, tables and how to run it again") {
  Recording recording = biggest();
  const std::string page = rendered("terminal", recording);
  const auto has = [](const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  };
  const std::string first = page.substr(0, page.find('\n'));
  CHECK(first.starts_with("FAIL  outage: Title"));
  CHECK(first.ends_with("(seed 1)"));
  CHECK(has(page, "\u2713  detection(outage) < 1s"));
  CHECK(has(page, "\u2717  recovery.full(outage) < 1ms") !=
        has(page, "?  recovery.full(outage) < 1ms"));
  CHECK(has(page, "more classes"));
  CHECK(has(page,
            "Again: faultline run outage.toml --set workload.rate=50 --set 'title=it'\\''s' "
            "--set seed=1\n"));
  CHECK(has(page, "Exit code 1 (fail)"));

  recording.environment["charset"] = "ANSI_X3.4-1968";
  const std::string ascii = rendered("terminal", recording);
  CHECK(has(ascii, "ok    detection(outage) < 1s"));
  CHECK(std::ranges::all_of(ascii, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
}

TEST_CASE("a text file of the run holds what the terminal shows") {
  CHECK(find_report_format("terminal")->file == "report.txt");
  CHECK(find_report_format("json")->file == "report.json");
}

TEST_CASE("the report for people has durations as people say them and columns that do not jump") {
  auto run = ideal_outage();
  run.audited();
  run.expect("detection(outage) < 1s").expect("errors(webhooks, recovery) <= 1%");
  run.unanswered(15000, 10000, Outcome::timeout);
  run.request(16000, 5, {500, "\u20AC\u20AC"});
  for (const char* charset : {"UTF-8", "ASCII"}) {
    run.recording().environment = {{"charset", charset}};
    const std::string page = rendered("terminal", run.recording());
    INFO(page);
    CHECK(page.find("5ms in [0s, 25ms], n=501") != std::string::npos);
    CHECK(page.find("0 %, n=500") != std::string::npos);
    CHECK(page.find(" s ") == std::string::npos);
    // Both tables of latencies show the same quantiles, each right under its heading.
    std::istringstream lines(page);
    std::vector<std::size_t> columns;
    std::size_t tables = 0;
    for (std::string row; std::getline(lines, row);) {
      const bool heading = row.find("p50") != std::string::npos;
      if (heading) {
        ++tables;
        for (const char* quantile : {"p95", "p99", "max"})
          CHECK(row.find(quantile) != std::string::npos);
        columns = {width_of(row.substr(0, row.find("p50") + 3)),
                   width_of(row.substr(0, row.find("max") + 3))};
      } else if (!row.starts_with("  ")) {
        columns.clear();
      } else {
        for (const std::size_t column : columns) {
          const std::string_view cell = shortened(row, column);
          REQUIRE(cell.size() >= 2);
          CHECK((cell.ends_with("s") || cell.ends_with("-")));
        }
      }
    }
    CHECK(tables == 2);
  }
}

TEST_CASE("a table is as wide as its widest cell in characters, not bytes") {
  Table table{Align::left, Align::right};
  table.row({"\u20AC", "1", "x"});
  table.row({"abc", "100", ""});
  CHECK(table.lines() == std::vector<std::string>{"\u20AC      1  x", "abc  100"});
  CHECK(shortened("\u20AC\u20ACb", 2) == "\u20AC\u20AC");
  CHECK(shortened("ab", 5) == "ab");
}
