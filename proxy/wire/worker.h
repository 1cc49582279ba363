#pragma once

// A worker: one thread, one loop and everything that it owns; nothing is shared with other workers.
// Changes reach it as messages through its loop. Its relays settle here, in one place per turn, and
// are destroyed here and nowhere else.

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "proxy/journal.h"
#include "proxy/wire/engine.h"
#include "proxy/wire/loop.h"
#include "proxy/wire/relay.h"
#include "proxy/wire/resolver.h"
#include "proxy/wire/splice.h"
#include "proxy/wire/tls_legs.h"

namespace faultline::wire {

// Connections of the whole process, so that descriptors never run out: each takes two.
class ConnectionBudget {
 public:
  explicit ConnectionBudget(std::uint64_t most) : most_(most) {}
  bool take();
  void give_back() { live_.fetch_sub(1); }
  // For who found none: asks to be told, and must try once more after asking.
  void ask_for_room() { wanted_.store(true); }
  bool room_was_asked_for() { return wanted_.load() && wanted_.exchange(false); }
  std::uint64_t most() const { return most_; }
  std::uint64_t live() const { return live_.load(std::memory_order_relaxed); }

 private:
  const std::uint64_t most_;
  std::atomic<std::uint64_t> live_{0};
  std::atomic<bool> wanted_{false};
};

// A proxy as one worker knows it.
struct LocalProxy {
  ProxyId id = 0;
  ProxySpec spec;
  const CodecKind* codec = nullptr;
  std::shared_ptr<const TlsSetup> tls;  // null: neither side speaks TLS
  std::unique_ptr<Fault> rewriter;      // null: messages go on as they are
  std::vector<FaultId> armed;           // in the order of arming
  ProxyCounters counters;               // of this worker's connections
  bool closed = false;                  // forgotten when its last connection has ended
};

// A fault on one proxy: `before` connections had been accepted before the first that counts.
struct Target {
  ProxyId proxy = 0;
  std::uint64_t before = 0;
};

// A fault as one worker knows it; stays after the disarming, for its totals.
struct LocalFault {
  FaultId id = 0;
  FaultSpec spec;
  std::vector<Target> targets;
  Instant since{};  // when its arming was ordered: one instant for every worker
  Draw draw;        // about (seed, fault, how often it was updated)
  std::uint64_t updates = 0;
  Touched totals;
  // Exchanges that matched so far, on every worker: what an aim by the exchange counts.
  std::atomic<std::uint64_t>* places = nullptr;  // the engine owns it
};

class Worker {
 public:
  // What one turn may cost: bytes that are moved, and connections that settle. What is ready beyond
  // it goes on in the next, so that a message to the worker waits for a few milliseconds at most.
  struct Turn {
    std::size_t bytes, relays;
  };
  static constexpr Turn turn_of_most{8 * turn_budget, 1024};
  // Connections that moved much in their last turn, or that end, come after the others: a message
  // waits for one piece of bulk, not for one of each saturated connection, and for some of ten
  // thousand connections that close at once, not for all.
  static constexpr Turn turn_of_others{turn_budget, 128};
  static constexpr std::size_t much = turn_budget / 4;

  struct Shared {  // the same for every worker of the engine
    EngineOptions options;
    ConnectionBudget* budget = nullptr;
    std::function<void()> connection_freed;  // called when a relay has ended
  };

  Worker(const Shared& shared, JournalPen& pen);

  void start();
  void stop();  // closes what is left and joins

  Loop& loop() { return loop_; }

  // The following are for the worker's own thread.
  void add_proxy(const ProxySpec& spec, ProxyId id, std::shared_ptr<const TlsSetup> tls);
  void remove_proxy(ProxyId id);  // with its connections: RST
  void end_connections(ProxyId id);
  void retarget(ProxyId id, const Address& upstream);
  void adopt(Accepted client, ProxyId proxy, ConnectionId id, std::uint64_t ordinal);
  struct Order {  // what a fault is on every worker alike
    std::vector<Target> targets;
    Instant since{};
    std::atomic<std::uint64_t>* places = nullptr;
  };
  void arm(FaultId id, const FaultSpec& spec, const Order& order);
  void update(FaultId id, const FaultSpec& spec);
  void disarm(FaultId id);
  void forget(FaultId id) { faults_.erase(id); }
  const Touched* touched(FaultId id) const;
  const ProxyCounters* counters(ProxyId id) const;
  // The ordinal of the oldest connection of a proxy here; nothing if it has none.
  std::optional<std::uint64_t> oldest(ProxyId id) const;
  void describe(ProxyId proxy, std::vector<LiveConnection>& out) const;  // 0: of every proxy
  bool reset(ConnectionId connection);
  // The first fault in force on a proxy that admits clients in this way; 0: none.
  FaultId admitting(ProxyId proxy, Admission admission) const;

  // For its relays.
  JournalPen& pen() { return pen_; }
  std::span<char> scratch() { return scratch_; }
  // A block for as much as a turn may move, empty; for whoever does not use it to give back.
  std::unique_ptr<Block> take_room();
  void give_back(std::unique_ptr<Block> room) { room_ = std::move(room); }
  PipePool& pipes() { return pipes_; }
  LocalFault& fault(FaultId id) { return faults_.at(id); }
  void mark(Relay& relay);
  void resolve(const Address& address, ConnectionId whom);
  // Speaks TLS on a socket that the relay has connected to its upstream; secured() or not_secured()
  // is called during this call or later.
  void secure(Relay& relay, Descriptor upstream, Instant limit);
  // Its client is about to be sent an end; asked while its faults still know of it.
  void ending(const Relay& relay);
  void count_staged(int change) { staged_links_ += change; }
  void count_held(std::uint64_t before, std::uint64_t now) { held_ = held_ - before + now; }
  void count_moved(std::size_t bytes) { moved_ += bytes; }
  // Bytes that one link may hold now, of which it holds so many.
  std::uint64_t link_limit(std::uint64_t own) const;

 private:
  TlsLegs::Owner legs_owner();
  void client_failed(ProxyId proxy, ConnectionId connection, std::string_view why);
  Relay* find(ConnectionId connection);
  template <typename Work>
  void each_relay(const Work& work);  // which ends none of them
  void settle(Instant now);
  bool settle_those(bool yielding, const Turn& limit, Instant now);
  void trim();
  void remove(Relay& relay);
  void close_all(std::string_view reason);

  Shared shared_;
  JournalPen& pen_;
  Loop loop_;
  Resolver resolver_{loop_};
  PipePool pipes_;
  std::array<char, turn_budget> scratch_;
  std::unique_ptr<Block> room_;  // given back
  std::map<ProxyId, LocalProxy> proxies_;
  std::map<FaultId, LocalFault> faults_;
  std::unordered_map<ConnectionId, std::unique_ptr<Relay>> relays_;
  std::vector<Relay*> dirty_, settling_;  // of those settling, nullptr: has had its turn
  TlsLegs legs_;
  std::int64_t staged_links_ = 0;
  std::uint64_t held_ = 0;       // bytes in staged links and behind them
  std::size_t moved_ = 0;        // bytes in this turn
  std::size_t most_relays_ = 0;  // since memory was given back
  std::thread thread_;
};

}  // namespace faultline::wire
