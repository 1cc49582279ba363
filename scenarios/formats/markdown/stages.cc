// What the steps of a load did: how much was answered in each stage, and spikes.

#include "scenarios/measures/stages.h"
#include "scenarios/formats/markdown/sections.h"
#include "scenarios/report/figure.h"

namespace faultline::markdown {
namespace {

std::string load_of(const Stage& stage, double load) {
  return formatted(load, Unit::count) +
         (stage.workload->model == LoadModel::rate ? "/s" : " users");
}

std::string name_of(const Stage& stage, std::size_t ordinal) {
  return stage.plan->name.empty() ? "stage " + std::to_string(ordinal) : plain(stage.plan->name);
}

std::string in_stage(const Stage& stage) {
  return "(" + stage.workload->name + ", " + stage.plan->name + ")";
}

// N/(R+Z): what a closed load cannot exceed, however quick the answers (Little's law).
std::string bound(const Story& story, const Stage& stage) {
  if (!stage.plateau()) return "";
  if (stage.workload->model == LoadModel::rate)
    return formatted(stage.plan->target, Unit::count) + ", the schedule";
  const Measure* mean = story.find("mean" + in_stage(stage));
  if (mean == nullptr || mean->certainty != Certainty::known) return "cannot tell";
  const double think = seconds(stage.workload->think) + seconds(stage.workload->think_spread) / 2;
  const double turn = mean->value + think;
  return turn <= 0 ? "none" : formatted(stage.plan->target / turn, Unit::count) + ", N/(R+Z)";
}

// A ramp holds every load between its ends, so it is neither compared nor the maximum.
void add_stages(std::vector<Row>& rows, const Story& story, std::size_t workload) {
  const Measure* before = nullptr;
  double load_before = 0;
  double most = 0;
  std::size_t at = 0;
  std::size_t ordinal = 0;
  for (const Stage& stage : stages_of(story.drill, workload)) {
    const Measure* rate = story.find("rate" + in_stage(stage));
    const bool known = rate != nullptr && rate->certainty == Certainty::known;
    Row row = {plain(stage.workload->name),
               name_of(stage, ++ordinal),
               stage.plateau() ? load_of(stage, stage.from)
                               : "ramp, " + load_of(stage, stage.from) + " to " +
                                     load_of(stage, stage.plan->target),
               length(stage.span.length()),
               known ? std::to_string(rate->n) : "0",
               known ? formatted(rate->value, Unit::count) : "cannot tell",
               bound(story, stage),
               ""};
    if (stage.plan->name.empty()) row[5] = "not measured: the stage has no name";
    if (known && stage.plateau()) {
      if (rate->value > most) {
        most = rate->value;
        at = rows.size();
      }
      if (before != nullptr && rate->value < before->value && stage.plan->target >= load_before)
        row.back() = "-" + formatted(1 - rate->value / before->value, Unit::ratio) +
                     " to the plateau before";
      before = rate;
      load_before = stage.plan->target;
    }
    rows.push_back(row);
  }
  if (most <= 0) return;
  std::string& mark = rows[at].back();
  mark = mark.empty() ? "maximum achieved" : "maximum achieved; " + mark;
}

// How long the backlog of a closed load takes to drain: it holds the users that left, at most.
std::string drain(const Story& story, const Spike& spike) {
  if (spike.spike.workload->model != LoadModel::vus) return "not told of an open load";
  const Measure* capacity = story.find("rate" + in_stage(spike.spike));
  const Measure* normal = story.find("rate" + in_stage(spike.before));
  if (capacity == nullptr || normal == nullptr || capacity->certainty != Certainty::known ||
      normal->certainty != Certainty::known || capacity->value <= normal->value)
    return "cannot tell";
  const double users = spike.spike.plan->target - spike.after.plan->target;
  return "about " + formatted(users / (capacity->value - normal->value), Unit::duration) +
         ", (N spike - N after) / (answered in the spike - before it)";
}

void add_spike(Page& page, const Story& story, const Spike& spike) {
  const WorkloadPlan& workload = *spike.spike.workload;
  page.subsection(plain(spike.spike.plan->name));
  page.paragraph("Normal load: " + load_of(spike.before, spike.before.from) +
                 " · Spike to: " + load_of(spike.spike, spike.spike.from) +
                 " · Spike duration: " + length(spike.spike.span.length()));
  std::vector<Row> rows;
  for (const auto& [label, stage] :
       {std::pair("Pre-spike", &spike.before), std::pair("During the spike", &spike.spike),
        std::pair("Post-spike", &spike.after)}) {
    const std::string of = in_stage(*stage);
    const Measure* p99 = story.find("p99" + of);
    Row row = {label,
               p99 == nullptr ? "0" : std::to_string(p99->n),
               cell(story, "rate", of),
               cell(story, "mean", of),
               cell(story, "p99", of),
               cell(story, "errors", of)};
    if (!workload.wait_header.empty())
      for (const char* measure : {"wait.mean", "wait.max", "wait.share", "wait.max_to_mean"})
        row.push_back(cell(story, measure, of));
    rows.push_back(row);
  }
  Row head = {"Phase", "n", "Answered per second", "Mean", "P99", "Errors"};
  if (!workload.wait_header.empty())
    head.insert(head.end(), {"Mean wait", "Max wait", "Share waiting", "Max to mean"});
  page.table(head, rows, "");
  const Timing& timing = story.drill.timing;
  page.paragraph(
      "Recovery time: " + cell(story, "spike.recovery", "(" + spike.spike.plan->name + ")") +
      " (windows of " + length(timing.window) + " as before the spike, held for " +
      length(timing.hold) + "; resolution " + length(timing.step) + ")");
  page.paragraph("Backlog of the spike, from its load: " + drain(story, spike));
  page.paragraph("Message loss: " + cell(story, "lost", "") + " of all of the run");
  if (workload.wait_header.empty())
    page.nothing("waits in the service; the workload names no header that tells them");
  else
    page.paragraph("Waits are the service's own words, of its header " +
                   plain(workload.wait_header) + ", over all who were answered with it.");
}

bool named(const Spike& spike) {
  return !spike.before.plan->name.empty() && !spike.spike.plan->name.empty() &&
         !spike.after.plan->name.empty();
}

}  // namespace

void stages(Page& page, const Story& story) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < story.drill.workloads.size(); ++i) add_stages(rows, story, i);
  if (rows.empty()) return;
  page.subsection("By stage");
  page.table({"Workload", "Stage", "Load", "Lasts", "n", "Answered per second", "Bound", ""}, rows,
             "");
  page.paragraph(
      "Of what was sent in the stage, the warm-up cut off. A ramp is every load between its ends: "
      "its number holds of none, and it is not compared.");
}

void spike(Page& page, const Story& story) {
  page.section("Spike test");
  std::size_t found = 0;
  bool nameless = false;
  for (std::size_t i = 0; i < story.drill.workloads.size(); ++i) {
    for (const Spike& one : spikes_of(story.drill, i)) {
      nameless = nameless || !named(one);
      if (!named(one)) continue;
      add_spike(page, story, one);
      ++found;
    }
  }
  if (nameless) page.nothing("a spike whose stages, or those beside it, have no name");
  if (found == 0 && !nameless)
    page.nothing("no workload has a stage of constant load between two lower ones");
}

}  // namespace faultline::markdown
