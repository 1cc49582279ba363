#pragma once

// Where in a sequence of calls the unknown class of one shows. So many good calls, so many failed
// ones, then the class, then failures until it opens: for each thing that the class may count as,
// every model that explains the history says how many failures that takes. Where the numbers
// differ, the class shows.

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "scenarios/xray/rule_space.h"

namespace faultline::xray {

enum class Guess : std::uint8_t { failure, success, ignored };

inline constexpr std::size_t longest_tail = 400;

struct Placing {
  std::size_t good = 0, bad = 0, times = 1;
  std::size_t each = 0;  // marks of one of the class; 0: as many as of a failure or a success
};

// Failures behind the class that are let through, by guess.
struct Tails {
  std::array<std::vector<std::size_t>, 3> of;

  bool apart(Guess a, Guess b) const;
  bool failure_apart() const;
  bool all_apart() const;
  bool may_be(Guess guess, std::size_t seen) const;
};

// A few of many explanations, with their thresholds at either end and in the middle.
std::vector<Model> models_of(const std::vector<Hypothesis>& explained, const History& history);

// Nothing: by some model it opens before the class comes. A failed call makes so many marks.
std::optional<Tails> tails(const std::vector<Model>& models, const Placing& placing,
                           std::size_t marks);

// The cheapest place, by calls, that tells all three apart; else one that tells failures. A call of
// the class costs as much as so many others.
std::optional<std::pair<Placing, Tails>> placed(const std::vector<Model>& models, std::size_t marks,
                                                std::size_t cost);

// So many good, so many failed, then several classes, one call of each: it opens at the last of
// them or later, behind one of these numbers of calls from the first of them on, if each is a
// failure, and behind another number if any is not.
struct GroupPlacing {
  std::size_t good = 0, bad = 0;
  std::vector<std::size_t> calls;
};

std::optional<GroupPlacing> placed_together(const std::vector<Model>& models, std::size_t classes);

}  // namespace faultline::xray
