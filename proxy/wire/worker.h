#pragma once

// A worker: one thread, one loop and everything that it owns; nothing is shared with other workers.
// Changes reach it as messages through its loop. Its relays settle here, in one place per turn, and
// are destroyed here and nowhere else.

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "proxy/journal.h"
#include "proxy/wire/engine.h"
#include "proxy/wire/loop.h"
#include "proxy/wire/relay.h"
#include "proxy/wire/resolver.h"
#include "proxy/wire/splice.h"

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
  std::vector<FaultId> armed;  // in the order of arming
  ProxyCounters counters;      // of this worker's connections
};

// A fault as one worker knows it; stays after the disarming, for its totals.
struct LocalFault {
  FaultId id = 0;
  FaultSpec spec;
  Draw draw;        // about (seed, fault)
  Instant since{};  // in force
  Touched totals;
};

class Worker {
 public:
  struct Shared {  // the same for every worker of the engine
    EngineOptions options;
    ConnectionBudget* budget = nullptr;
    std::function<void()> connection_freed;  // called when a relay has ended
  };

  Worker(const Shared& shared, JournalPen& pen) : shared_(shared), pen_(pen) {}

  void start();
  void stop();  // closes what is left and joins

  Loop& loop() { return loop_; }

  // The following are for the worker's own thread.
  void add_proxy(const ProxySpec& spec, ProxyId id);
  void remove_proxy(ProxyId id);
  void adopt(Descriptor client, ProxyId proxy, ConnectionId id, std::uint64_t ordinal);
  void arm(FaultId id, const FaultSpec& spec, const std::vector<ProxyId>& proxies);
  void disarm(FaultId id);
  const Touched* touched(FaultId id) const;
  const ProxyCounters* counters(ProxyId id) const;

  // For its relays.
  JournalPen& pen() { return pen_; }
  std::span<char> scratch() { return scratch_; }
  PipePool& pipes() { return pipes_; }
  LocalFault& fault(FaultId id) { return faults_.at(id); }
  void mark(Relay& relay);
  void resolve(const Address& address, ConnectionId whom);
  void count_staged(int change) { staged_links_ += change; }
  std::uint64_t link_limit() const;  // bytes one link may hold now

 private:
  void settle(Instant now);
  void close_all(std::string_view reason);

  Shared shared_;
  JournalPen& pen_;
  Loop loop_;
  Resolver resolver_{loop_};
  PipePool pipes_;
  std::array<char, turn_budget> scratch_;
  std::map<ProxyId, LocalProxy> proxies_;
  std::map<FaultId, LocalFault> faults_;
  std::unordered_map<ConnectionId, std::unique_ptr<Relay>> relays_;
  std::vector<Relay*> dirty_, settling_;
  std::int64_t staged_links_ = 0;
  std::thread thread_;
};

}  // namespace faultline::wire
