#pragma once

// What the service says of its breaker, beside what the wire showed of it.

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/measures/breaker_history.h"

namespace faultline {

// The claims about the breaker that has the name of the link; if no breaker has it, and all claims
// are about one, about that.
std::vector<BreakerClaim> claims_about(const Recording& recording, std::string_view link);

// A change of state as the wire shows it, and when it can have happened.
struct BreakerChange {
  std::string_view to;  // "open", "half_open", "closed"
  Instant earliest{};
  Instant latest{};
  const BreakerOpening* opened = nullptr;  // with the change from closed to open
};
std::vector<BreakerChange> changes_of(const BreakerHistory& history);

// Each point in which the two differ, in words: another change than the claimed one, one that is
// missing, one at an instant at which it cannot have happened (by more than `reading_takes`), other
// counts of failures (but for calls that the service calls late), a claim that does not follow from
// the one before. Empty: they agree.
std::vector<std::string> disagreements(const BreakerHistory& history,
                                       const std::vector<BreakerClaim>& claims);

// Attempts that began while the service called its breaker open: after the claim that it opened,
// by more than `reading_takes`, and before the claim that it is half-open.
std::uint64_t attempts_while_open(const BreakerHistory& history,
                                  const std::vector<BreakerClaim>& claims);

}  // namespace faultline
