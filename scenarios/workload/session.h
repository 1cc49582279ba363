#pragma once

// Who asks for what, from the plan and a seed alone: which kind of request comes next, whom it
// seems to come from, how long a user thinks. Pure, so the same seed offers the same load.

#include <cstdint>
#include <string>
#include <vector>

#include "faults/random.h"
#include "scenarios/drill/drill.h"

namespace faultline {

// The mix is dealt like cards: in each round of (sum of weights / their greatest common divisor)
// requests every kind comes exactly as often as its weight says, in an order that is drawn anew. So
// the shares hold for any stretch of the load, up to one round, and not only in the long run.
class Mix {
 public:
  Mix(const std::vector<RequestPlan>& kinds, Draw draw);

  // The kind of the request with this ordinal in the load.
  std::uint16_t kind_of(std::uint64_t ordinal);

 private:
  const Draw draw_;
  std::vector<std::uint16_t> round_;  // in the plan's order
  std::vector<std::uint16_t> dealt_;  // of the round below
  std::uint64_t dealt_round_ = 0;
};

// Arrivals of an open load come from all sources in turn. A user of a closed one keeps its source
// for a session, and is the next one then that no other user was before: user u begins as source u,
// and goes on to u + users, u + 2 users …, modulo the pool.
class Sources {
 public:
  explicit Sources(const WorkloadPlan& plan);

  // The address as text; empty when the plan has no sources.
  std::string of_arrival(std::uint64_t ordinal) const;
  std::string of_user(std::uint64_t user, std::uint64_t nth) const;  // its nth request, from 0

 private:
  std::string address(std::uint64_t index) const;

  const SourcePlan plan_;
  std::uint64_t users_ = 1;  // at most at once
};

// A user's pause after its nth request.
Duration think_time(const WorkloadPlan& plan, Draw draw, std::uint64_t user, std::uint64_t nth);

// The most users that a closed load has at once.
std::uint64_t most_users_of(const WorkloadPlan& plan);

}  // namespace faultline
