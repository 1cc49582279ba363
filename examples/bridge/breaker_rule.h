#pragma once

// When a closed breaker trips. Three rules that libraries really have:
//
//   consecutive:5     five failures in a row
//   count:5/10s       five failures within the last ten seconds
//   rate:50%/10/10s   half of the calls of the last ten seconds failed, and there were ten or more

#include <cstddef>
#include <deque>
#include <optional>
#include <string_view>

#include "stop.h"

namespace bridge {

struct BreakerRule {
  enum class Kind { consecutive, count, rate };
  Kind kind = Kind::consecutive;
  std::size_t failures = 5;  ///< consecutive, count
  unsigned percent = 50;     ///< rate, which needs `minimum` calls
  std::size_t minimum = 10;
  Millis window{10000};  ///< count, rate
};

std::optional<BreakerRule> breaker_rule(std::string_view text);

/// What a rule remembers of the calls of one closed period.
class FailureCount {
 public:
  explicit FailureCount(const BreakerRule& rule) : rule_(rule) {}

  /// Takes one outcome in; true when it trips the breaker.
  bool add(bool failed, Deadline now);

  void forget();

 private:
  struct Outcome {
    Deadline at;
    bool failed;
  };

  const BreakerRule rule_;
  std::size_t in_a_row_ = 0;
  std::deque<Outcome> recent_;  ///< within the window; not kept by `consecutive`
};

}  // namespace bridge
