// What an X-ray found: every answer, with the experiment behind it.

#include "scenarios/formats/markdown/sections.h"
#include "scenarios/report/figure.h"

namespace faultline::markdown {
namespace {

// Of a series there is a value beside its word: how long it was open each time.
std::string value_of(std::string_view name, const xray::Answer& answer) {
  std::string value = xray::value_text(name, answer);
  for (const xray::Range& range : answer.series) {
    value += (&range == &answer.series.front() ? ": " : ", ") +
             formatted(range.low, Unit::duration) + " to " + formatted(range.high, Unit::duration);
  }
  return value;
}

}  // namespace

void xray(Page& page, const Story& story) {
  page.section("X-ray");
  if (!story.drill.xray) return page.nothing("the drill has no [xray]");
  const XrayPlan& plan = *story.drill.xray;
  page.paragraph("The " + plain(plan.kind) + " of the service, by driving " +
                 plain(plan.request.method + " " + plan.drive) + " and answering in the place of " +
                 plain(plan.on) + ". Contract: " +
                 (plan.contract.empty()        ? "none"
                  : plan.contract_file.empty() ? "in the drill"
                                               : plain(plan.contract_file)));
  if (!story.report.xray || !story.recording.xray)
    return page.nothing("what it found; it did not come to its end");
  const XrayRecord& record = *story.recording.xray;
  page.paragraph("It took " + instant(record.ended) + " of at most " + length(plan.within) + ", " +
                 counted(record.calls, "call") + " and " + counted(record.attempts, "attempt") +
                 " of the service.");
  std::vector<Row> rows;
  for (const std::string_view name : xray::names) {
    const xray::Answer& answer = story.report.xray->find(name)->second;
    const auto end = [&](double xray::Range::* of) {
      return answer.range ? xray::figure((*answer.range).*of) : std::string();
    };
    rows.push_back({std::string(name), std::string(xray::name(answer.state)),
                    plain(value_of(name, answer)), end(&xray::Range::low), end(&xray::Range::high),
                    plain(answer.evidence)});
  }
  page.table({"Answer", "State", "Value", "Low", "High", "Evidence"}, rows, "");
}

}  // namespace faultline::markdown
