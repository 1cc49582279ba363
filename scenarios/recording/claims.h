#pragma once

// What a service says of its own breakers, read from the logs of the drill's processes: a line is a
// claim if it is a JSON object with
//
//   "event": "breaker"   "t": seconds of CLOCK_MONOTONIC   "breaker": its name
//   "from", "to": "closed", "open" or "half_open"
//   "failures", "total", "late", "rejected", "last_error": of the state it left, where it says
//
// Everything else in a log is somebody else's, and no mistake. Claims are never evidence of what
// happened; measures lay them beside what the wire showed.

#include <filesystem>
#include <vector>

#include "scenarios/recording/recording.h"

namespace faultline {

inline constexpr std::size_t most_claims = 100'000;

// In drill time, in the order of the logs. The recording's drill and clock_zero must be known;
// without the latter no instant can be placed, and there are no claims.
std::vector<BreakerClaim> read_claims(const std::filesystem::path& folder,
                                      const Recording& recording);

}  // namespace faultline
