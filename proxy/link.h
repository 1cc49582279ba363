#pragma once

// A link: one direction of one connection, the bytes waiting in it and the faults armed on it.
//
//   arrive ─▶ [ stage: fault + what waits behind it ] ─▶ [ stage ] ─▶ exit
//
// Facts in, orders out: the link is told what came and what time it is, and speaks to its LinkExit.
// It touches no socket and no clock. What it guarantees, whatever the faults do: bytes of one
// direction never overtake each other (a due time is raised to that of the bytes before it); an end
// or a reset of the sender travels behind the bytes it followed; disarming releases what the fault
// held, in order; what passes every fault at once is never copied.

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "faults/fault.h"
#include "proxy/byte_queue.h"
#include "proxy/spec.h"

namespace faultline {

// How a direction ends: the sender finished (FIN), or its side of the connection was reset.
enum class Closing : std::uint8_t { end, reset };

// Where a link speaks. Called during the link's own calls; must not call the link back.
class LinkExit {
 public:
  virtual ~LinkExit() = default;
  virtual void leave(ByteView bytes) = 0;                // pass on now
  virtual void leave(std::unique_ptr<Block> block) = 0;  // the same, with the memory they are in
  virtual void leave(Closing closing) = 0;               // … behind all that left before
  // Back to the sender, as the response of that exchange (0: of none), from the fault that says it.
  virtual void answer(FaultId fault, std::uint64_t exchange, ByteView bytes) = 0;
  virtual void end_answers(FaultId fault) = 0;  // FIN to the sender, behind what was answered
  virtual void end_other() = 0;                 // a fault ends the other direction too
  virtual void reset_both() = 0;                // a fault resets the connection
  virtual void refuse() = 0;                    // a fault refuses the connection
  virtual bool ended() const = 0;               // this direction has ended already
  // A fault altered something; `bytes` may be 0. Every alteration is told, so nothing is forgotten.
  virtual void touched(FaultId fault, std::uint64_t bytes) = 0;
  // What a fault says of exchanges (Outlet).
  virtual bool claim(FaultId fault, std::uint64_t exchange) = 0;
  virtual void withhold(std::uint64_t exchange) = 0;
  virtual void repeat(std::uint64_t exchange) = 0;
  virtual void tell(std::uint64_t exchange, std::string_view code) = 0;
  // What the fault claimed and told nothing of goes on as if it had not been claimed.
  virtual void disclaim(FaultId fault) = 0;
  virtual void early(FaultId fault) = 0;
};

class Link {
 public:
  Link(Direction direction, LinkExit& exit) : direction_(direction), exit_(exit) {}

  // A fault on its way to this link. Ids ascend in the order of arming, and so do the stages: a
  // connection may be given an older fault late, when an update makes its aim take it.
  struct Arming {
    FaultId id = 0;
    const Fault& prototype;
    Draw draw;        // about (seed, fault, connection)
    Instant since{};  // in force on the proxy
    std::string client = {};
  };
  // This and the next two are true when something follows from it, and settle() is due: a change
  // that touches thousands of idle links must cost no more than telling them. `half` is the fault
  // to arm, where the kind makes halves; else a fresh one is asked for.
  bool arm(const Arming& arming, Instant now, bool established,
           std::unique_ptr<Fault> half = nullptr);
  // Takes over the settings of `prototype` and decides anew about what waits at the fault. Does
  // nothing where the fault is not armed.
  bool update(FaultId id, const Fault& prototype, Draw draw, Instant now);
  void opening(Instant now);  // the connection is about to dial
  // Not before this may it dial: the latest that a fault asked for; the epoch if none did.
  Instant open_at() const;
  bool disarm(FaultId id, Instant now);
  bool staged() const { return !stages_.empty(); }
  bool armed(FaultId id) const;

  // What the first fault with a word about this moment does to the client's TLS, and which it is.
  struct FlawedBy {
    FaultId fault = 0;
    TlsFlaw flaw;
  };
  FlawedBy tls(TlsMoment moment) const;

  // The exchange whose turn a fault awaits, the earliest of them; 0: none.
  std::uint64_t awaits() const;
  void turn(std::uint64_t exchange, Instant now);
  void no_turn(Instant now);  // to all who await one: there will be none

  // `block`, where given, owns the bytes of `chunk`.
  void arrive(const Chunk& chunk, std::unique_ptr<Block> block = nullptr) {
    enter(0, chunk, std::move(block));
  }
  // What a fault on the other link answers: it goes on behind what has passed that fault's place.
  void answered(FaultId fault, const Chunk& chunk);
  void answers_ended(FaultId fault, Instant now);
  void sender_closed(Closing closing, Instant now);
  // Bytes came after a fault had ended this direction, and were dropped.
  void dropped(std::uint64_t bytes);

  // Moves everything due by `now` on; then nothing is due before wake_at().
  void settle(Instant now);
  Instant wake_at() const;
  // Bytes waiting in stages, each piece with the memory that keeping it takes besides.
  std::uint64_t held() const { return held_; }

  bool empty() const;  // no bytes and no closing wait

  static constexpr std::uint64_t item_cost = 176;

 private:
  struct Item {
    std::unique_ptr<Block> block;  // nullptr: a closing
    Closing closing = Closing::end;
    Label label;
    Instant arrived{};  // at this stage
    Instant due{};
    bool counted = false;   // told as touched already
    bool deferred = false;  // waits for a decision, which is no alteration
    bool spoken = false;    // an end that the fault itself spoke

    std::uint64_t size() const { return block ? block->view().size() : 0; }
    std::uint64_t cost() const { return block ? size() + block->unused() + item_cost : 0; }
  };
  struct Stage {
    FaultId id = 0;
    std::unique_ptr<Fault> fault;
    Draw draw;
    Instant since{};
    std::string client;
    std::uint64_t ordinal = 0;   // of the next moment that may draw
    Instant wake = never;        // asked for by the fault
    Instant opened{};            // when it was asked about opening
    Instant open_at{};           // what it answered
    bool closed = false;         // the fault ended this direction: what comes later is dropped
    std::uint64_t held = 0;      // bytes in `waiting`
    std::uint64_t claimed = 0;   // the exchange it claimed last
    std::uint64_t withheld = 0;  // … and withheld last
    std::uint64_t awaits = 0;    // whose turn it awaits
    std::list<Item> waiting;     // allocates nothing while nothing waits
  };
  class Verdict;

  Stage* find(FaultId id);
  std::size_t behind(FaultId id) const;
  void turn(std::size_t stage, std::uint64_t exchange, Instant now);
  std::size_t index_of(const Stage& stage) const {
    return static_cast<std::size_t>(&stage - stages_.data());
  }
  void enter(std::size_t stage, const Chunk& chunk, std::unique_ptr<Block> block);
  void enter_closing(std::size_t stage, Closing closing, Instant now);
  void offer(std::size_t stage, const Chunk& chunk, Item item, Instant now);
  void offer_closing(std::size_t stage, Item item, Instant now);
  void offer_again(std::size_t stage, Instant now);
  void pass_parts(std::size_t stage, const Chunk& chunk, const Verdict& verdict, Item item,
                  Instant now);
  void advance(std::size_t stage, const Chunk& chunk, Item item, Instant now);
  void advance_closing(std::size_t stage, Item item, Instant now);
  void keep(Stage& stage, Item item);
  Item take_front(Stage& stage);
  void go_on(std::size_t stage, Item item, Instant now);
  void release(std::size_t stage, Instant until, Instant now);
  void release(std::size_t stage, std::uint64_t bytes, Instant now);
  void ask_opening(std::size_t stage, Instant opened, Instant now);
  void carry_out(std::size_t stage, const Verdict& verdict, Instant now);
  Moment moment(Stage& stage, Instant now);

  const Direction direction_;
  LinkExit& exit_;
  std::vector<Stage> stages_;
  std::uint64_t held_ = 0;
};

}  // namespace faultline
