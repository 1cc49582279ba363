#pragma once

// What a breaker stands between: the demand for calls, and the calls that were made.
//
//   demand    requests of a workload, or exchanges of the proxy in front of the service, whose
//             answer needs one call of the API
//   attempt   a call as the proxy before the API saw it: an exchange, or a connection that was
//             broken before it carried one
//
// Each attempt is given to the demand it was made for: one that was in flight when it began, if
// possible to its end, and that has none yet; of several the one that ended first. A demand without
// attempt that failed was refused by the service itself. Demand refused with a 4xx is left out: a
// limiter or the body was in the way, not the breaker.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/recording/recording.h"

namespace faultline {

// How much later than the proxy a service may read what it is sent, and the other way round.
inline constexpr Duration reading_takes = std::chrono::milliseconds(50);

enum class CallOutcome : std::uint8_t {
  success,
  failure,  // 5xx, no answer, or one that came after the service had hung up
  neither,  // 4xx: the API is well, the request was not
  unknown,  // the recording ended first
};

struct Attempt {
  Instant from{};
  Instant to{};
  CallOutcome outcome = CallOutcome::unknown;
  std::string code;  // "500"; "no answer"
};

struct Demand {
  Instant from{};
  Instant to{};
  bool failed = false;
  std::string code;                    // "503", "timeout"
  std::optional<std::size_t> attempt;  // the first of its attempts, in BreakerTraffic
};

struct BreakerTraffic {
  std::vector<Demand> demands;    // in order of `from`, those answered 4xx left out
  std::vector<Attempt> attempts;  // in order of `from`
};

// The error: why nothing can be told of them.
std::expected<BreakerTraffic, std::string> breaker_traffic(const Recording& recording,
                                                           std::string_view demand,
                                                           std::string_view link);

}  // namespace faultline
