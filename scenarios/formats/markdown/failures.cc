// A section per fault: the answers in one line each, the evidence below, and a strip of time.

#include "scenarios/formats/markdown/sections.h"
#include "scenarios/formats/markdown/strip.h"
#include "scenarios/report/figure.h"
#include "scenarios/report/verdict.h"

namespace faultline::markdown {
namespace {

void in_short(Page& page, const Story& story, const FaultRecord& record) {
  const std::string of = "(" + record.id + ")";
  const auto said = [&](const char* measure) { return cell(story, measure, of); };
  page.line("");
  page.line("- Detection time: " + said("detection.wire") + " on the wire · " + said("detection") +
            " first told · " + said("detection.complete") + " all told");
  page.line("- Recovery time: first attempt " + said("recovery.attempt") +
            " · first success on the link " + said("recovery.link") + " · of a client " +
            said("recovery.first") + " · in full " + said("recovery.full"));
  page.line("- Message loss, of the whole run: " + cell(story, "lost", "") + " lost · " +
            cell(story, "duplicated", "") + " duplicated");
}

void timeline(Page& page, const Story& story, const FaultRecord& record) {
  const Strip strip = strip_of(story.recording, record);
  if (strip.lines.empty())
    return page.nothing(
        "a strip of time; no request met the fault, or it was in force for no time");
  page.paragraph("A column is " + length(strip.column) + ", `#` stands for " +
                 counted(strip.most, "request") + ", a blank for none:");
  page.verbatim(strip.lines);
  page.nothing("the depth of queues and the state of breakers over time; no measure reads them");
}

void failure(Page& page, const Story& story, const FaultReport& fault) {
  const FaultRecord& record = fault.record;
  page.section("Failure scenario: " + plain(record.id));
  page.paragraph(plain(record.kind) + " on " + plain(joined(record.on)));
  if (record.armed_as == 0) return page.nothing("the fault was never armed");
  const Touched& touched = record.touched;
  page.paragraph("Touched: " + counted(touched.connections, "connection") + ", " +
                 counted(touched.messages, "message") + ", " + counted(touched.bytes, "byte"));
  in_short(page, story, record);
  timeline(page, story, record);
  std::vector<Row> points;
  for (const NamedMeasure& named : fault.measures)
    points.push_back({plain(named.name), plain(observed(named.measure, named.unit)),
                      plain(named.measure.reason)});
  page.table({"Measure", "Observed", "Reason"}, points, "nothing is measured of this fault");
  std::vector<Row> told;
  for (const StatusRow& one : fault.told) {
    told.push_back({plain(one.klass), std::to_string(one.count)});
    for (const double latency : {one.p50, one.p95, one.p99, one.max})
      told.back().push_back(formatted(latency, Unit::duration));
  }
  page.table({"Told", "n", "P50", "P95", "P99", "Max"}, told,
             "what clients were told; no request was sent under the fault");
}

}  // namespace

void failures(Page& page, const Story& story) {
  if (story.report.faults.empty())
    return page.not_collected("Failure scenarios", "the drill has no fault");
  for (const FaultReport& one : story.report.faults) failure(page, story, one);
}

}  // namespace faultline::markdown
