// Which run this is, what came of it, and what was set up.

#include <algorithm>

#include "scenarios/drill/plan.h"
#include "scenarios/formats/markdown/sections.h"
#include "scenarios/report/figure.h"

namespace faultline::markdown {
namespace {

std::string load_of(const WorkloadPlan& plan) {
  const bool open = plan.model == LoadModel::rate;
  if (plan.stages.empty())
    return open ? formatted(plan.rate, Unit::count) + " per second"
                : counted(plan.vus, "virtual user");
  std::string load = open ? "requests per second:" : "virtual users:";
  for (const LoadStage& stage : plan.stages)
    load += " to " + formatted(stage.target, Unit::count) + " in " + length(stage.lasting) +
            (stage.name.empty() ? "" : " (" + plain(stage.name) + ")");
  return load;
}

std::string planned(const WorkloadPlan& plan) {
  if (plan.model == LoadModel::rate) return counted(planned_arrivals(plan), "message");
  double users = plan.stages.empty() ? static_cast<double>(plan.vus) * seconds(plan.lasting) : 0;
  double from = 0;
  for (const LoadStage& stage : plan.stages) {
    users += (from + stage.target) / 2 * seconds(stage.lasting);
    from = stage.target;
  }
  return formatted(users, Unit::count) + " VU·s";
}

std::string request_of(const WorkloadPlan& plan) {
  std::string text;
  for (const RequestPlan& kind : requests_of(plan)) {
    text += text.empty() ? "" : ", ";
    if (!kind.name.empty()) text += std::to_string(kind.weight) + " × " + kind.name + " ";
    text += kind.method + " " + kind.path;
  }
  if (plan.sources.pool > 0) text += ", from " + counted(plan.sources.pool, "source");
  return text;
}

void workloads(Page& page, const Drill& drill) {
  std::vector<Row> rows;
  for (const WorkloadPlan& one : drill.workloads) {
    const std::string to = one.target ? address(*one.target) : one.through;
    const std::string retries =
        one.retries == 0
            ? "none"
            : std::to_string(one.retries) + ", " + length(one.retry_after) + " after an attempt";
    rows.push_back({plain(one.name), plain(request_of(one)), plain(to), load_of(one),
                    length(one.lasting), planned(one), length(one.timeout), retries});
  }
  page.table({"Workload", "Request", "To", "Load", "Duration", "Planned", "Deadline", "Retries"},
             rows, "the drill has no workload");
}

void proxies(Page& page, const Story& story) {
  std::vector<Row> rows;
  for (const ProxySpec& one : story.drill.proxies) {
    const ProxyId id = story.recording.proxy(one.name);
    const auto seen = std::ranges::count_if(story.recording.events, [&](const Event& event) {
      return event.kind == EventKind::exchange && event.proxy == id;
    });
    rows.push_back({plain(one.name), plain(address(one.listen) + " -> " + address(one.upstream)),
                    plain(one.protocol),
                    in_place_of(story.drill, one) ? "none, the X-ray answered"
                    : one.protocol == "tcp"       ? "not read"
                                                  : std::to_string(seen)});
  }
  page.table({"Proxy", "Listen -> upstream", "Protocol", "Exchanges seen"}, rows,
             "the drill has no proxy");
}

void processes(Page& page, const Story& story) {
  std::vector<Row> rows;
  for (const ProcessRecord& one : story.recording.processes)
    rows.push_back({plain(one.name), instant(one.started), instant(one.ready), instant(one.ended),
                    plain(one.ending)});
  page.table({"Process", "Started", "Ready", "Ended", "Ending"}, rows,
             "the run started no process");
}

void timeline(Page& page, const Story& story) {
  std::vector<Row> rows;
  for (const FaultReport& one : story.report.faults) {
    const FaultRecord& record = one.record;
    const bool armed = record.armed_as != 0;
    const bool removed = armed && record.disarmed > record.commanded;
    rows.push_back({plain(record.id), plain(record.kind), plain(joined(record.on)),
                    instant(record.planned_on),
                    armed ? between(record.commanded, record.armed) : "never",
                    removed ? between(record.disarm_commanded, record.disarmed) : "not removed",
                    instant(record.planned_off)});
  }
  page.table({"Fault", "Kind", "On", "Planned", "Applied", "Until", "Planned until"}, rows,
             "the drill has no fault");
}

// How punctual it was; an X-ray has none.
std::string generator(const Story& story) {
  if (story.drill.xray) return "";
  return " · **Generator**: built-in, lag P99 " + cell(story, "generator.lag_p99", "") +
         ", late or not sent " + cell(story, "generator.late", "");
}

}  // namespace

void header(Page& page, const Story& story) {
  const Drill& drill = story.drill;
  const Recording& recording = story.recording;
  page.line("# Load Test Execution Results - " +
            plain(drill.title.empty() ? drill.name : drill.title));
  page.paragraph("**Status**: " + status(story.report.verdict) +
                 (story.report.reason.empty() ? "" : ", " + plain(story.report.reason)));
  page.paragraph("**Drill**: " + plain(drill.file) + " · **Seed**: " + std::to_string(drill.seed) +
                 " · **Tool**: faultline " + plain(recording.version) + generator(story));
  page.paragraph("**Start**: " + plain(recording.started_at) + " · **Load**: " +
                 (drill.xray ? "none, an X-ray of " + instant(recording.load_ended)
                             : "planned " + length(workload_end(drill)) + ", reached " +
                                   instant(recording.load_ended)) +
                 " · **Ending**: " + std::string(name(recording.ending)));
  std::vector<std::string> environment;
  for (const auto& [key, said] : recording.environment)
    environment.push_back(plain(key) + " " + plain(said));
  page.paragraph("**Environment**: " +
                 (environment.empty() ? "not recorded" : joined(environment)));
  page.paragraph(
      "How to read it: `a ± b`, `a -b +c` and `a in \\[b, c]` say how far the truth may be from a "
      "value; a duration that stands alone is exact, to its digits, on the clock of the run. n is "
      "how many observations a value rests on.");
}

void summary(Page& page, const Story& story) {
  page.section("Executive summary");
  const auto& findings = story.report.findings;
  const auto met = std::ranges::count(findings, Verdict::pass, &Finding::verdict);
  std::vector<std::string> faults;
  for (const FaultReport& one : story.report.faults)
    faults.push_back(plain(one.record.id) + " on " + plain(joined(one.record.on)));
  page.paragraph(std::to_string(met) + " of " + counted(findings.size(), "expectation") + " met; " +
                 counted(faults.size(), "fault") + (faults.empty() ? "" : ": " + joined(faults)) +
                 ".");
  std::vector<Row> rows;
  for (const Finding& one : findings) {
    const MeasureKind* kind = find_measure_kind(one.expectation.measure);
    rows.push_back({plain(one.expectation.call()), plain(kind->summary),
                    plain(target(one.expectation)), plain(one.observed), status(one.verdict),
                    plain(one.reason)});
  }
  page.table({"Metric", "Definition", "Target", "Actual", "Status", "Reason"}, rows,
             "the drill expects nothing");
}

void configuration(Page& page, const Story& story) {
  page.section("Test configuration");
  workloads(page, story.drill);
  proxies(page, story);
  processes(page, story);
  timeline(page, story);
}

}  // namespace faultline::markdown
