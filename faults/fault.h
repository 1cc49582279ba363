#pragma once

// The extension point: what decides.
//
// There is one Fault object per armed fault per link, so its fields are its state on that link. At
// each moment it is told what happened and speaks to an Outlet, whose verbs are the whole power of
// a fault. It may not sleep, ask the time, log, throw or keep bytes. The link watches the outlet
// and records what was touched, so no fault can forget to report, and the engine never asks which
// kind of fault it is talking to. A fault that needs a new power gives the Outlet a verb.
//
//   armed ─▶ opening ─▶ chunk … chunk ─▶ end ─▶ disarmed
//     (a connection older than the fault misses `opening`; `timer` comes when asked for)

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "faults/chunk.h"
#include "faults/random.h"
#include "faults/result.h"
#include "faults/settings.h"
#include "faults/time.h"

namespace faultline {

// What a fault can do. Every verb is carried out in the order it was spoken; bytes of one direction
// never overtake each other, so a due time is raised to that of the bytes before it.
class Outlet {
 public:
  virtual ~Outlet() = default;

  // About the chunk (or the end) at hand. Saying none of these drops it.
  virtual void pass() = 0;  // go on now
  virtual void pass_at(
      Instant due) = 0;  // go on then; `never` holds it until the fault is disarmed
  virtual void replace(ByteView bytes) = 0;  // these bytes go on now in its place

  // About the connection.
  virtual void answer(ByteView bytes) = 0;  // bytes back to the sender of this chunk
  virtual void end() = 0;     // this direction ends (FIN) behind what has passed; later bytes drop
  virtual void reset() = 0;   // RST to both peers, at once
  virtual void refuse() = 0;  // only at `opening`: RST to the client, the upstream is not dialed

  virtual void wake_at(Instant when) = 0;  // ask for one `timer` moment, not before `when`
};

// The instant, and the chance that belongs to this (seed, fault, connection, direction, ordinal).
struct Moment {
  Instant now;
  Draw draw;
};

class Fault {
 public:
  virtual ~Fault() = default;

  // The state a new link starts with. A configured Fault is the prototype of all its links.
  virtual std::unique_ptr<Fault> fresh() const = 0;

  // The fault came into force on this link. `established` is false when the link's connection is
  // only just opening (then `opening` follows) and true when it was live already.
  virtual void armed(const Moment&, bool /*established*/, Outlet&) {}
  // The connection is about to dial its upstream. Asked on each link that the fault is armed on.
  virtual void opening(const Moment&, Outlet&) {}
  virtual void chunk(const Moment&, const Chunk&, Outlet& outlet) { outlet.pass(); }
  // The sender finished (FIN) or is gone (RST). What passes it ends the direction in the same way,
  // behind the bytes before it.
  virtual void end(const Moment&, Outlet& outlet) { outlet.pass(); }
  virtual void timer(const Moment&, Outlet&) {}
  // The fault was taken out. The link releases what it held after this, in order.
  virtual void disarmed(const Moment&, Outlet&) {}
};

// Which links a kind is armed on when its aim names no direction.
enum class Directions : std::uint8_t { upstream = 1, downstream = 2, both = 3 };

constexpr bool includes(Directions set, Direction d) {
  return (static_cast<unsigned>(set) & (d == Direction::upstream ? 1U : 2U)) != 0;
}

// One kind of fault, as users see it: a constant, listed in catalogue.h.
struct FaultKind {
  std::string_view name;
  std::string_view summary;   // one line
  std::string_view contract;  // what arm, disarm, half-close and reset mean under it
  std::span<const Parameter> parameters;
  Directions default_directions = Directions::both;
  // Builds the prototype from settings that `parameters` has already checked one by one; what is
  // wrong only in combination is an Error here.
  Checked<std::unique_ptr<Fault>> (*make)(const Settings&) = nullptr;
};

}  // namespace faultline
