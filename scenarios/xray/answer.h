#pragma once

// What an X-ray says: one answer per name, each with the experiment behind it. Nothing is found
// that was not seen: an interval holds the truth, and what could not be told is not exercised.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/time.h"

namespace faultline::xray {

enum class State : std::uint8_t { found, not_exercised, no_breaker_seen, confirmed, contradicted };
std::string_view name(State state);

inline constexpr std::array<std::string_view, 16> names{"rule",
                                                        "threshold",
                                                        "comparison",
                                                        "minimum_calls",
                                                        "window",
                                                        "counts",
                                                        "open_duration",
                                                        "backoff",
                                                        "half_open_concurrency",
                                                        "half_open_others",
                                                        "successes_to_close",
                                                        "failures_to_reopen",
                                                        "rejected_extend",
                                                        "client_timeout",
                                                        "attempts_per_call",
                                                        "hung_probe"};

struct Range {
  double low = 0;
  double high = 0;
};

struct Answer {
  State state = State::not_exercised;
  // Exactly one of these is set of what was found, with `range` besides where there is one.
  std::string word;                           // "ratio", ">=", "calls"
  std::optional<double> number;               // durations in seconds
  std::optional<bool> truth;                  // rejected_extend
  std::map<std::string, std::string> counts;  // class -> failure, success, ignored; or not told
  std::optional<Range> range;
  std::vector<Range> series;  // of backoff: each interval in which it was open, in seconds
  bool whole = false;         // the number is a count
  std::string evidence;
};

using Answers = std::map<std::string, Answer, std::less<>>;  // one per name

// A figure as all of them are shown: seven digits at most, whole numbers whole.
std::string figure(double value);
// "ratio", "5", "2.98 s (2.9 to 3)", "404 ignored, 500 failure"; nothing where there is no value.
std::string value_text(std::string_view name, const Answer& answer);

std::string render_terminal(const Answers& answers);
std::string render_json(const Answers& answers);

}  // namespace faultline::xray
