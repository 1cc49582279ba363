#pragma once

// Numbers of a report as its tables show them: every ratio as k/n (p %), every duration with its
// resolution where it has one.

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/report/report.h"

namespace faultline::markdown {

struct Story {
  const Report& report;
  const Recording& recording;
  const Drill& drill;

  // By its name in reports, such as "p99(hooks, baseline)"; null: it was not computed.
  const Measure* find(const std::string& name) const;
};

std::string length(Duration duration);
std::string instant(Instant at);
// "10s ± 0.2ms": true somewhere between the order and its confirmation.
std::string between(Instant ordered, Instant confirmed);

std::string joined(const std::vector<std::string>& words);
std::string address(const Address& address);

// "12/400 (3 %)"
std::string share(std::uint64_t k, std::uint64_t n);

// The value and how far from it the truth may be: "44.7ms -13.1ms +0.1ms", "10s ± 1ms"; "> 10s" and
// "cannot tell" where that is all there is. A value that stands alone is exact to its digits.
std::string with_resolution(const Measure& measure, Unit unit);

// The same by a measure's kind and arguments: "(hooks, baseline)".
std::string cell(const Story& story, const std::string& kind, const std::string& arguments);

// How many of these satisfy what was asked, for shares: value times n.
std::uint64_t part_of(const Measure& share);

// "all", or the baseline, every fault by its id, and recovery.
std::vector<std::string> phases_of(const Drill& drill);

// "PASS", "FAIL", …
std::string status(Verdict verdict);

// "< 1s" of `detection(outage) < 1s`.
std::string target(const Expectation& expectation);

// What not having all requests does to counts that are made here; empty: they are all there.
std::string requests_missing(const Recording& recording);

// Likewise of the journal.
std::string events_missing(const Recording& recording);

// Whether an X-ray answered in its place, so that the journal knows nothing of it.
bool in_place_of(const Drill& drill, const ProxySpec& proxy);

}  // namespace faultline::markdown
