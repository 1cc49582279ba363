#pragma once

// The journal: the append-only record of what happened. Measures, reports, metrics and the log are
// readings of it, and it is written next to every report.
//
// Each worker appends to a bounded ring of its own, without locks or allocation; one thread of the
// journal's own empties the rings into a JournalReader (a file, a test's vector) in batches. When a
// ring is full the event is counted as lost and proxying goes on: a recording that is incomplete
// says so (`journal_overflowed` with the count), and whoever reads it may not call it complete.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "faults/chunk.h"
#include "faults/time.h"
#include "proxy/codec.h"
#include "proxy/spec.h"

namespace faultline {

enum class EventKind : std::uint8_t {
  proxy_opened,  // text: listening address
  proxy_closed,
  connection_accepted,  // text: client address
  connection_shed,      // the connection budget was reached: accepting paused; count: live
  upstream_connected,   // text: upstream address
  upstream_failed,      // text: "ECONNREFUSED", "ETIMEDOUT", "no address",
                        // "TLS: certificate has expired"; the client gets RST
  client_failed,        // text: why the client's TLS handshake failed
  peer_ended,           // FIN from the side whose bytes travel in `direction`
  peer_reset,           // RST from that side
  connection_closed,    // count, more: bytes relayed upstream, downstream; text: reason
  exchange,             // `exchange` holds it; at = response_last, or the end if told nothing
  session,              // fact in `session`, text: code
  desync,               // the codec gave up on this connection; text: reason
  fault_commanded,      // the order to arm was accepted (t_cmd)
  fault_armed,          // in force on every worker (t_arm)
  fault_touched,        // first alteration of this connection by this fault in `direction`
  fault_disarm_commanded,
  fault_disarmed,      // out of force on every worker (t_rm); totals in `touched`
  journal_overflowed,  // count: events lost since the last one written
};
std::string_view name(EventKind kind);

// What a fault really altered, on one worker or in all.
struct Touched {
  std::uint64_t connections = 0;
  std::uint64_t messages = 0;  // chunks, where the protocol has no messages
  std::uint64_t bytes = 0;     // held, dropped or replaced
  std::uint64_t early = 0;     // requests that came although their client was told to wait
  Instant first = never;       // t_eff
  Instant last{};              // t_clr

  bool any() const { return connections > 0; }
  void add(const Touched& other);
};

struct Event {
  Instant at{};
  EventKind kind = EventKind::proxy_opened;
  Direction direction = Direction::upstream;
  SessionFact session = SessionFact::ready;
  ProxyId proxy = 0;
  FaultId fault = 0;
  ConnectionId connection = 0;
  std::uint64_t count = 0;
  std::uint64_t more = 0;
  InlineText<64> text;
  Exchange exchange;
  Touched touched;
};

// Told of events in batches, on the journal's thread. Within one worker's events `at` never
// decreases; between workers it may by a batch.
class JournalReader {
 public:
  virtual ~JournalReader() = default;
  virtual void read(std::span<const Event> events) = 0;
};

class Journal;

// One worker's ring: a single writer (the worker), a single reader (the journal's thread). What the
// writer hands in must not go back in time.
class JournalPen {
 public:
  // The journal, if any, is told when something is written while it sleeps.
  explicit JournalPen(std::size_t capacity, Journal* journal = nullptr);
  void write(const Event& event);  // never blocks; counts what does not fit
  // Moves what is there to `out`; a journal_overflowed event follows if any was lost, at the
  // instant of the last event before the gap.
  void take(std::vector<Event>& out);
  // Whether there is something to take; for the reader.
  bool written() const;
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  Journal* const journal_;
  std::vector<Event> ring_;
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> lost_{0};
  std::uint64_t lost_told_ = 0;  // this and the next belong to the reader
  Instant last_at_{};
};

class Journal {
 public:
  static constexpr std::size_t default_capacity = 16 * 1024;  // events per pen

  // How long an event waits for its reader at most, when nobody flushes. A reader that found
  // nothing for so long sleeps until something is written: an idle process costs nothing.
  static constexpr Duration longest_wait = std::chrono::milliseconds(20);

  // The reader must live longer than the journal.
  explicit Journal(JournalReader& reader, std::size_t capacity = default_capacity);
  ~Journal();  // flushes; the pens must have come to rest
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // A ring for one more writer; owned by the journal, valid as long as it. Any thread.
  JournalPen& pen();
  // Returns when everything written before the call has been read. Any thread but the reader's.
  void flush();
  std::uint64_t lost() const;
  // Whether the reader sleeps until something is written.
  bool asleep() const { return asleep_.load(); }

 private:
  friend JournalPen;

  void run();
  bool drain();  // whether there was anything
  bool fall_asleep();
  void something_written() {
    if (asleep_.load()) wake();
  }
  void wake();

  JournalReader& reader_;
  const std::size_t capacity_;
  mutable std::mutex pens_mutex_;
  std::vector<std::unique_ptr<JournalPen>> pens_;
  std::vector<Event> batch_;  // of the journal's thread

  std::mutex orders_mutex_;  // guards what follows
  std::condition_variable ordered_;
  std::condition_variable drained_;
  std::uint64_t flushes_asked_ = 0;
  std::uint64_t flushes_done_ = 0;
  bool stopping_ = false;
  std::atomic<bool> asleep_{false};  // cleared by who wakes the reader, without the mutex

  std::thread thread_;  // last: it runs on everything above
};

}  // namespace faultline
