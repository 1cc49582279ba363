#pragma once

// When load is offered, from the plan's numbers alone: exact, without a clock.
//
// With R(t) requests per second due at t (constant, or linear within a stage, the first beginning
// at 0), N(t) is the area under R up to t, and request k (from 0) is scheduled at the last instant
// with N(t) = k; there are round(N(end)) of them. So a constant rate schedules k / rate, and a
// stretch without load delays the request that it could not place. Users likewise: the user i works
// while more than i users are due.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "scenarios/drill/drill.h"

namespace faultline {

// The arrivals of an open-model workload, one after the other, so that a day of load costs no
// memory.
class Schedule {
 public:
  explicit Schedule(const WorkloadPlan& plan);

  // The drill-time instant of the next arrival; nothing when there is none.
  std::optional<Instant> next() const;
  void advance();

 private:
  struct Stretch {
    long double begins;    // seconds
    long double lasts;     // seconds
    long double from, to;  // per second
    long double before;    // N at its begin
    long double after;     // N at its end
  };
  void place();

  std::vector<Stretch> stretches_;
  std::size_t stretch_ = 0;
  std::uint64_t ordinal_ = 0;
  std::uint64_t count_ = 0;
  std::optional<Instant> next_;
};

// A virtual user begins requests in [from, until).
struct Shift {
  Instant from{};
  Instant until{};
  std::uint64_t user = 0;
  bool operator==(const Shift&) const = default;
};

// Of a closed-model workload, in order of `from`.
std::vector<Shift> shifts(const WorkloadPlan& plan);

}  // namespace faultline
