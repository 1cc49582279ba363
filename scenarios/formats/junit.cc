// junit.xml, for build servers: the drill is one suite, each expectation one case, and the run
// itself one more, so that a run that cannot be judged is never green. A failed expectation is a
// failure; whatever else is not a pass is an error, because it says nothing about the service.

#include <algorithm>
#include <utility>
#include <vector>

#include "scenarios/formats/formats.h"
#include "scenarios/formats/text.h"

namespace faultline::formats {
namespace {

// Well-formed XML 1.0 whatever the text was: control characters have no place in it, escaped or
// not, and U+FFFE and U+FFFF neither. What separates lines becomes a space.
std::string escaped(std::string_view text) {
  const std::string valid = valid_utf8(text);
  std::string out;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const auto byte = static_cast<unsigned char>(valid[i]);
    const std::string_view rest = std::string_view(valid).substr(i);
    if (rest.starts_with("\xEF\xBF\xBE") || rest.starts_with("\xEF\xBF\xBF")) {
      i += 2;
    } else if (byte == 0xC2 && static_cast<unsigned char>(rest[1]) < 0xA0) {
      i += 1;  // U+0080 to U+009F
    } else if (byte == '\n' || byte == '\t') {
      out += ' ';
    } else if (byte == '&') {
      out += "&amp;";
    } else if (byte == '<') {
      out += "&lt;";
    } else if (byte == '>') {
      out += "&gt;";
    } else if (byte == '"') {
      out += "&quot;";
    } else if (byte >= 0x20 && byte != 0x7F) {
      out += valid[i];
    }
  }
  return out;
}

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + escaped(value) + "\"";
}

struct Case {
  std::string name;
  std::string file;
  std::string line;  // empty: not known
  Verdict verdict = Verdict::pass;
  std::string message;
};

bool failure(const Case& one) { return one.verdict == Verdict::fail; }
bool error_of_run(const Case& one) { return one.verdict != Verdict::pass && !failure(one); }

// "drill.toml:12:3" is where an expectation stands; a file's name may hold colons itself.
std::string line_of(const std::string& where) {
  const auto column = where.rfind(':');
  if (column == std::string::npos || column == 0) return "";
  const auto line = where.rfind(':', column - 1);
  if (line == std::string::npos) return "";
  const std::string number = where.substr(line + 1, column - line - 1);
  const bool digits = std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
  return digits ? number : "";
}

// The run's own case fails nothing: an expectation that failed has told so itself. What no
// expectation tells, a fault that never was armed or a journal that overflowed, it does.
Case run_case(const Report& report, const Recording& recording) {
  Case run{"run", recording.drill.file, "", Verdict::pass, ""};
  const bool told = std::ranges::count(report.findings, report.verdict, &Finding::verdict) > 0;
  if (report.verdict == Verdict::pass || told) return run;
  run.verdict = report.verdict;
  run.message = report.reason;
  return run;
}

std::vector<Case> cases_of(const Report& report, const Recording& recording) {
  std::vector<Case> cases = {run_case(report, recording)};
  for (const Finding& finding : report.findings) {
    std::string message = "observed " + finding.observed;
    if (!finding.reason.empty() && !finding.reason.starts_with("observed "))
      message += ": " + finding.reason;
    cases.push_back({finding.expectation.text, recording.drill.file,
                     line_of(finding.expectation.where), finding.verdict, std::move(message)});
  }
  return cases;
}

std::string element(const Case& one, const std::string& drill) {
  std::string out = "    <testcase" + attribute("classname", drill) + attribute("name", one.name) +
                    attribute("file", one.file);
  if (!one.line.empty()) out += attribute("line", one.line);
  out += " assertions=\"1\"";
  if (one.verdict == Verdict::pass) return out + "/>\n";
  return out + ">\n      <" + (failure(one) ? "failure" : "error") +
         attribute("message", one.message) + attribute("type", name(one.verdict)) +
         "/>\n    </testcase>\n";
}

std::string render(const Report& report, const Recording& recording) {
  const Drill& drill = recording.drill;
  const std::vector<Case> cases = cases_of(report, recording);
  const std::string counts =
      attribute("name", drill.name) + attribute("tests", std::to_string(cases.size())) +
      attribute("failures", std::to_string(std::ranges::count_if(cases, failure))) +
      attribute("errors", std::to_string(std::ranges::count_if(cases, error_of_run))) +
      attribute("skipped", "0");
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + counts + ">\n";
  out += "  <testsuite" + counts + attribute("file", drill.file) +
         attribute("timestamp", recording.started_at) + ">\n    <properties>\n";
  for (const auto& [key, value] :
       {std::pair<std::string_view, std::string>{"seed", std::to_string(drill.seed)},
        {"verdict", std::string(name(report.verdict))},
        {"version", recording.version}})
    out += "      <property" + attribute("name", key) + attribute("value", value) + "/>\n";
  out += "    </properties>\n";
  for (const Case& one : cases) out += element(one, drill.name);
  return out + "  </testsuite>\n</testsuites>\n";
}

}  // namespace

const ReportFormat junit = {"junit", "junit.xml", render};

}  // namespace faultline::formats
