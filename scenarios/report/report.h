#pragma once

// A report: a drill, its measures and its verdict, computed from a recording and from nothing else;
// formats render it.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "scenarios/measures/measure.h"
#include "scenarios/recording/recording.h"

namespace faultline {

enum class Verdict : std::uint8_t { pass, fail, inconclusive, invalid, aborted };
std::string_view name(Verdict verdict);

// 0 pass, 1 fail, 3 inconclusive or invalid, 128 + signal when aborted by one, 4 otherwise aborted.
int exit_code(Verdict verdict, const Recording& recording);

struct Finding {
  Expectation expectation;
  Measure measure;
  Verdict verdict = Verdict::inconclusive;
  std::string observed;  // "213ms in [193ms, 233ms], n=42", "> 10s, n=500"
  std::string reason;    // why, when it is not a pass
};

struct NamedMeasure {
  std::string name;  // as in expectations: "recovery.first(outage)"
  Unit unit = Unit::count;
  Measure measure;
};

struct StatusRow {    // what clients were told while a fault was in force, by class
  std::string klass;  // "202", "503 pg", "timeout"
  std::uint64_t count = 0;
  double p50 = 0, p95 = 0, p99 = 0, max = 0;  // seconds; by nearest rank
};

struct FaultReport {
  FaultRecord record;
  std::vector<NamedMeasure> measures;  // detection.*, recovery.*, … of this fault
  std::vector<StatusRow> told;
};

struct AuditRule {  // scenarios/report/audit.h
  enum class State : std::uint8_t { kept, violated, not_tested };
  std::string rule;     // "offered = acknowledged + refused + unanswered"
  std::string numbers;  // what was compared, or why it could not be
  State state = State::not_tested;
};
std::string_view name(AuditRule::State state);

struct Report {
  Verdict verdict = Verdict::inconclusive;
  std::string reason;  // one line: why the verdict is not pass
  std::vector<Finding> findings;
  std::vector<NamedMeasure> measures;  // all of them, faults' included
  std::vector<FaultReport> faults;
  std::vector<AuditRule> audit;
  std::optional<xray::Answers> xray;  // of an X-ray that came to its end, held to the contract
  std::vector<std::string> notes;     // what a reader must know (events lost, generator lag, …)
};

// The drill must have been checked: unknown measures are our own mistake by now.
Report make_report(const Recording& recording);

// The extension point: how a report looks. A pure function, so the same recording gives the same
// bytes.
struct ReportFormat {
  std::string_view name;  // "terminal", "json"
  std::string_view file;  // in the run folder: "report.json"; empty: it has none
  std::string (*render)(const Report&, const Recording&) = nullptr;
};
std::span<const ReportFormat* const> report_formats();  // scenarios/formats/catalogue.cc
const ReportFormat* find_report_format(std::string_view name);

}  // namespace faultline
