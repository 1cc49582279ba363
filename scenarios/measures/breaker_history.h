#pragma once

// The life of a breaker, inferred from outside (measures 5.12, B7).
//
//   calls     F F F F F │ r r r r r r │ P │ S S S       F, S: attempts that failed, succeeded
//                       ▲             ▲   ▲             r: demand that was refused, no attempt
//                     opened       probed closed        P: the first attempt after that
//
// opened   with the end of the last failed attempt before the first refused demand. The truth lies
//          before the latter, `refused_first`, and not before `opened_earliest`: the first failure
//          after which no attempt began. One caller at a time: that is `opened`. Of many calls that
//          fail together, the wire cannot say which one it was.
// probed   with the first attempt after refused demand; the truth lies after `refused_last`.
// closed   with the end of the probe, if the next demand passed; if that was refused, the breaker
//          opened again, and the opening has one more cycle.
//
// An opening needs a failure since the breaker was last closed: refusals without one have another
// reason. So near the end of an attempt that the service may not have read it yet (`reading_takes`)
// a refusal decides nothing.
//
// One history per client of an API: breakers of several clients open at several times. A link that
// more than one host dials has no history, and says so.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/measures/breaker_traffic.h"
#include "scenarios/recording/recording.h"

namespace faultline {

struct BreakerCycle {
  Instant opened{};
  Instant opened_earliest{};
  Instant refused_first{};
  Instant refused_last{};  // before the probe
  std::uint64_t refused = 0;
  std::optional<Instant> probed{};
  std::optional<Instant> probe_ended{};
  CallOutcome probe = CallOutcome::unknown;
  std::uint64_t probes = 0;  // attempts begun before the first of them had ended, that one included
};

struct BreakerOpening {
  // Since the breaker was last closed, up to and including the attempt that opened it.
  std::uint64_t failures = 0;
  std::uint64_t total = 0;
  std::uint64_t late = 0;   // attempts begun before and ended after
  Instant first_failure{};  // of the failures in a row that opened it
  std::string code;         // of the attempt that opened it
  std::vector<BreakerCycle> cycles;
  std::optional<Instant> closed;
  Instant passed_next{};           // first demand after that; the truth lies before it
  std::vector<Duration> refusals;  // how long refused demand waited for its answer

  Instant opened() const { return cycles.front().opened; }
};

struct BreakerHistory {
  std::vector<BreakerOpening> openings;
  std::uint64_t demands = 0;
  std::uint64_t attempts = 0;
  std::uint64_t failures = 0;  // attempts that failed
  std::uint64_t stimuli = 0;   // attempts that failed or were answered 4xx
  BreakerTraffic traffic;
};

std::expected<BreakerHistory, std::string> breaker_history(const Recording& recording,
                                                           std::string_view demand,
                                                           std::string_view link);

}  // namespace faultline
