#pragma once

// The circuit breaker in front of one external API.
//
//             the rule trips                     the open duration is over, and a call comes
//   closed ------------------->  open  ---------------------------------->  half-open
//     ^                           ^                                          |      |
//     |                           '------------------------------------------'      |
//     |                                       the probe failed                      |
//     '-----------------------------------------------------------------------------'
//                                      the probe succeeded
//
// Open: every call is refused at once and nothing reaches the API. Half-open: one call passes, the
// probe, and the others are refused until its outcome is known. An outcome that is neither success
// nor failure (a 4xx: the API is well, the request was not) is not counted; of a probe it means
// that the next call becomes the probe.
//
// Calls that were on their way when the state changed are late: their outcomes are counted, and
// move nothing. Each change of state is an event `breaker` (README.md), with failures and total
// since the breaker was last closed, up to and including the outcome that tripped it.

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "breaker_rule.h"
#include "bugs.h"
#include "events.h"
#include "metrics.h"
#include "stop.h"

namespace bridge {

class Breaker {
 public:
  enum class State { closed, open, half_open };
  enum class Verdict { success, failure, not_counted };

  struct Settings {
    std::string name;
    BreakerRule rule;
    Millis open;
    Bugs bugs;
  };

  /// The right to make one call. Whoever holds one owes `ended`.
  struct Pass {
    std::uint64_t generation;
  };

  Breaker(Settings settings, BreakerMetrics& metrics, Events& events);

  /// Nothing when the call must not be made.
  std::optional<Pass> admit();

  /// `why` says what went wrong, for the event.
  void ended(Pass pass, Verdict verdict, std::string_view why);

  const std::string& name() const { return settings_.name; }

  /// How long a refused caller had better wait.
  Millis wait() const;

 private:
  // These expect the lock to be held.
  void judge_closed(Verdict verdict);
  void judge_probe(Verdict verdict);
  void turn(State to);

  const Settings settings_;
  BreakerMetrics& metrics_;
  Events& events_;

  mutable std::mutex mutex_;
  State state_ = State::closed;
  Deadline since_ = Clock::now();
  Deadline open_until_{};
  std::uint64_t generation_ = 0;  ///< counts changes of state
  FailureCount count_;
  bool probing_ = false;
  std::string last_error_;
  // Of the state that holds; of `closed` these are what the event calls failures and total.
  std::uint64_t failures_ = 0;
  std::uint64_t total_ = 0;
  std::uint64_t rejected_ = 0;
  std::uint64_t late_ = 0;
};

}  // namespace bridge
