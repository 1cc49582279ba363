#pragma once

// Which response belongs to which request.
//
// PostgreSQL answers strictly in request order and without ids. What a request is, here, is what
// one ReadyForQuery answers: a Query, a FunctionCall, or a batch of extended messages up to its
// Sync. Units wait in a queue; every response message belongs to the one in front.
//
//   upstream              P B D E S | Q | P B E S          back of the queue: may still be open
//   downstream            1 2 T D D C Z | …                front: the one being answered
//
// An error in an extended message makes the server skip everything up to the next Sync, even a
// Query; an error in a Query or in the Sync itself skips nothing. Which of the two it was is known
// from the count of extended messages that have not been answered yet.
//
// While the server takes COPY data in, it ignores a Sync; so the one that was sent right behind the
// Execute (libpq does) ends nothing, and the batch stays open until the Sync behind the CopyDone.

#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/codec.h"

namespace faultline::postgres {

// A request as it waits for its answer.
struct Unit {
  enum class End : std::uint8_t { open, statement, sync };

  std::uint64_t ordinal = 0;
  Instant request_first{};
  Instant request_last{};
  std::uint64_t unanswered = 0;  // extended messages without their reply
  InlineText<16> keyword;        // of its first statement
  End end = End::open;
  bool executes = false;    // holds an Execute
  bool calls = false;       // is a FunctionCall
  bool needs_sync = false;  // failed early: the server skips to a Sync
  bool copy_ended = false;  // CopyDone or CopyFail came before the server asked for data
  bool reported = false;    // FATAL: its exchange is already told
};

// A ring that grows to its limit and falls back to its first size when it runs empty.
class UnitQueue {
 public:
  static constexpr std::size_t limit = 65'536;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  Unit& front() { return slots_[first_]; }
  const Unit& front() const { return slots_[first_]; }
  Unit& back() { return at(size_ - 1); }
  const Unit& back() const { return const_cast<UnitQueue*>(this)->at(size_ - 1); }
  bool push(const Unit& unit);  // false: the limit is reached
  void pop();

 private:
  Unit& at(std::size_t i) { return slots_[(first_ + i) & (slots_.size() - 1)]; }

  std::vector<Unit> slots_;  // a power of two of them
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

// What a response message said, beyond its type.
struct Reply {
  char type = 0;
  std::string_view tag;   // CommandComplete
  std::string_view code;  // ErrorResponse
  bool fatal = false;     // ErrorResponse
  char status = 0;        // ReadyForQuery
};

// Functions that can find the dialogue impossible return why, in static storage, or nullptr.
class Exchanges {
 public:
  // A typed message from the client begins; `ordinal` is set to the exchange it belongs to, or 0.
  const char* request_begins(char type, Instant now, std::uint64_t& ordinal);
  void request_ends(char type, std::string_view statement, Instant now);

  // The exchange that a message from the server belongs to, or 0.
  std::uint64_t answering() const { return units_.empty() ? 0 : units_.front().ordinal; }
  const char* response_begins(char type, Instant now);
  const char* response_ends(const Reply& reply, Instant now, CodecOutlet& out);

  // No answer will be seen any more: every unit that waits is reported.
  void abandon(CodecOutlet& out);

 private:
  // What was answered so far to the unit in front.
  struct Answer {
    Instant first{};
    Instant error_at{};
    InlineText<64> tag;  // of the last CommandComplete
    InlineText<8> code;  // of the first error
    bool failed = false;
    bool rolled_back = false;  // a CommandComplete said ROLLBACK
  };

  Unit* open_unit();
  const char* copy_begins();
  const char* error_ends(const Reply& reply, Instant now, CodecOutlet& out);
  const char* ready(char status, Instant now, CodecOutlet& out);
  void absorb_to_sync(Unit& unit);
  Told told(const Unit& unit, char status) const;
  void report(const Unit& unit, Told told, char status, Instant at, CodecOutlet& out) const;
  void next();

  UnitQueue units_;
  Answer answer_;
  std::uint64_t last_ordinal_ = 0;
  std::uint64_t copy_ordinal_ = 0;  // of the last exchange that took COPY data in
  bool copying_ = false;            // the server takes COPY data in
  bool of_session_ = false;         // the error at hand began when nothing was asked
  char status_ = 'I';               // of the last ReadyForQuery
};

}  // namespace faultline::postgres
