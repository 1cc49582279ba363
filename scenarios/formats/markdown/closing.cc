// Whether the numbers fit together, and what to make of them.

#include <algorithm>

#include "scenarios/formats/markdown/sections.h"
#include "scenarios/report/figure.h"

namespace faultline::markdown {
namespace {

// What the drill expects of a workload's baseline, in words.
std::string baseline_targets(const Story& story, const WorkloadPlan& workload,
                             const std::string& kind) {
  std::vector<std::string> targets;
  for (const Finding& one : story.report.findings) {
    const Expectation& asked = one.expectation;
    if (asked.measure != kind || asked.arguments.size() < 2 || asked.arguments[1] != "baseline")
      continue;
    if (asked.arguments[0] != workload.name && asked.arguments[0] != workload.through) continue;
    targets.push_back(plain(target(asked)) + " (" + plain(asked.arguments[0]) + ")");
  }
  return targets.empty() ? "none" : joined(targets);
}

std::string state(const AuditRule& rule) {
  switch (rule.state) {
    case AuditRule::State::kept:
      return "OK";
    case AuditRule::State::violated:
      return "VIOLATED";
    case AuditRule::State::not_tested:
      return "NOT TESTED";
  }
  return "";
}

}  // namespace

void audit(Page& page, const Story& story) {
  page.section("Consistency audit");
  std::vector<Row> rows;
  for (const AuditRule& rule : story.report.audit)
    rows.push_back({plain(rule.rule), plain(rule.numbers), state(rule)});
  page.table({"Rule", "Numbers", "Status"}, rows, "no rule was asked");
  page.paragraph(story.report.notes.empty() ? "Nothing else speaks against the numbers above."
                                            : "What a reader must know of them besides:");
  if (!story.report.notes.empty()) page.line("");
  for (const std::string& note : story.report.notes) page.line("- " + plain(note));
}

void baselines(Page& page, const Story& story) {
  page.section("Baselines");
  if (story.drill.faults.empty())
    return page.nothing("the drill has no fault, so there is no before and after");
  std::vector<Row> rows;
  for (const WorkloadPlan& workload : story.drill.workloads) {
    for (const char* kind : {"mean", "p50", "p95", "p99", "max", "errors", "rate"}) {
      rows.push_back({plain(workload.name), kind,
                      cell(story, kind, "(" + workload.name + ", baseline)"),
                      baseline_targets(story, workload, kind),
                      cell(story, kind, "(" + workload.name + ", recovery)")});
    }
  }
  page.table({"Workload", "Metric", "Baseline", "Target", "After the faults"}, rows,
             "the drill has no workload");
}

void scaling(Page& page, const Story& story) {
  page.section("Scaling");
  std::vector<Row> rows;
  for (const WorkloadPlan& workload : story.drill.workloads) {
    for (const std::string& phase : phases_of(story.drill)) {
      if (phase != "baseline" && phase != "all") continue;
      const std::string of = "(" + workload.name + ", " + phase + ")";
      const Measure* rate = story.find("rate" + of);
      const bool measured = rate != nullptr && rate->certainty == Certainty::known;
      rows.push_back({plain(workload.name), cell(story, "rate", of), cell(story, "p99", of),
                      cell(story, "errors", of), measured ? "measured" : "NOT TESTED"});
    }
  }
  page.table({"Workload", "Answered per second", "P99", "Errors", "Verdict"}, rows,
             "the drill has no workload");
  if (!rows.empty())
    page.nothing(
        "other loads and numbers of nodes; a run has one load, and what is behind an "
        "upstream does not show");
}

void acceptance(Page& page, const Story& story) {
  page.section("Acceptance");
  const auto& findings = story.report.findings;
  std::vector<Row> rows;
  for (const Finding& one : findings)
    rows.push_back({plain(one.expectation.call()), plain(target(one.expectation)),
                    with_resolution(one.measure, find_measure_kind(one.expectation.measure)->unit),
                    status(one.verdict)});
  page.table({"Criterion", "Required", "Actual", "Status"}, rows, "the drill expects nothing");
  if (findings.empty()) return;
  const auto met = std::ranges::count(findings, Verdict::pass, &Finding::verdict);
  const bool all = static_cast<std::size_t>(met) == findings.size();
  page.paragraph(all ? "**ALL CRITERIA MET**"
                     : "**" + std::to_string(met) + " of " + std::to_string(findings.size()) +
                           " criteria met**");
  if (all && story.report.verdict != Verdict::pass)
    page.paragraph("The run is " + status(story.report.verdict) +
                   " nevertheless: " + plain(story.report.reason));
}

void notes(Page& page, const Story& story) {
  page.section("Notes");
  const std::string& text = story.drill.notes;
  if (text.empty()) return page.nothing("the drill has no notes");
  page.paragraph("Written by people, in the drill; nothing here was measured:\n");
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    const std::string said = plain(std::string_view(text).substr(from, end - from));
    page.line(said.empty() ? ">" : "> " + said);
    from = end + 1;
  }
}

}  // namespace faultline::markdown
