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

// A fault that decides about exchanges (FaultKind::by_exchange) is for some of those that match
// what it asks of a request. The same numbers then choose among these, counted from 1 over all
// connections of its proxies, in the order in which they come.
//
// What an aim is asked about: a connection, or an exchange.
struct Candidate {
  std::uint64_t place = 1;    // from 1, counted as above
  std::string_view client{};  // its numeric address without the port
  Draw fault{};               // about (seed, fault), for `count` of `of`
};

struct Aim {
  std::optional<Directions> directions = {};  // empty: the kind's own
  double share = 1.0;                         // of connections, 0 to 1
  std::uint64_t nth = 0;                      // only the nth connection; 0 = any
  std::uint64_t every = 0;                    // only each every-th connection; 0 = any
  std::uint64_t first = 0;                    // only the first n connections; 0 = any
  std::string pattern = {};                   // a fate per connection, over and over: F hits, S not
  std::optional<Prefix> client = {};          // only connections from there
  // Exactly so many of each `of`, chosen by the seed; 0 = any.
  std::uint64_t count = 0;
  std::uint64_t of = 0;

  // `draw` is about (seed, fault, connection or exchange).
  bool takes(const Candidate& candidate, Draw draw) const {
    return takes_client(candidate) && takes_place(candidate, draw);
  }

  // The same in two questions: by where a client comes from, and by its place and by chance.
  bool takes_place(const Candidate& candidate, Draw draw) const;
  bool takes_client(const Candidate& candidate) const {
    return !client || client->covers(candidate.client);
  }

  bool operator==(const Aim&) const = default;
};

inline constexpr std::size_t longest_pattern = 4096;

// Whether `place` (from 0) is among exactly `count` of `of`, chosen by the draw: a permutation of
// 0 to of - 1 is followed, which no table is needed for.
bool among(std::uint64_t place, std::uint64_t count, std::uint64_t of, Draw draw);

// The keys of a fault that are the aim's and not its kind's: direction, share, nth, every, first,
// pattern, client, count, of.
std::span<const Parameter> aim_parameters();
Checked<Aim> aim_from(const Settings& settings);
// The aim of a fault of this kind: an error where the kind takes none and one was written.
Checked<Aim> aim_from(const FaultKind& kind, const Settings& settings);

}  // namespace faultline
