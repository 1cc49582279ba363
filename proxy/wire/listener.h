#pragma once

// A proxy's listening socket, on the acceptor's loop. Accepts in batches, never beyond the
// connection budget: at the budget it stops accepting (clients wait in the kernel's backlog) and
// goes on when a connection has ended. A failing accept is tried again later; it never ends the
// listener.

#include <cstdint>
#include <functional>

#include "proxy/journal.h"
#include "proxy/wire/loop.h"
#include "proxy/wire/socket.h"
#include "proxy/wire/worker.h"

namespace faultline::wire {

class Listener final : private Watcher {
 public:
  using Accepted = std::function<void(Descriptor client, std::uint64_t ordinal)>;

  static constexpr int batch = 64;  // accepted per turn
  static constexpr Duration retry = std::chrono::milliseconds(100);

  Listener(Loop& loop, Descriptor socket, ProxyId proxy, ConnectionBudget& budget, JournalPen& pen,
           Accepted accepted);

  // The budget has room again.
  void resume();

 private:
  void ready(std::uint32_t events) override;
  void accept_some();
  bool found_room();

  Loop& loop_;
  Descriptor socket_;
  const ProxyId proxy_;
  ConnectionBudget& budget_;
  JournalPen& pen_;
  Accepted accepted_;
  Deadline deadline_;
  std::uint64_t ordinal_ = 0;
  bool paused_ = false;
};

}  // namespace faultline::wire
