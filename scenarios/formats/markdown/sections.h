#pragma once

// The sections of report.md, in its order. Each writes its title and what belongs under it, or one
// line that says why nothing does.

#include "scenarios/formats/markdown/figures.h"
#include "scenarios/formats/markdown/page.h"

namespace faultline::markdown {

// opening.cc: which run this is and what came of it.
void header(Page& page, const Story& story);
void summary(Page& page, const Story& story);
void configuration(Page& page, const Story& story);

// load.cc: what clients saw, by workload and phase.
void performance(Page& page, const Story& story);
void throughput(Page& page, const Story& story);
void errors(Page& page, const Story& story);

// stages.cc: what the steps of a load did. stages() is a part of the section on throughput.
void stages(Page& page, const Story& story);
void spike(Page& page, const Story& story);

// kinds.cc: the kinds of request of a mixed load, and what asks for the service's health.
void mixes(Page& page, const Story& story);
void health(Page& page, const Story& story);

// links.cc: what went over the proxies.
void resources(Page& page, const Story& story);
void connections(Page& page, const Story& story);
void queries(Page& page, const Story& story);

// breaker.cc: when breakers opened, by the wire and by the service's own events.
void breaker(Page& page, const Story& story);

// xray.cc: what an X-ray found, answer by answer.
void xray(Page& page, const Story& story);

// limits.cc: whether the service's rate limits decide as they are declared.
void limits(Page& page, const Story& story);

// failures.cc: a section per fault.
void failures(Page& page, const Story& story);

// ledger.cc: what became of every message, in all and by sink.
void ledger(Page& page, const Story& story);
// fates.cc: a part of it, on the exchanges of proxies.
void fates(Page& page, const Story& story);

// closing.cc: whether the numbers fit together, and what to make of them.
void audit(Page& page, const Story& story);
void baselines(Page& page, const Story& story);
void scaling(Page& page, const Story& story);
void acceptance(Page& page, const Story& story);
void notes(Page& page, const Story& story);

// log.cc: the load's totals in the columns that load tests print.
void log(Page& page, const Story& story);

}  // namespace faultline::markdown
