#pragma once

// The aim: which connections, and which of their directions, a fault is for. Decided once per
// connection from its ordinal on the proxy and the seed, so the same connections are hit in every
// run.

#include <cstdint>
#include <optional>

#include "faults/chunk.h"
#include "faults/fault.h"
#include "faults/random.h"

namespace faultline {

struct Aim {
  std::optional<Directions> directions = {};  // empty: the kind's own
  double share = 1.0;                         // of connections, 0 to 1
  std::uint64_t nth = 0;    // only the nth connection since the proxy opened, from 1; 0 = any
  std::uint64_t every = 0;  // only each every-th connection; 0 = any
  std::uint64_t first = 0;  // only the first n connections; 0 = any

  // `ordinal` counts the proxy's connections from 1; `draw` is about (seed, fault, ordinal).
  bool takes(std::uint64_t ordinal, Draw draw) const;

  bool operator==(const Aim&) const = default;
};

// The keys of a fault that are the aim's and not its kind's: direction, share, nth, every, first.
std::span<const Parameter> aim_parameters();
Aim aim_from(const Settings& settings);

}  // namespace faultline
