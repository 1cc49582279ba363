// What clients saw, by workload and phase. A row is a number, a column a phase, so that what a
// fault did is read from left to right.

#include <algorithm>
#include <map>

#include "scenarios/formats/markdown/sections.h"
#include "scenarios/measures/phases.h"
#include "scenarios/measures/quantile.h"
#include "scenarios/measures/samples.h"
#include "scenarios/report/figure.h"

namespace faultline::markdown {
namespace {

struct Metric {
  const char* label;
  const char* kind;
};
constexpr Metric latencies[] = {{"Avg", "mean"}, {"P50", "p50"}, {"P90", "p90"}, {"P95", "p95"},
                                {"P99", "p99"},  {"Max", "max"}, {"Min", "min"}};

// What the drill expects of a number of this workload, or of the proxy that it goes through.
void add_thresholds(Row& row, const Story& story, const WorkloadPlan& workload,
                    const std::string& kind) {
  std::vector<std::string> thresholds;
  std::vector<std::string> verdicts;
  for (const Finding& one : story.report.findings) {
    const Expectation& asked = one.expectation;
    if (asked.measure != kind || asked.arguments.empty()) continue;
    if (asked.arguments[0] != workload.name && asked.arguments[0] != workload.through) continue;
    thresholds.push_back(plain(asked.text));
    verdicts.push_back(status(one.verdict));
  }
  row.push_back(joined(thresholds));
  row.push_back(joined(verdicts));
}

// How many observations lie beyond the quantile: what it rests on.
std::string beyond_p99(const Measure& measure) {
  const std::uint64_t rank = (measure.n * 990 + 999) / 1000;
  return " (" + std::to_string(measure.n - rank) + " beyond)";
}

void everything(Page& page, const Story& story, const WorkloadPlan& workload) {
  const std::vector<std::string> phases = phases_of(story.drill);
  Row total = {"Total"};
  Row successful = {"Successful"};
  Row failed = {"Failed"};
  for (const std::string& phase : phases) {
    const Measure* errors = story.find("errors(" + workload.name + ", " + phase + ")");
    const bool known = errors != nullptr && errors->certainty == Certainty::known;
    const std::uint64_t n = known ? errors->n : 0;
    const std::uint64_t wrong = known ? part_of(*errors) : 0;
    total.push_back(known ? std::to_string(n) : "cannot tell");
    successful.push_back(known ? share(n - wrong, n) : "cannot tell");
    failed.push_back(known ? share(wrong, n) : "cannot tell");
  }
  total.insert(total.end(), {"", ""});
  successful.insert(successful.end(), {"", ""});
  add_thresholds(failed, story, workload, "errors");
  std::vector<Row> rows = {total, successful, failed};
  for (const Metric& metric : latencies) {
    Row row = {metric.label};
    for (const std::string& phase : phases) {
      const std::string of = "(" + workload.name + ", " + phase + ")";
      row.push_back(cell(story, metric.kind, of));
      const Measure* measure = story.find(metric.kind + of);
      if (std::string_view(metric.kind) == "p99" && measure != nullptr && measure->n > 0)
        row.back() += beyond_p99(*measure);
    }
    add_thresholds(row, story, workload, metric.kind);
    rows.push_back(row);
  }
  Row head = {"All requests"};
  for (const std::string& phase : phases) head.push_back(plain(phase));
  head.insert(head.end(), {"Threshold", "Status"});
  page.table(head, rows, "");
}

std::vector<Duration> successful_of(const Recording& recording, const std::string& workload,
                                    const std::string& phase) {
  std::vector<Duration> waits;
  const auto samples = samples_of(recording, workload, phase);
  if (!samples) return waits;
  for (const Sample& sample : samples->all)
    if (!sample.failed) waits.push_back(sample.latency);
  std::ranges::sort(waits);
  return waits;
}

void only_successful(Page& page, const Story& story, const WorkloadPlan& workload) {
  const std::string missing = requests_missing(story.recording);
  if (!missing.empty()) return page.nothing("successful requests only; " + plain(missing));
  std::vector<Row> rows = {{"Total"}};
  for (const Metric& metric : latencies) rows.push_back({metric.label});
  Row head = {"Successful only"};
  for (const std::string& phase : phases_of(story.drill)) {
    head.push_back(plain(phase));
    const auto waits = successful_of(story.recording, workload.name, phase);
    rows[0].push_back(std::to_string(waits.size()));
    if (waits.empty()) {
      for (std::size_t i = 1; i < rows.size(); ++i) rows[i].push_back("none");
      continue;
    }
    double sum = 0;
    for (const Duration wait : waits) sum += seconds(wait);
    rows[1].push_back(formatted(sum / static_cast<double>(waits.size()), Unit::duration));
    std::size_t row = 2;
    for (const PerMille p : {500U, 900U, 950U, 990U, 1000U})
      rows[row++].push_back(length(quantile(waits, p)));
    rows[row].push_back(length(waits.front()));
  }
  page.table(head, rows, "");
}

// N/(R+Z): what a closed load cannot exceed, however quick the answers (Little's law).
std::string bound(const Story& story, const WorkloadPlan& workload, const std::string& of) {
  if (!workload.stages.empty()) return "by stages";
  if (workload.model == LoadModel::rate)
    return formatted(workload.rate, Unit::count) +
           (workload.retries > 0 ? ", the schedule, besides retries" : ", the schedule");
  const Measure* mean = story.find("mean" + of);
  if (mean == nullptr || mean->certainty != Certainty::known) return "cannot tell";
  const double turn = mean->value + seconds(workload.think) + seconds(workload.think_spread) / 2;
  if (turn <= 0) return "none";
  return formatted(static_cast<double>(workload.vus) / turn, Unit::count) + ", N/(R+Z)";
}

void throughput_rows(std::vector<Row>& rows, const Story& story, const WorkloadPlan& workload) {
  const Measure* before = nullptr;
  double most = -1;
  std::size_t at = rows.size();
  for (const std::string& phase : phases_of(story.drill)) {
    const std::string of = "(" + workload.name + ", " + phase + ")";
    const Measure* rate = story.find("rate" + of);
    const bool known = rate != nullptr && rate->certainty == Certainty::known;
    Row row = {plain(workload.name), plain(phase), known ? std::to_string(rate->n) : "0",
               "cannot tell"};
    std::string change;
    if (known) {
      row[3] = formatted(rate->value, Unit::count);
      // One request more or less in the phase.
      if (rate->n > 0)
        row[3] += " ± " + formatted(rate->value / static_cast<double>(rate->n), Unit::count);
      if (before != nullptr && before->value > 0) {
        const double by = rate->value / before->value - 1;
        change = (by < 0 ? "-" : "+") + formatted(by < 0 ? -by : by, Unit::ratio);
      }
      if (rate->value > most) {
        most = rate->value;
        at = rows.size();
      }
      before = rate;
    }
    row.push_back(change);
    row.push_back(bound(story, workload, of));
    row.emplace_back();
    rows.push_back(row);
  }
  if (most > 0) rows[at].back() = "maximum achieved";
}

using Counts = std::map<std::string, std::vector<std::uint64_t>>;  // class -> per column

Counts failures_by_class(const Story& story, const std::vector<std::string>& phases) {
  std::vector<std::expected<Phase, std::string>> spans;
  for (const std::string& phase : phases) spans.push_back(phase_of(story.recording, phase));
  Counts counts;
  for (const Request& request : story.recording.requests) {
    if (!request.failed()) continue;
    const std::string klass =
        std::string(code_of(request)) + (request.reason.empty() ? "" : " ") + request.reason;
    auto& columns = counts[klass];
    columns.resize(phases.size() + 2);  // all, then the phases, then none of them
    ++columns[0];
    bool anywhere = false;
    for (std::size_t i = 0; i < spans.size(); ++i) {
      if (!spans[i] || !spans[i]->holds(request.sent, request.ended)) continue;
      ++columns[i + 1];
      anywhere = true;
    }
    if (!anywhere) ++columns.back();
  }
  return counts;
}

}  // namespace

void performance(Page& page, const Story& story) {
  page.section("Performance metrics");
  if (story.drill.workloads.empty()) return page.nothing("the drill has no workload");
  for (const WorkloadPlan& workload : story.drill.workloads) {
    page.subsection(plain(workload.name) + " results");
    everything(page, story, workload);
    only_successful(page, story, workload);
  }
}

void throughput(Page& page, const Story& story) {
  page.section("Throughput");
  std::vector<Row> rows;
  for (const WorkloadPlan& workload : story.drill.workloads) throughput_rows(rows, story, workload);
  page.table({"Workload", "Phase", "n", "Answered per second", "To the phase before", "Bound", ""},
             rows, "the drill has no workload");
  stages(page, story);
}

void errors(Page& page, const Story& story) {
  page.section("Error distribution");
  const Recording& recording = story.recording;
  if (recording.requests.empty()) return page.nothing("no request was made");
  const std::string missing = requests_missing(recording);
  if (!missing.empty()) page.paragraph("Of those that were recorded only: " + plain(missing));
  const std::vector<std::string> phases = phases_of(story.drill);
  const Counts counts = failures_by_class(story, phases);
  std::uint64_t failed = 0;
  for (const auto& [klass, columns] : counts) failed += columns[0];
  page.paragraph("Failed requests, warm-up included: " + share(failed, recording.requests.size()));
  if (counts.empty()) return;
  Row head = {"Class", "Requests", "Of all failed"};
  for (const std::string& phase : phases) head.push_back(plain(phase));
  head.emplace_back("Elsewhere");
  std::vector<Row> rows;
  for (const auto& [klass, columns] : counts) {
    rows.push_back({plain(klass), std::to_string(columns[0]), share(columns[0], failed)});
    for (std::size_t i = 1; i < columns.size(); ++i)
      rows.back().push_back(std::to_string(columns[i]));
  }
  page.table(head, rows, "");
  page.paragraph(
      "Elsewhere: in none of these phases, as in the warm-up or in flight when a fault began.");
  page.nothing("by origin; an answer does not say whether the service or a balancer wrote it");
}

}  // namespace faultline::markdown
