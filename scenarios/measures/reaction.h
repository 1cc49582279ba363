#pragma once

// When the service first reacted to a fault, told apart from what it does on any day.
//
// Signs are instants at which something was seen that a fault makes likely: an answer with the
// outage signature, a connection opened or closed. If none was seen while no fault was in force,
// the first sign under the fault is the reaction. If some were, they arrive at a rate r, and a sign
// counts as a reaction only if (a) the signs under the fault are more than r explains, and (b) it
// opens a burst that r does not explain. Both are Poisson tests at p < 0.01.

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/measures/phases.h"

namespace faultline {

struct Signs {
  std::vector<Instant> before;  // within `calm`
  Span calm;
  std::vector<Instant> under;  // within `fault`
  Span fault;
};

// Empty: no sign under the fault. The error: signs, but not distinguishable from those before.
std::expected<std::optional<Instant>, std::string> first_reaction(Signs signs);

// Whether the answer carries the outage signature of the fault.
bool carries(const Signature& signature, const Request& request);

// The reason why a run with this fault is invalid: answers with its signature between the order to
// arm it and the first byte it altered, though none came in the calm before and no other fault was
// in force. Either a clock is wrong or something else is broken. Empty: all is well.
std::string reaction_before_cause(const Recording& recording, std::string_view fault);

// Chance of `n` or more events where `mean` are expected.
double poisson_at_least(std::uint64_t n, double mean);

}  // namespace faultline
