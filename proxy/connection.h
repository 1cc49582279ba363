#pragma once

// The closing rules of a connection, pure: who closes whom, and when. The wire tells it facts and
// carries out its orders; it touches no socket.
//
// Each direction carries bytes from its source to its sink and is in one state:
//
//            end_left            drained: half_close(sink)
//    open ───────────▶ ending ───────────────────────────▶ ended
//     │ reset_left       │ reset_left                        │ reset_left
//     └──────────────────┴──────────▶ resetting ◀────────────┘
//                                         │ drained and acknowledged: reset(sink)
//            sink_lost (from any) ──▶   over
//
// So FIN follows the data it came behind, each direction on its own (half-close lives); RST follows
// the data that the source had sent and the kernel had acknowledged, and only then resets the other
// side; and what is sent towards a side that is gone is dropped. The connection is over when both
// directions are ended or over, and both sources have finished (or a fault ended the direction, and
// the linger limit has passed).

#include <array>
#include <cstdint>

#include "faults/chunk.h"

namespace faultline {

class Connection {
 public:
  enum class Flow : std::uint8_t { open, ending, ended, resetting, over };

  // What to do to the sink of a direction. Asked for once; the asking takes it away.
  enum class Order : std::uint8_t { none, half_close, reset };

  // Facts, each about one direction.
  void source_finished(Direction d) { at(d).source_finished = true; }  // FIN or RST was read
  void end_left(Direction d);      // the FIN left the link, behind all bytes
  void reset_left(Direction d);    // the RST left the link, behind all bytes
  void drained(Direction d);       // everything that left the link was given to the kernel
  void acknowledged(Direction d);  // … and the kernel has none of it left, or gave up waiting
  void sink_lost(Direction d);     // its sink is gone: RST or a failed write

  Order take_order(Direction d);

  Flow flow(Direction d) const { return sides_[index(d)].flow; }
  // Bytes of this direction have nowhere to go: read them and drop them.
  bool drops(Direction d) const;
  bool awaits_acknowledgement(Direction d) const {
    return flow(d) == Flow::resetting && sides_[index(d)].drained;
  }
  bool both_ended() const;  // nothing more will be sent to either side
  bool finished() const;    // … and neither side has more to say

 private:
  struct Side {
    Flow flow = Flow::open;
    Order order = Order::none;
    bool drained = false;
    bool source_finished = false;
  };
  static std::size_t index(Direction d) { return static_cast<std::size_t>(d); }
  Side& at(Direction d) { return sides_[index(d)]; }

  std::array<Side, 2> sides_;
};

}  // namespace faultline
