// The ledger: what became of every message, in all and by sink. The ids that a person would look up
// next are named, as many as fit on a line.

#include <algorithm>
#include <set>

#include "scenarios/formats/markdown/sections.h"
#include "scenarios/report/figure.h"
#include "scenarios/report/verdict.h"

namespace faultline::markdown {
namespace {

constexpr std::size_t most_ids = 10;

std::set<std::string> acknowledged_in(const Recording& recording) {
  std::set<std::string> ids;
  for (const Request& request : recording.requests)
    if (request.acknowledged()) ids.insert(request.id);
  return ids;
}

std::string named(const std::vector<std::string>& ids) {
  if (ids.empty()) return "none";
  std::string out;
  for (std::size_t i = 0; i < std::min(ids.size(), most_ids); ++i)
    out += (i == 0 ? "" : ", ") + plain(ids[i]);
  if (ids.size() > most_ids) out += " and " + std::to_string(ids.size() - most_ids) + " more";
  return out;
}

std::string count(const Story& story, const std::string& name) { return cell(story, name, ""); }

// Of those whose sender was promised nothing, that is refused or never answered.
std::string difference(const Story& story, const std::vector<std::string>& of,
                       const std::string& without) {
  double left = 0;
  for (const std::string& name : of) {
    const Measure* measure = story.find(name);
    if (measure == nullptr || measure->certainty != Certainty::known) return "cannot tell";
    left += measure->value;
  }
  const Measure* measure = story.find(without);
  if (measure == nullptr || measure->certainty != Certainty::known) return "cannot tell";
  return formatted(left - measure->value, Unit::count);
}

void matrix(Page& page, const Story& story) {
  page.table({"Sender was told", "Stored", "Not stored"},
             {{"acknowledged", difference(story, {"acknowledged"}, "lost"),
               "**lost " + count(story, "lost") + "**"},
              {"refused or nothing", count(story, "stored_unacknowledged"),
               difference(story, {"refused", "unanswered"}, "stored_unacknowledged")}},
             "");
}

void sink(Page& page, const Story& story, const SinkPlan& plan) {
  page.subsection("Sink " + plain(plan.name));
  const auto& readings = story.recording.sinks;
  const auto reading = std::ranges::find(readings, plan.name, &SinkReading::sink);
  if (reading == readings.end()) return page.nothing("the sink was not read");
  if (!reading->complete)
    return page.nothing("the reading is incomplete: " + plain(reading->why_not));
  page.paragraph(plain(plan.kind) + ", read at " + instant(reading->read_at) + ", at rest for " +
                 length(plan.quiet) + "; it held " + counted(reading->stored.size(), "message id") +
                 ".");
  const std::string missing = requests_missing(story.recording);
  if (!missing.empty()) return page.nothing("ids; " + plain(missing));
  std::vector<std::string> lost;
  for (const std::string& id : acknowledged_in(story.recording))
    if (!reading->stored.contains(id)) lost.push_back(id);
  std::vector<std::string> more_than_once;
  for (const auto& [id, times] : reading->stored)
    if (times > 1) more_than_once.push_back(id);
  page.line("");
  page.line("- Acknowledged and not there: " + named(lost));
  page.line("- There more than once: " + named(more_than_once));
}

}  // namespace

void ledger(Page& page, const Story& story) {
  page.section("Ledger");
  if (story.drill.workloads.empty()) return page.nothing("the drill offers no message");
  if (story.drill.sinks.empty())
    page.nothing("what arrived; the drill has no sink");
  else
    matrix(page, story);
  std::vector<Row> rows;
  for (const NamedMeasure& named : story.report.measures) {
    const auto* kind = find_measure_kind(named.name.substr(0, named.name.find('(')));
    if (kind == nullptr || !kind->of_ledger) continue;
    rows.push_back({plain(named.name), plain(observed(named.measure, named.unit)),
                    plain(std::string(kind->summary)), plain(named.measure.reason)});
  }
  page.table({"Messages", "Observed", "Definition", "Reason"}, rows, "no measure counts messages");
  for (const SinkPlan& plan : story.drill.sinks) sink(page, story, plan);
  fates(page, story);
}

}  // namespace faultline::markdown
