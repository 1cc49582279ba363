#include "proxy/wire/listener.h"

#include <errno.h>

#include <utility>

namespace faultline::wire {

Listener::Listener(Loop& loop, Descriptor socket, ProxyId proxy, ConnectionBudget& budget,
                   JournalPen& pen, Accepted accepted)
    : loop_(loop),
      socket_(std::move(socket)),
      proxy_(proxy),
      budget_(budget),
      pen_(pen),
      accepted_(std::move(accepted)),
      deadline_(loop, [this](Instant) { accept_some(); }) {
  loop_.watch(socket_.get(), *this);
}

void Listener::ready(std::uint32_t) { accept_some(); }

void Listener::resume() {
  if (paused_) accept_some();
}

bool Listener::found_room() {
  if (budget_.take()) return true;
  budget_.ask_for_room();
  return budget_.take();
}

void Listener::accept_some() {
  for (int i = 0; i < batch; ++i) {
    if (!found_room()) {
      if (std::exchange(paused_, true)) return;
      Event shed;
      shed.at = loop_.now();
      shed.kind = EventKind::connection_shed;
      shed.proxy = proxy_;
      shed.count = budget_.live();
      pen_.write(shed);
      return;
    }
    paused_ = false;
    Descriptor client(accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client.open()) {
      accepted_(std::move(client), ++ordinal_);
      continue;
    }
    budget_.give_back();
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    // A client that left before it was accepted is nothing to wait for; a lack of descriptors is.
    if (errno != ECONNABORTED && errno != EINTR) return deadline_.set(loop_.now() + retry);
  }
  deadline_.set(loop_.now());  // the backlog has more: next turn
}

}  // namespace faultline::wire
