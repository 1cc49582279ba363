#include "scenarios/report/report.h"

#include <algorithm>
#include <cassert>

#include "scenarios/measures/kinds.h"
#include "scenarios/measures/quantile.h"
#include "scenarios/measures/samples.h"
#include "scenarios/measures/stages.h"
#include "scenarios/measures/validity.h"
#include "scenarios/measures/xray.h"
#include "scenarios/report/audit.h"
#include "scenarios/report/verdict.h"

namespace faultline {
namespace {

constexpr std::string_view measures_of_a_fault[] = {"touched",
                                                    "detection.wire",
                                                    "detection",
                                                    "detection.complete",
                                                    "recovery.attempt",
                                                    "recovery.link",
                                                    "recovery.first",
                                                    "recovery.full",
                                                    "errors_after_recovery",
                                                    "errors_after_fault",
                                                    "slowest"};
constexpr std::string_view measures_of_the_ledger[] = {
    "offered",    "acknowledged",          "refused", "unanswered", "stored", "lost",
    "duplicated", "stored_unacknowledged", "foreign"};
constexpr std::string_view measures_of_a_phase[] = {"mean", "min", "p50",    "p90", "p95",
                                                    "p99",  "max", "errors", "rate"};
constexpr std::string_view measures_of_a_wait[] = {"wait.mean", "wait.max", "wait.share",
                                                   "wait.max_to_mean"};
constexpr std::string_view measures_of_a_limit[] = {
    "limit.passed",          "limit.refused",         "limit.right",
    "limit.false_positives", "limit.false_negatives", "limit.undecided",
    "limit.untold",          "limit.told_early",      "limit.told_late"};
constexpr std::string_view measures_of_the_generator[] = {"generator.lag_p99", "generator.late"};

// Computes each measure once, by the name it has in reports.
class Computed {
 public:
  explicit Computed(const Recording& recording) : recording_(recording) {}

  const NamedMeasure& get(std::string_view measure, std::vector<std::string> arguments) {
    Expectation call;
    call.measure = measure;
    call.arguments = std::move(arguments);
    const std::string name = call.call();
    const auto known = std::ranges::find(all_, name, &NamedMeasure::name);
    if (known != all_.end()) return *known;
    const MeasureKind* kind = find_measure_kind(measure);
    assert(kind != nullptr);
    const std::string missing = requests_missing();
    const Measure computed = missing.empty() || rests_on_events(measure)
                                 ? kind->compute(recording_, call.arguments)
                                 : Measure::cannot_tell(missing);
    all_.push_back({name, kind->unit, computed});
    return all_.back();
  }

  // Half of the requests would count as half of the truth.
  std::string requests_missing() const {
    for (const std::string& gap : recording_.gaps)
      if (gap.starts_with("requests.jsonl")) return "not all requests were recorded: " + gap;
    return "";
  }
  static bool rests_on_events(std::string_view measure) {
    return measure == "touched" || measure == "detection.wire" || measure == "recovery.attempt" ||
           measure == "recovery.link" || measure == "at_once" || measure.starts_with("limit.") ||
           measure.starts_with("xray.");
  }

  std::vector<NamedMeasure> take() { return std::move(all_); }

 private:
  const Recording& recording_;
  std::vector<NamedMeasure> all_;
};

double at(const std::vector<Duration>& sorted, PerMille p) { return seconds(quantile(sorted, p)); }

std::string class_of(const Request& request) {
  std::string klass(code_of(request));
  if (!request.reason.empty()) klass += " " + request.reason;
  return klass;
}

// What clients were told of the requests they sent under the fault, one row per class.
std::vector<StatusRow> told_under(const Recording& recording, const std::string& fault) {
  const auto window = window_of(recording, fault);
  if (!window) return {};
  std::map<std::string, std::vector<Duration>> classes;
  for (const Request& request : recording.requests)
    if (window->span().holds(request.sent)) classes[class_of(request)].push_back(request.latency());
  std::vector<StatusRow> rows;
  for (auto& [klass, latencies] : classes) {
    std::ranges::sort(latencies);
    rows.push_back({klass, latencies.size(), at(latencies, 500), at(latencies, 950),
                    at(latencies, 990), at(latencies, 1000)});
  }
  return rows;
}

FaultReport report_on(const Recording& recording, const FaultPlan& plan, Computed& table) {
  FaultReport fault;
  if (const FaultRecord* record = recording.fault(plan.id); record != nullptr) {
    fault.record = *record;
  } else {
    fault.record.id = plan.id;
    fault.record.kind = plan.kind;
    fault.record.on = plan.on;
    fault.record.planned_on = Instant{} + plan.at;
    fault.record.planned_off = Instant{} + fault_end(recording.drill, plan);
  }
  for (const std::string_view measure : measures_of_a_fault)
    fault.measures.push_back(table.get(measure, {plan.id}));
  for (const std::uint16_t status : plan.signature.status)
    fault.measures.push_back(table.get("told", {plan.id, std::to_string(status)}));
  fault.told = told_under(recording, plan.id);
  return fault;
}

std::vector<std::string> phases_of(const Drill& drill) {
  if (drill.faults.empty()) return {"all"};
  std::vector<std::string> phases = {"baseline"};
  for (const FaultPlan& fault : drill.faults) phases.push_back(fault.id);
  phases.emplace_back("recovery");
  return phases;
}

// Its phases: those of the drill, and its own stages.
void measure_workload(const Drill& drill, std::size_t index, Computed& table) {
  const WorkloadPlan& workload = drill.workloads[index];
  std::vector<std::string> phases = phases_of(drill);
  for (const Stage& stage : stages_of(drill, index))
    if (!stage.plan->name.empty()) phases.push_back(stage.plan->name);
  for (const std::string& phase : phases) {
    for (const std::string_view measure : measures_of_a_phase)
      table.get(measure, {workload.name, phase});
    for (const RequestPlan& kind : workload.mix)
      for (const std::string_view measure : measures_of_a_phase)
        table.get(measure, {kind_name(workload, kind), phase});
    if (workload.wait_header.empty()) continue;
    for (const std::string_view measure : measures_of_a_wait)
      table.get(measure, {workload.name, phase});
  }
  for (const Spike& spike : spikes_of(drill, index))
    if (!spike.spike.plan->name.empty()) table.get("spike.recovery", {spike.spike.plan->name});
}

void measure_defaults(const Recording& recording, Computed& table) {
  const Drill& drill = recording.drill;
  if (drill.xray) return;  // it offered nothing
  for (std::size_t i = 0; i < drill.workloads.size(); ++i) measure_workload(drill, i, table);
  for (const std::string_view measure : measures_of_the_ledger) table.get(measure, {});
  if (drill.sinks.size() > 1)
    for (const SinkPlan& sink : drill.sinks)
      for (const std::string_view measure : {"stored", "lost", "duplicated"})
        table.get(measure, {sink.name});
  for (const LimitPlan& limit : drill.limits)
    for (const std::string_view measure : measures_of_a_limit) table.get(measure, {limit.name});
  for (const std::string_view measure : measures_of_the_generator) table.get(measure, {});
}

bool never_taken_out(const FaultRecord& record) {
  return record.armed_as != 0 && record.disarmed == Instant{};
}

// What is not in the recording could have been the evidence against: such a run never passes.
std::vector<std::string> reasons_inconclusive(const Recording& recording) {
  std::vector<std::string> reasons;
  for (const FaultPlan& plan : recording.drill.faults) {
    const FaultRecord* record = recording.fault(plan.id);
    if (record == nullptr || record->armed_as == 0)
      reasons.push_back("the fault " + plan.id + " was never armed");
    else if (never_taken_out(*record))
      reasons.push_back("the run ended before the fault " + plan.id + " was taken out");
    else if (!record->touched.any())
      reasons.push_back("the fault " + plan.id + " touched nothing");
  }
  if (recording.events_lost > 0)
    reasons.push_back("the journal overflowed: " + counted(recording.events_lost, "event") +
                      " missing");
  for (const std::string& gap : recording.gaps)
    reasons.push_back("the recording is incomplete: " + gap);
  return reasons;
}

std::string more(std::size_t n) { return n < 2 ? "" : " (and " + std::to_string(n - 1) + " more)"; }

std::string explained(const Finding& finding) {
  return finding.expectation.text + ": " +
         (finding.verdict == Verdict::fail ? "observed " + finding.observed : finding.reason);
}

// What a punctual generator or a calm baseline would not change. Other counts of the ledger can be
// spoiled by the generator itself (a message that was not sent is unanswered, too).
bool proves_by_itself(std::string_view measure) {
  return measure == "lost" || measure == "duplicated";
}

// aborted > invalid > fail > inconclusive > pass, with one exception: an expectation that fails on
// the ledger alone (a lost message is lost, whatever the baseline was) is not excused by an invalid
// run. Findings keep their own verdicts in any case.
void conclude(const Recording& recording, Report& report) {
  auto invalid = reasons_invalid(recording);
  for (const AuditRule& rule : report.audit)
    if (rule.state == AuditRule::State::violated)
      invalid.push_back("the numbers do not fit together: " + rule.rule + ": " + rule.numbers);
  const auto unclear = reasons_inconclusive(recording);
  std::vector<const Finding*> failed;
  std::vector<const Finding*> proven;
  std::vector<const Finding*> open;
  for (const Finding& finding : report.findings) {
    if (finding.verdict == Verdict::inconclusive) open.push_back(&finding);
    if (finding.verdict != Verdict::fail) continue;
    failed.push_back(&finding);
    if (proves_by_itself(finding.expectation.measure)) proven.push_back(&finding);
  }
  if (recording.ending != Ending::completed) {
    report.verdict = Verdict::aborted;
    report.reason = recording.why.empty() ? std::string(name(recording.ending)) : recording.why;
  } else if (!invalid.empty() && proven.empty()) {
    report.verdict = Verdict::invalid;
    report.reason = invalid.front() + more(invalid.size());
  } else if (!failed.empty()) {
    const Finding& first = invalid.empty() ? *failed.front() : *proven.front();
    report.verdict = Verdict::fail;
    report.reason = explained(first) + more(failed.size());
  } else if (!unclear.empty() || !open.empty()) {
    report.verdict = Verdict::inconclusive;
    report.reason = unclear.empty() ? explained(*open.front()) + more(open.size())
                                    : unclear.front() + more(unclear.size());
  } else {
    report.verdict = Verdict::pass;
  }
  for (const std::string& reason : invalid) report.notes.push_back("invalid: " + reason);
  for (const std::string& reason : unclear) report.notes.push_back("inconclusive: " + reason);
}

// Requests that met both worlds, sent before the fault and answered under it, and what they were
// told. Empty: there were none.
std::string straddlers(const Recording& recording, const FaultWindow& window) {
  std::map<std::string, std::uint64_t> classes;
  std::uint64_t n = 0;
  for (const Request& request : recording.requests) {
    if (request.sent >= window.on || request.ended < window.on) continue;
    ++classes[class_of(request)];
    ++n;
  }
  if (n == 0) return "";
  std::string told;
  for (const auto& [klass, times] : classes)
    told += (told.empty() ? "" : ", ") + klass + (times == n ? "" : " x" + std::to_string(times));
  return counted(n, "straddler") + ", in flight when " + window.plan->id + " began (told " + told +
         "), in no quantile of the baseline";
}

void add_notes(const Recording& recording, Report& report) {
  for (const FaultPlan& plan : recording.drill.faults) {
    const auto window = window_of(recording, plan.id);
    if (!window) continue;
    if (std::string note = straddlers(recording, *window); !note.empty())
      report.notes.push_back(std::move(note));
  }
  for (const SinkReading& sink : recording.sinks)
    if (!sink.complete)
      report.notes.push_back("the reading of " + sink.sink + " is incomplete: " + sink.why_not);
  for (const ProcessRecord& process : recording.processes)
    if (!process.expected_end && !process.ending.empty())
      report.notes.push_back("the process " + process.name + " ended by itself: " + process.ending);
}

// What the contract promises is kept or not; a reader wants to see what was found instead.
void show_found(const XrayPlan& plan, const xray::Answers& answers, Finding& finding) {
  const std::string& name = finding.expectation.arguments.front();
  xray::Answer answer = answers.find(name)->second;
  if (finding.verdict == Verdict::inconclusive) return;
  const auto& promised = plan.contract.find(name)->second.counts;
  std::erase_if(answer.counts, [&](const auto& one) { return !promised.contains(one.first); });
  finding.observed = answer.state == xray::State::no_breaker_seen ? "no breaker seen"
                                                                  : xray::value_text(name, answer);
  if (finding.verdict == Verdict::fail) finding.reason = "observed " + finding.observed;
}

}  // namespace

std::string_view name(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::fail:
      return "fail";
    case Verdict::inconclusive:
      return "inconclusive";
    case Verdict::invalid:
      return "invalid";
    case Verdict::aborted:
      return "aborted";
  }
  return "";
}

int exit_code(Verdict verdict, const Recording& recording) {
  switch (verdict) {
    case Verdict::pass:
      return 0;
    case Verdict::fail:
      return 1;
    case Verdict::inconclusive:
    case Verdict::invalid:
      return 3;
    case Verdict::aborted:
      return recording.signal > 0 ? 128 + recording.signal : 4;
  }
  return 4;
}

Report make_report(const Recording& recording) {
  Report report;
  Computed table(recording);
  for (const FaultPlan& plan : recording.drill.faults)
    report.faults.push_back(report_on(recording, plan, table));
  measure_defaults(recording, table);
  report.xray = judged_answers(recording);
  for (const Expectation& expectation : recording.drill.expectations) {
    const MeasureKind* kind = find_measure_kind(expectation.measure);
    assert(kind != nullptr);
    const NamedMeasure& measure = table.get(expectation.measure, expectation.arguments);
    report.findings.push_back(judge(expectation, *kind, measure.measure));
    if (report.xray && kind == &measures::xray_kept)
      show_found(*recording.drill.xray, *report.xray, report.findings.back());
  }
  report.measures = table.take();
  report.audit = audit_of(recording, report.measures);
  conclude(recording, report);
  add_notes(recording, report);
  return report;
}

}  // namespace faultline
