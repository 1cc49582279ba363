#include "proxy/wire/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace faultline::wire {
namespace {

Transfer outcome(ssize_t n) {
  if (n >= 0) return {.count = static_cast<std::size_t>(n)};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {.would_block = true};
  return {.error = errno};
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

Descriptor::~Descriptor() { close(); }

void Descriptor::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string SocketAddress::text() const { return Address{host(), port()}.text(); }

std::string SocketAddress::host() const {
  char host[INET6_ADDRSTRLEN] = "?";
  if (family() == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
  } else {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
  }
  return host;
}

std::uint16_t SocketAddress::port() const {
  if (family() == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

bool numeric(const Address& address, SocketAddress& out) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    out.length = sizeof(sockaddr_in);
    return true;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    out.length = sizeof(sockaddr_in6);
    return true;
  }
  return false;
}

Accepted accept_from(int listener) {
  Accepted client;
  client.peer.length = sizeof client.peer.storage;
  client.socket = Descriptor(accept4(listener, reinterpret_cast<sockaddr*>(&client.peer.storage),
                                     &client.peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  return client;
}

std::expected<Descriptor, int> try_listen_on(const SocketAddress& address) {
  Descriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  const int off = 0;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.family() == AF_INET6)
    setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  set_no_delay(socket.get());
  if (!socket.open() || bind(socket.get(), address.get(), address.length) != 0 ||
      listen(socket.get(), SOMAXCONN) != 0)
    return std::unexpected(errno);
  return socket;
}

Result<Descriptor> listen_on(const SocketAddress& address) {
  auto socket = try_listen_on(address);
  if (!socket) return error("", why_not_listening(address.text(), socket.error()));
  return std::move(*socket);
}

std::string why_not_listening(const std::string& address, int code) {
  const char* hint = code == EADDRINUSE ? "; choose another port, or 0 for a free one" : "";
  return "cannot listen on " + address + ": " + strerror(code) + hint;
}

SocketAddress local_address(int fd) {
  SocketAddress address;
  address.length = sizeof address.storage;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.length);
  return address;
}

Dialing dial(const SocketAddress& address) {
  Dialing dialing;
  dialing.socket =
      Descriptor(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!dialing.socket.open()) {
    dialing.error = errno;
    return dialing;
  }
  set_no_delay(dialing.socket.get());
  if (connect(dialing.socket.get(), address.get(), address.length) != 0 && errno != EINPROGRESS)
    dialing.error = errno;
  return dialing;
}

Transfer receive(int fd, std::span<char> into) {
  const ssize_t n = recv(fd, into.data(), into.size(), 0);
  Transfer transfer = outcome(n);
  transfer.ended = n == 0;
  return transfer;
}

Transfer send_bytes(int fd, ByteView bytes) {
  return outcome(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

Transfer send_gathered(int fd, std::span<const iovec> slots) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(slots.data());
  message.msg_iovlen = slots.size();
  return outcome(sendmsg(fd, &message, MSG_NOSIGNAL));
}

void set_no_delay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void shut_down_writing(int fd) { shutdown(fd, SHUT_WR); }

int take_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

int unacknowledged(int fd) {
  int bytes = 0;
  return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

void reset_and_close(Descriptor& socket) {
  if (!socket.open()) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  socket.close();
}

std::string_view error_name(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : "unknown error";
}

}  // namespace faultline::wire
