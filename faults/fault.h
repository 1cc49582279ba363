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
//     (a connection older than the fault misses `opening`; `timer` comes when asked for; `update`
//      may come between any two; `turn` comes when asked for)

#include <cassert>
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

// What a fault can do. Bytes of one direction never overtake each other, so a due time is raised to
// that of the bytes before it.
class Outlet {
 public:
  virtual ~Outlet() = default;

  // About the chunk (or the end) at hand. Saying none of these drops it.
  virtual void pass() = 0;                   // go on now
  virtual void pass_at(Instant due) = 0;     // go on then; `never` holds it until it is released
  virtual void replace(ByteView bytes) = 0;  // these bytes go on now in its place
  // The next so many bytes of the chunk go on then. What no part names is dropped. Not together
  // with the three above. A part that has to wait costs as much as a chunk that waits: for many
  // small ones hold the chunk, and release it bit by bit.
  virtual void pass_part(std::size_t bytes, Instant due) = 0;

  // About what waits at this fault on this link. Carried out after what was said about the chunk at
  // hand, which may be among it.
  virtual std::uint64_t held() const = 0;  // bytes, without the chunk at hand
  // Up to so many bytes from the front go on now, and the end if they bring it to the front. Each
  // release is passed on by itself.
  virtual void release(std::uint64_t bytes) = 0;

  // About the connection.
  virtual void answer(ByteView bytes) = 0;  // bytes back to the sender of this chunk
  virtual void end() = 0;  // this direction ends (FIN) behind what has passed; later bytes drop
  // Both directions end: this one behind what has passed, the other at once.
  virtual void close() = 0;
  virtual void reset() = 0;   // RST to both peers, at once
  virtual void refuse() = 0;  // only at `opening`: RST to the client, the upstream is not dialed
  // Only at `opening`: the upstream is dialed then. The latest instant of all faults counts, until
  // its fault is disarmed.
  virtual void open_at(Instant due) = 0;

  virtual void wake_at(Instant when) = 0;  // ask for one `timer` moment, not before `when`

  // About exchanges, as the codec of the connection labels them.
  // The chunk (or the end) at hand waits until enough of its message was seen to decide. That alone
  // alters nothing, and is not told as touched.
  virtual void defer() = 0;
  // Everything that waits at this fault is offered again, after the other orders of this moment.
  virtual void reconsider() = 0;
  // Asks whether this exchange is one that the aim takes, which counts it. After a yes it is this
  // fault's alone, and it is reported when the fault has told what its client was told.
  virtual bool claim(std::uint64_t exchange) = 0;
  // Ask for one `turn` moment.
  virtual void await_turn(std::uint64_t exchange) = 0;
  // The server never sees this claimed exchange; what is answered from now on is its response. Only
  // at its turn.
  virtual void withhold(std::uint64_t exchange) = 0;
  // The server is given the request of this claimed exchange twice, by what the fault passes in
  // place of it; so the server's response comes twice, both with this exchange's label. Before the
  // copy has gone on.
  virtual void repeat(std::uint64_t exchange) = 0;
  // What the client of this claimed exchange was told, in the protocol's codes; empty: nothing that
  // settles it. Said once, when it has been told.
  virtual void tell(std::uint64_t exchange, std::string_view code) = 0;
  // The client of this request was told to wait, and did not.
  virtual void early() = 0;
  virtual void end_answers() = 0;  // FIN to the sender of this chunk, behind what was answered
};

struct Moment {
  Instant now;
  // The chance that belongs to this (seed, fault, connection, direction, ordinal).
  Draw draw;
  // When the fault came into force on the proxy: the same for every link, so that what depends on
  // time has one phase everywhere.
  Instant since{};
  // The client's numeric address without the port, where it is known.
  std::string_view client{};
};

// What becomes of clients that connect: the listener accepts them, or its queue is full and the
// kernel drops their SYNs.
enum class Admission : std::uint8_t { accept, full };

// A connection whose client speaks TLS with the proxy is asked about at two moments of it.
enum class TlsMoment : std::uint8_t {
  hello,  // the client has said its ClientHello, and nothing was answered yet
  end,    // what the client is sent is over, and a close_notify would say so
};

// What is wrong with the TLS that such a client meets.
struct TlsFlaw {
  enum class What : std::uint8_t {
    none,
    expired,          // at hello: the certificate's time is over, all else about it is right
    wrong_host,       // … it is for another host
    self_signed,      // … nobody signed it but itself
    stall,            // … no answer, for as long as the fault is in force
    alert,            // … a fatal alert, and the end of the connection
    no_close_notify,  // at end: FIN alone
  };
  What what = What::none;
  std::uint8_t alert = 0;  // of `alert`: its number (RFC 8446 section 6)

  bool operator==(const TlsFlaw&) const = default;
};

class Fault;

// The two halves of a fault that decides about exchanges: one on each link of a connection. What
// they share is theirs.
struct Halves {
  std::unique_ptr<Fault> upstream, downstream;
};

class Fault {
 public:
  virtual ~Fault() = default;

  // The state a new link starts with. A configured Fault is the prototype of all its links.
  virtual std::unique_ptr<Fault> fresh() const = 0;

  // The same for both links of a connection at once, asked of a kind that is `by_exchange`.
  virtual Halves fresh_halves() const { return {fresh(), fresh()}; }

  // Takes over the settings of another configured fault of the same kind and keeps what this one
  // has counted. What waits at the fault is then offered again, each with the instant it first came
  // as `now` (which may lie before that of an earlier moment), and a `timer` follows. So a fault
  // that holds counts what goes on, and not what comes.
  virtual void update(const Fault& configured) = 0;

  // Asked of the prototype while the fault is in force on a proxy.
  virtual Admission admission() const { return Admission::accept; }

  // What it does to the TLS around the stream, which is no byte of the stream. The first fault of a
  // connection that answers is the one that is carried out, and touched it.
  virtual TlsFlaw tls(TlsMoment) const { return {}; }

  // The fault came into force on this link. `established` is false when the link's connection is
  // only just opening (then `opening` follows) and true when it was live already.
  virtual void armed(const Moment&, bool /*established*/, Outlet&) {}
  // The connection is about to dial its upstream. Asked on each link that the fault is armed on.
  virtual void opening(const Moment&, Outlet&) {}
  virtual void chunk(const Moment&, const Chunk&, Outlet& outlet) { outlet.pass(); }
  // The sender finished (FIN) or is gone (RST). What passes it ends the direction in the same way,
  // behind the bytes before it.
  virtual void end(const Moment&, Outlet& outlet) { outlet.pass(); }
  // Comes when asked for and once after an update.
  virtual void timer(const Moment&, Outlet&) {}
  // Every exchange before the awaited one has been answered, and no byte of an answer is on its
  // way: what is answered now is in its place. 0: there will be no turn, because the connection
  // stopped making sense.
  virtual void turn(const Moment&, std::uint64_t /*exchange*/, Outlet&) {}
  // The fault was taken out. The link releases what it held after this, in order.
  virtual void disarmed(const Moment&, Outlet&) {}
};

// The other fault of an update, as what it must be.
template <class Kind>
const Kind& same_kind(const Fault& configured) {
  const Kind* const same = dynamic_cast<const Kind*>(&configured);
  assert(same != nullptr);
  return *same;
}

// Which links a kind is armed on when its aim names no direction.
enum class Directions : std::uint8_t { upstream = 1, downstream = 2, both = 3 };

constexpr bool includes(Directions set, Direction d) {
  return (static_cast<unsigned>(set) & (d == Direction::upstream ? 1U : 2U)) != 0;
}

// What the TLS between a proxy and its clients must be for a kind to find something to act on.
enum class NeedsTls : std::uint8_t {
  nothing,      // it acts on the stream
  terminated,   // the proxy terminates it
  issued_here,  // … with a certificate that was made here, so that its CA can sign another
};

// One kind of fault, as users see it: a constant, listed in catalogue.h.
struct FaultKind {
  std::string_view name;
  std::string_view summary;   // one line
  std::string_view contract;  // what arm, update, disarm, half-close and reset mean
  std::span<const Parameter> parameters;
  Directions default_directions = Directions::both;
  // False: it acts on whole proxies, before there is a connection to choose, and an aim is refused.
  bool aimed = true;
  // True: it decides about each exchange, on both links of a connection together, and its aim
  // chooses among exchanges.
  bool by_exchange = false;
  // The protocol of the proxies it can act on; empty: any.
  std::string_view protocol = {};
  NeedsTls needs_tls = NeedsTls::nothing;
  // Builds the prototype from settings that `parameters` has already checked one by one; what is
  // wrong only in combination is an Error here.
  Checked<std::unique_ptr<Fault>> (*make)(const Settings&) = nullptr;
};

}  // namespace faultline
