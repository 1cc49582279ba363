#include "proxy/wire/local_pair.h"

#include <errno.h>
#include <poll.h>

#include <utility>

namespace faultline::wire {
namespace {

// A connection over loopback is there when connect() returns, unless the kernel is behind with its
// work.
constexpr int patience_ms = 50;

void bound_buffers(int fd) {
  const int bytes = LocalPairs::held;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

bool accepted_soon(int listener) {
  pollfd waiting{listener, POLLIN, 0};
  return poll(&waiting, 1, patience_ms) == 1;
}

}  // namespace

std::expected<LocalPair, int> LocalPairs::make() {
  if (!listener_.open()) {
    SocketAddress any;
    numeric({"127.0.0.1", 0}, any);
    auto socket = try_listen_on(any);
    if (!socket) return std::unexpected(socket.error());
    bound_buffers(socket->get());  // what it accepts inherits them
    listener_ = std::move(*socket);
    address_ = local_address(listener_.get());
  }
  LocalPair pair;
  pair.near = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!pair.near.open()) return std::unexpected(errno);
  bound_buffers(pair.near.get());
  set_no_delay(pair.near.get());
  if (connect(pair.near.get(), address_.get(), address_.length) != 0 && errno != EINPROGRESS)
    return std::unexpected(errno);
  const std::string own = local_address(pair.near.get()).text();
  while (true) {
    Accepted accepted = accept_from(listener_.get());
    if (accepted.socket.open() && accepted.peer.text() == own) {
      pair.far = std::move(accepted.socket);
      return pair;
    }
    if (accepted.socket.open()) continue;  // a stranger
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR && errno != ECONNABORTED)
      return std::unexpected(errno);
    if (!accepted_soon(listener_.get())) return std::unexpected(ETIMEDOUT);
  }
}

}  // namespace faultline::wire
