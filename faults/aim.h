#pragma once

// The aim: which connections, and which of their directions, a fault is for. Decided once per
// connection from its place among the proxy's connections and the seed, so the same connections are
// hit in every run.
//
// Connections are counted from the oldest one that is open when the fault is armed: so `first = 3`
// takes the three oldest of a pool, or, where nothing is open, the next three that come.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "faults/chunk.h"
#include "faults/fault.h"
#include "faults/prefix.h"
#include "faults/random.h"

namespace faultline {

// A connection that an aim is asked about.
struct Candidate {
  std::uint64_t place = 1;    // from 1, counted as above
  std::string_view client{};  // its numeric address without the port
};

struct Aim {
  std::optional<Directions> directions = {};  // empty: the kind's own
  double share = 1.0;                         // of connections, 0 to 1
  std::uint64_t nth = 0;                      // only the nth connection; 0 = any
  std::uint64_t every = 0;                    // only each every-th connection; 0 = any
  std::uint64_t first = 0;                    // only the first n connections; 0 = any
  std::string pattern = {};                   // a fate per connection, over and over: F hits, S not
  std::optional<Prefix> client = {};          // only connections from there

  // `draw` is about (seed, fault, connection).
  bool takes(const Candidate& candidate, Draw draw) const;

  bool operator==(const Aim&) const = default;
};

inline constexpr std::size_t longest_pattern = 4096;

// The keys of a fault that are the aim's and not its kind's: direction, share, nth, every, first,
// pattern, client.
std::span<const Parameter> aim_parameters();
Checked<Aim> aim_from(const Settings& settings);
// The aim of a fault of this kind: an error where the kind takes none and one was written.
Checked<Aim> aim_from(const FaultKind& kind, const Settings& settings);

}  // namespace faultline
