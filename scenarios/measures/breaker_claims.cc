#include "scenarios/measures/breaker_claims.h"

#include <algorithm>

#include "scenarios/report/figure.h"

namespace faultline {
namespace {

std::string at(Instant instant) {
  return " at " + formatted(std::chrono::duration<double>(instant.time_since_epoch()).count(),
                            Unit::duration);
}

std::string counts(std::uint64_t failures, std::uint64_t total) {
  return std::to_string(failures) + "/" + std::to_string(total);
}

bool possible(const BreakerChange& change, Instant claimed) {
  return claimed >= change.earliest - reading_takes && claimed <= change.latest + reading_takes;
}

// Calls that were late for the opening are told from others by the service alone: it names them
// when it leaves the open state, and until the first refusal the wire counts them with the rest.
bool same_counts(const BreakerOpening& wire, const BreakerClaim& claim, std::uint64_t late) {
  return wire.failures >= claim.failures && wire.failures <= claim.failures + late &&
         wire.total >= claim.total && wire.total <= claim.total + late;
}

// What is wrong between one change and the claim in its place; empty: nothing.
std::string difference(const BreakerChange& change, const BreakerClaim& claim, std::uint64_t late) {
  if (change.to != claim.to)
    return "the wire shows it " + std::string(change.to) + at(change.earliest) +
           ", the service says " + claim.to + at(claim.at);
  if (!possible(change, claim.at))
    return "the service says " + claim.to + at(claim.at) + ", the wire shows it between" +
           at(change.earliest) + " and" + at(change.latest);
  if (change.opened != nullptr && !same_counts(*change.opened, claim, late))
    return "failures at the opening" + at(claim.at) + ": on the wire " +
           counts(change.opened->failures, change.opened->total) + ", by the service " +
           counts(claim.failures, claim.total);
  return "";
}

}  // namespace

std::vector<BreakerClaim> claims_about(const Recording& recording, std::string_view link) {
  const std::vector<BreakerClaim>& all = recording.breaker_claims;
  const auto about = [&](std::string_view name) {
    std::vector<BreakerClaim> claims;
    for (const BreakerClaim& claim : all)
      if (claim.breaker == name) claims.push_back(claim);
    return claims;
  };
  std::vector<BreakerClaim> claims = about(link);
  if (!claims.empty() || all.empty()) return claims;
  claims = about(all.front().breaker);
  return claims.size() == all.size() ? claims : std::vector<BreakerClaim>{};
}

std::vector<BreakerChange> changes_of(const BreakerHistory& history) {
  std::vector<BreakerChange> changes;
  for (const BreakerOpening& opening : history.openings) {
    for (const BreakerCycle& cycle : opening.cycles) {
      const bool first = &cycle == &opening.cycles.front();
      changes.push_back(
          {"open", cycle.opened_earliest, cycle.refused_first, first ? &opening : nullptr});
      if (cycle.probed) changes.push_back({"half_open", cycle.refused_last, *cycle.probed});
    }
    if (opening.closed) changes.push_back({"closed", *opening.closed, opening.passed_next});
    // The end of a probe after which no demand came: closed or open again, nobody knows.
  }
  return changes;
}

std::vector<std::string> disagreements(const BreakerHistory& history,
                                       const std::vector<BreakerClaim>& claims) {
  const std::vector<BreakerChange> changes = changes_of(history);
  std::vector<std::string> found;
  for (std::size_t i = 0; i < std::max(changes.size(), claims.size()); ++i) {
    if (i >= claims.size()) {
      found.push_back("the wire shows it " + std::string(changes[i].to) + at(changes[i].earliest) +
                      ", the service does not say so");
      continue;
    }
    const std::string before = i == 0 ? "closed" : claims[i - 1].to;
    if (claims[i].from != before)
      found.push_back("the service says it left " + claims[i].from + at(claims[i].at) +
                      ", having said that it was " + before);
    if (i < changes.size()) {
      if (std::string one =
              difference(changes[i], claims[i], i + 1 < claims.size() ? claims[i + 1].late : 0);
          !one.empty())
        found.push_back(std::move(one));
    } else if (history.openings.empty() || i > changes.size() || changes.back().to != "half_open") {
      found.push_back("the service says " + claims[i].to + at(claims[i].at) +
                      ", the wire does not show it");
    }
  }
  return found;
}

std::uint64_t attempts_while_open(const BreakerHistory& history,
                                  const std::vector<BreakerClaim>& claims) {
  std::uint64_t leaked = 0;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    if (claims[i].to != "open") continue;
    const Instant from = claims[i].at + reading_takes;
    const Instant to = i + 1 < claims.size() ? claims[i + 1].at : Instant::max();
    leaked += static_cast<std::uint64_t>(std::ranges::count_if(
        history.traffic.attempts,
        [&](const Attempt& attempt) { return attempt.from > from && attempt.from < to; }));
  }
  return leaked;
}

}  // namespace faultline
