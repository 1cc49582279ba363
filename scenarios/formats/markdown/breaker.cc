// Circuit breakers: every opening as the wire shows it, then as the service tells it itself, and
// whether the two agree. Which breakers there are, the drill's expectations say: each pair of
// demand and link that a measure of breakers is asked for.

#include <algorithm>

#include "scenarios/formats/markdown/sections.h"
#include "scenarios/measures/breaker_claims.h"
#include "scenarios/measures/breaker_history.h"
#include "scenarios/measures/quantile.h"
#include "scenarios/report/figure.h"

namespace faultline::markdown {
namespace {

struct Breaker {
  std::string demand;
  std::string link;
  bool operator==(const Breaker&) const = default;
};

std::vector<Breaker> breakers_of(const Drill& drill) {
  std::vector<Breaker> breakers;
  for (const Expectation& one : drill.expectations) {
    if (!one.measure.starts_with("breaker.") || one.arguments.size() < 2) continue;
    const Breaker breaker{one.arguments[0], one.arguments[1]};
    if (std::ranges::find(breakers, breaker) == breakers.end()) breakers.push_back(breaker);
  }
  return breakers;
}

// The faults on the link that altered something while the calls failed that opened it.
std::string cause_of(const Recording& recording, const std::string& link,
                     const BreakerOpening& opening) {
  std::vector<std::string> causes;
  for (const FaultRecord& fault : recording.faults) {
    if (std::ranges::find(fault.on, link) == fault.on.end() || !fault.touched.any()) continue;
    if (fault.touched.first > opening.opened() || fault.touched.last < opening.first_failure)
      continue;
    causes.push_back("fault " + plain(fault.id) + " (" + plain(fault.kind) + ")");
  }
  return (causes.empty() ? "no injected fault" : joined(causes)) + ": " + plain(opening.code);
}

std::string p99(std::vector<Duration> waits) {
  if (waits.empty()) return "none";
  std::ranges::sort(waits);
  return length(quantile(waits, 990));
}

std::string open_for(const BreakerOpening& opening) {
  std::vector<std::string> periods;
  for (const BreakerCycle& cycle : opening.cycles)
    periods.push_back(cycle.probed ? length(*cycle.probed - cycle.opened)
                                   : "> " + length(cycle.refused_last - cycle.opened));
  return joined(periods);
}

std::string probes(const BreakerOpening& opening) {
  std::vector<std::string> all;
  for (const BreakerCycle& cycle : opening.cycles) {
    if (!cycle.probed) continue;
    const std::string how = cycle.probe == CallOutcome::success   ? "succeeded"
                            : cycle.probe == CallOutcome::failure ? "failed"
                                                                  : "undecided";
    all.push_back(std::to_string(cycle.probes) + " at once, " + how);
  }
  return all.empty() ? "none" : joined(all);
}

// Attempts between this opening and the next, while the service called its breaker open.
std::string reached(const BreakerHistory& history, const std::vector<BreakerClaim>& claims,
                    std::size_t which) {
  if (claims.empty()) return "not told by the service";
  const Instant from = history.openings[which].opened();
  const Instant to =
      which + 1 < history.openings.size() ? history.openings[which + 1].opened() : Instant::max();
  std::vector<BreakerClaim> of_it;
  for (const BreakerClaim& claim : claims)
    if (claim.at >= from - reading_takes && claim.at < to - reading_takes) of_it.push_back(claim);
  return std::to_string(attempts_while_open(history, of_it));
}

void by_the_wire(Page& page, const Story& story, const Breaker& breaker,
                 const BreakerHistory& history, const std::vector<BreakerClaim>& claims) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < history.openings.size(); ++i) {
    const BreakerOpening& one = history.openings[i];
    rows.push_back({std::to_string(i + 1), instant(one.opened()), share(one.failures, one.total),
                    std::to_string(one.late), cause_of(story.recording, breaker.link, one),
                    open_for(one), std::to_string(one.refusals.size()), p99(one.refusals),
                    reached(history, claims, i), probes(one),
                    one.closed
                        ? instant(*one.closed) + ", after " + length(*one.closed - one.opened())
                        : "never"});
  }
  page.table({"By the wire", "Opened", "Failed requests", "Late", "Cause", "Open for", "Refused",
              "Fail-fast P99", "Reached upstream while open", "Probes", "Closed"},
             rows, "openings; the breaker never opened and was not exercised");
}

void by_the_service(Page& page, const std::vector<BreakerClaim>& claims) {
  std::vector<Row> rows;
  for (const BreakerClaim& one : claims)
    rows.push_back(
        {plain(one.process), plain(one.breaker), instant(one.at), plain(one.from + " -> " + one.to),
         one.from == "open" ? "" : share(one.failures, one.total), std::to_string(one.late),
         std::to_string(one.rejected), one.to == "open" ? plain(one.last_error) : ""});
  page.table({"By the service's own events", "Breaker", "At", "Change", "Failed requests", "Late",
              "Refused", "Last error"},
             rows, "the service's own events; it says nothing of this breaker");
}

void agreement(Page& page, const BreakerHistory& history, const std::vector<BreakerClaim>& claims) {
  if (claims.empty()) return;
  const auto differences = disagreements(history, claims);
  const std::string counts = "service " + std::to_string(claims.size()) + ", wire " +
                             std::to_string(changes_of(history).size());
  if (differences.empty())
    return page.paragraph("Transitions: " + counts +
                          ": they agree, in order, instants and counts.");
  page.paragraph("Transitions: " + counts + ": they do not agree.");
  for (const std::string& one : differences) page.line("- " + plain(one));
}

// Whether the service's other work suffered while the breaker was open.
void neighbours(Page& page, const Story& story, const Breaker& breaker,
                const BreakerHistory& history) {
  const auto open_at = [&](Instant t) {
    return std::ranges::any_of(history.openings, [t](const BreakerOpening& one) {
      return t >= one.opened() && (!one.closed || t < *one.closed);
    });
  };
  std::vector<Row> rows;
  for (std::size_t i = 0; i < story.drill.workloads.size(); ++i) {
    const std::string& name = story.drill.workloads[i].name;
    if (name == breaker.demand) continue;
    std::vector<Duration> waits[2];
    std::uint64_t failed[2] = {0, 0};
    for (const Request& request : story.recording.requests) {
      if (request.workload != i || request.sent < Instant{} + story.drill.timing.warmup) continue;
      const bool open = open_at(request.sent);
      waits[open].push_back(request.latency());
      if (request.failed()) ++failed[open];
    }
    rows.push_back({plain(name), p99(waits[0]), p99(waits[1]), share(failed[0], waits[0].size()),
                    share(failed[1], waits[1].size())});
  }
  if (rows.empty()) return;
  page.table({"Other load", "P99 while closed", "P99 while open", "Errors while closed",
              "Errors while open"},
             rows, "");
}

}  // namespace

void breaker(Page& page, const Story& story) {
  page.section("Circuit breaker");
  const std::vector<Breaker> breakers = breakers_of(story.drill);
  if (breakers.empty())
    return page.nothing("no expectation of the drill asks for a breaker between a load and a link");
  for (const Breaker& one : breakers) {
    page.subsection("The breaker before " + plain(one.link));
    const auto history = breaker_history(story.recording, one.demand, one.link);
    if (!history) {
      page.nothing(plain(history.error()));
      continue;
    }
    const auto claims = claims_about(story.recording, one.link);
    page.paragraph("Total circuit breaker opens: " + std::to_string(history->openings.size()) +
                   " · link " + plain(one.link) + " · demand " + plain(one.demand) + ": " +
                   counted(history->demands, "request") + " · " +
                   counted(history->attempts, "call") + ", " + std::to_string(history->failures) +
                   " failed");
    by_the_wire(page, story, one, *history, claims);
    by_the_service(page, claims);
    agreement(page, *history, claims);
    if (!history->openings.empty()) neighbours(page, story, one, *history);
  }
}

}  // namespace faultline::markdown
