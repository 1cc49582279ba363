#pragma once

// What a declared rate limit should have decided about each request that the wire showed, next to
// what the service did.
//
// The limiter's decision lies between the arrival of a request at the proxy and that of the first
// byte of its answer, give or take the tolerance. Where both answers may be right (the end of a
// window lies in between) the decision is undecided: neither right nor wrong. Of requests that were
// on their way together, those that passed are taken to have come first: what a limit says of a
// crowd is how many, not who.
//
// A request that a fault withheld never met the limiter. One without an answer, or with one that a
// fault made up, may have been counted or not, and is not judged.

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/measures/limit_model.h"
#include "scenarios/recording/recording.h"

namespace faultline {

struct LimitDecision {
  enum class Judged : std::uint8_t { right, wrong, undecided };

  const Event* event = nullptr;  // of the journal; its exchange
  bool refused = false;          // else it passed
  Judged judged = Judged::right;
  // Of a refusal that says when to come back, in seconds or as a date: that instant, for who heard
  // it as it passed the proxy, and has this machine's wall clock; and between which instants a
  // request would have been let through again.
  std::optional<Instant> come_back{};
  bool dated = false;  // it says so as a date, and the recording does not have the wall clock
  Instant free_low{};
  Instant free_high{};
};

struct LimitHistory {
  std::map<std::string, std::vector<LimitDecision>> by_key;
  std::uint64_t unknown = 0;  // requests that are not judged
  std::uint64_t dates = 0;    // refusals that are `dated`

  std::vector<const LimitDecision*> all() const;
};

const LimitPlan* find_limit(const Drill& drill, std::string_view name);

// The error: why nothing can be said.
std::expected<LimitHistory, std::string> limit_history(const Recording& recording,
                                                       const LimitPlan& plan);

// Whether an exchange by this name ("POST /hooks/oura") is meant by a route: a path, or a method
// and a path, which may end with * for any rest.
bool takes_route(std::string_view route, std::string_view exchange);

// A refusal that does not say when to come back, or not in a way that could be read.
bool untold(const LimitDecision& decision);

}  // namespace faultline
