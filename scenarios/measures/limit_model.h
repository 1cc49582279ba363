#pragma once

// What a declared rate limit says of the requests of one key, one after the other. A limiter
// decides at an instant that the wire does not show, only two between which it lies; so a model
// answers what the limit may have said, and both answers may be possible.
//
// The state of a model follows what was seen: a request counts if it passed and the limit could
// have let it. One mistake of the service is then one mistake, and not the cause of others.

#include <cstdint>
#include <memory>
#include <optional>

#include "scenarios/drill/drill.h"

namespace faultline {

// A request that the limiter decided about, at an instant in [from, to].
struct LimitArrival {
  enum class Outcome : std::uint8_t { passed, refused, unknown };
  Instant from{};
  Instant to{};
  Outcome outcome = Outcome::unknown;
  // Of those behind it in the order of `from` that were on their way with it: who may have been
  // decided about first. Passed, and passed or unknown.
  std::uint64_t passed_beside = 0;
  std::uint64_t perhaps_beside = 0;
};

struct LimitAnswer {
  bool may_pass = false;
  bool may_refuse = false;
  // When the next request of this key would be let through, if this one was not.
  Instant free_low{};
  Instant free_high{};
};

class LimitModel {
 public:
  virtual ~LimitModel() = default;
  // Arrivals of one key, in the order of `from`.
  virtual LimitAnswer meet(const LimitArrival& arrival) = 0;
};

std::unique_ptr<LimitModel> make_limit_model(const LimitPlan& plan);

}  // namespace faultline
