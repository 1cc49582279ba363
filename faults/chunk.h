#pragma once

// A chunk: bytes that travel together, the instant they arrived and the label of the message they
// belong to. Under protocol `tcp` a chunk is whatever one read returned and carries no message.

#include <cstdint>
#include <string_view>

#include "faults/bytes.h"
#include "faults/time.h"

namespace faultline {

enum class Direction : std::uint8_t {
  upstream,    // client to server
  downstream,  // server to client
};

constexpr Direction opposite(Direction d) {
  return d == Direction::upstream ? Direction::downstream : Direction::upstream;
}
constexpr std::string_view name(Direction d) {
  return d == Direction::upstream ? "upstream" : "downstream";
}

// Which message some bytes belong to, in the words of their protocol.
struct Label {
  std::string_view message;    // "POST", "Query", "DataRow"; static storage; empty under `tcp`
  std::uint64_t exchange = 0;  // ordinal of the exchange on its connection, from 1; 0 = none
  bool first = false;          // these bytes begin the message
  bool last = false;           // these bytes complete it
  bool claimed = false;        // the exchange belongs to another fault already (Outlet::claim)
};

struct Chunk {
  ByteView bytes;
  Instant arrived;
  Label label;
};

}  // namespace faultline
