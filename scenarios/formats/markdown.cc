// report.md: the report at length, for a wiki or a merge request. Its sections always are the same,
// in the same order; one for which nothing was collected says so and why, because a section that is
// missing reads like one that was fine. Each is written in scenarios/formats/markdown/.

#include "scenarios/formats/formats.h"
#include "scenarios/formats/markdown/sections.h"

namespace faultline::formats {
namespace {

std::string render(const Report& report, const Recording& recording) {
  const markdown::Story story{report, recording, recording.drill};
  markdown::Page page;
  markdown::header(page, story);
  markdown::summary(page, story);
  markdown::configuration(page, story);
  markdown::performance(page, story);
  markdown::throughput(page, story);
  markdown::errors(page, story);
  markdown::resources(page, story);
  markdown::connections(page, story);
  markdown::limits(page, story);
  markdown::breaker(page, story);
  markdown::xray(page, story);
  markdown::health(page, story);
  markdown::queries(page, story);
  markdown::spike(page, story);
  page.not_collected("Soak test", "no measure looks for a trend over the length of a run");
  markdown::mixes(page, story);
  markdown::failures(page, story);
  markdown::ledger(page, story);
  markdown::audit(page, story);
  page.not_collected("Bottlenecks",
                     "no resource of the service is sampled, so none can be called the first");
  markdown::baselines(page, story);
  markdown::scaling(page, story);
  markdown::acceptance(page, story);
  markdown::log(page, story);
  markdown::notes(page, story);
  return page.take();
}

}  // namespace

const ReportFormat markdown = {"markdown", "report.md", render};

}  // namespace faultline::formats
