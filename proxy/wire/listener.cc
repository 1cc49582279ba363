#include "proxy/wire/listener.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/wire/clock.h"

namespace faultline::wire {
namespace {

// A plug connects over loopback while dial() runs, unless the kernel is behind with its work.
constexpr int plug_patience_ms = 20;

}  // namespace

Listener::Listener(Loop& loop, Descriptor socket, ProxyId proxy, ConnectionBudget& budget,
                   JournalPen& pen, Taken taken)
    : loop_(loop),
      socket_(std::move(socket)),
      proxy_(proxy),
      budget_(budget),
      pen_(pen),
      taken_(std::move(taken)),
      deadline_(loop, [this](Instant) { accept_some(); }) {
  loop_.watch(socket_.get(), *this);
}

void Listener::ready(std::uint32_t) { accept_some(); }

void Listener::resume() {
  if (paused_) accept_some();
}

void Listener::fill_backlog(FaultId fault) {
  if (std::exchange(full_for_, fault) == 0) {
    listen(socket_.get(), 0);
    for (int i = 0; i < most_plugs && !backlog_is_full(); ++i) {
      Dialing plug = dial(address());
      pollfd connected{plug.socket.get(), POLLOUT, 0};
      const bool in = plug.error == 0 && poll(&connected, 1, plug_patience_ms) == 1;
      if (in) plugs_.push_back(std::move(plug.socket));
    }
    drops_before_ = drops();  // a plug's own SYN may have found no room
  }
  full_since_ = now();
}

void Listener::free_backlog() {
  if (std::exchange(full_for_, 0) == 0) return;
  listen(socket_.get(), SOMAXCONN);
  accept_some();
}

std::uint64_t Listener::take_dropped() {
  if (full_for_ == 0) return 0;
  const std::uint32_t before = std::exchange(drops_before_, drops());
  return drops_before_ - before;
}

// TCP_INFO of a listener: how many wait to be accepted, and how many may. The kernel drops a SYN
// where more wait than may.
bool Listener::backlog_is_full() const {
  tcp_info info{};
  socklen_t length = sizeof info;
  getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &length);
  return info.tcpi_unacked > info.tcpi_sacked;
}

// SO_MEMINFO: the ninth number is what this socket dropped, for a listener its SYNs (sk_drops).
std::uint32_t Listener::drops() const {
  std::array<std::uint32_t, SK_MEMINFO_VARS> numbers{};
  socklen_t length = sizeof numbers;
  getsockopt(socket_.get(), SOL_SOCKET, SO_MEMINFO, numbers.data(), &length);
  return numbers[SK_MEMINFO_DROPS];
}

bool Listener::is_plug(const Accepted& client) const {
  return std::ranges::any_of(plugs_, [&](const Descriptor& plug) {
    return local_address(plug.get()).text() == client.peer.text();
  });
}

bool Listener::found_room() {
  if (budget_.take()) return true;
  budget_.ask_for_room();
  return budget_.take();
}

void Listener::accept_some() {
  if (full_for_ != 0) return;
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
    Accepted client = accept_from(socket_.get());
    if (client.socket.open()) {
      if (is_plug(client)) {
        budget_.give_back();
      } else {
        taken_(std::move(client));
      }
      continue;
    }
    budget_.give_back();
    if (errno == EAGAIN || errno == EWOULDBLOCK) return plugs_.clear();
    // A client that left before it was accepted is nothing to wait for; a lack of descriptors is.
    if (errno != ECONNABORTED && errno != EINTR) return deadline_.set(loop_.now() + retry);
  }
  deadline_.set(loop_.now());  // the backlog has more: next turn
}

}  // namespace faultline::wire
