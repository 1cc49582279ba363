#pragma once

// A proxy's listening socket, on the acceptor's loop. Accepts in batches, never beyond the
// connection budget: at the budget it stops accepting (clients wait in the kernel's backlog) and
// goes on when a connection has ended. A failing accept is tried again later; it never ends the
// listener.
//
// A full backlog, which is a fault, is a real one: nothing is accepted, the backlog shrinks to the
// least that the kernel grants, and connections of our own (plugs) fill it where no client did.
// Then the kernel drops every SYN, and clients try again until their own time limit. The kernel
// counts what it dropped.

#include <cstdint>
#include <functional>
#include <vector>

#include "proxy/journal.h"
#include "proxy/wire/loop.h"
#include "proxy/wire/socket.h"
#include "proxy/wire/worker.h"

namespace faultline::wire {

class Listener final : private Watcher {
 public:
  using Taken = std::function<void(Accepted client)>;

  static constexpr int batch = 64;       // accepted per turn
  static constexpr int most_plugs = 16;  // tried; a backlog of 0 takes one
  static constexpr Duration retry = std::chrono::milliseconds(100);

  Listener(Loop& loop, Descriptor socket, ProxyId proxy, ConnectionBudget& budget, JournalPen& pen,
           Taken taken);

  // The budget has room again.
  void resume();

  // For that fault, and from now on for this one where it was filled for another.
  void fill_backlog(FaultId fault);
  void free_backlog();                                // and goes on accepting, whoever waited first
  FaultId full_for() const { return full_for_; }      // 0: it is not filled
  Instant full_since() const { return full_since_; }  // for that fault
  // SYNs that the kernel dropped since it was asked last; a client's retries count each. None while
  // the backlog is not filled.
  std::uint64_t take_dropped();

  SocketAddress address() const { return local_address(socket_.get()); }

 private:
  void ready(std::uint32_t events) override;
  void accept_some();
  bool found_room();
  bool backlog_is_full() const;
  bool is_plug(const Accepted& client) const;
  std::uint32_t drops() const;

  Loop& loop_;
  Descriptor socket_;
  const ProxyId proxy_;
  ConnectionBudget& budget_;
  JournalPen& pen_;
  Taken taken_;
  Deadline deadline_;
  bool paused_ = false;
  FaultId full_for_ = 0;
  Instant full_since_{};
  std::vector<Descriptor> plugs_;
  std::uint32_t drops_before_ = 0;  // the kernel's counter, which may wrap
};

}  // namespace faultline::wire
