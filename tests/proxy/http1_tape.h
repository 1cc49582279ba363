#pragma once

// Plays a dialogue to the HTTP codec and keeps what it said, one line per fact:
//
//   1 GET /a 200 ack 1-1 2-2     an exchange: ordinal, name, code, told, and the steps at which its
//                                request and its response began and ended ("-" where they did not)
//   upgraded 101                 a fact of the session
//   desync: CR without LF
//
// A step is everything between two changes of the sender; its number is its instant, so that the
// lines are the same for every way of splitting a step. That slices add up is asserted throughout.

#include <string>
#include <string_view>
#include <vector>

#include "proxy/codec.h"

namespace faultline {

struct Step {
  enum class Kind { client, server, client_end, server_end };
  Kind kind;
  std::string bytes;
};

inline Step c(std::string_view bytes) { return {Step::Kind::client, std::string(bytes)}; }
inline Step s(std::string_view bytes) { return {Step::Kind::server, std::string(bytes)}; }
inline Step client_end() { return {Step::Kind::client_end, {}}; }
inline Step server_end() { return {Step::Kind::server_end, {}}; }

struct SlicePiece {
  std::string bytes;
  std::string message;
  std::uint64_t exchange;
  bool first;
  bool last;
};

struct Played {
  std::vector<std::string> lines;
  std::vector<SlicePiece> slices;
  bool opaque = false;
  bool client_boundary = false;
  bool server_boundary = false;
  bool slices_add_up = true;

  std::size_t desyncs() const;
};

// How one step's bytes are handed over: in pieces of `piece` bytes (0: at once), and, in the step
// numbered `split_step` (from 1), cut once more at `split_at`.
struct Splitting {
  std::size_t piece = 0;
  std::size_t split_step = 0;
  std::size_t split_at = 0;
};

Played play(const std::vector<Step>& steps, Splitting splitting = {}, bool close = true);

// Plays the dialogue byte by byte and with every single split of every step, and asserts that the
// lines are those of the unsplit dialogue, which it returns.
Played play_every_way(const std::vector<Step>& steps);

}  // namespace faultline
