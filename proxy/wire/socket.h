#pragma once

// TCP sockets as the relay needs them: non-blocking descriptors that are closed by their owner, and
// the few calls whose exact use matters. Errors are errno values; EAGAIN is told apart.

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "faults/bytes.h"
#include "faults/result.h"
#include "proxy/spec.h"

namespace faultline::wire {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void close();
  int give_up() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

struct SocketAddress {
  sockaddr_in6 storage{};  // the larger of the two families
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return get()->sa_family; }
  std::string text() const;  // "127.0.0.1:5432", "[::1]:5432"
  std::string host() const;  // "127.0.0.1", "::1"
  std::uint16_t port() const;
};

// A client as accept4 hands it over.
struct Accepted {
  Descriptor socket;
  SocketAddress peer;
};
// Not open where there is none; errno says why.
Accepted accept_from(int listener);

// An address that needs no name service; nothing if the host is a name.
bool numeric(const Address& address, SocketAddress& out);

// Listens with SO_REUSEADDR and the largest backlog the kernel grants; [::] takes IPv4 too. What it
// accepts inherits TCP_NODELAY. The
// error is an errno value, or in words and with the address.
std::expected<Descriptor, int> try_listen_on(const SocketAddress& address);
Result<Descriptor> listen_on(const SocketAddress& address);
std::string why_not_listening(const std::string& address, int code);
SocketAddress local_address(int fd);

// A non-blocking connect begun; `error` is 0 when it is under way or done.
struct Dialing {
  Descriptor socket;
  int error = 0;
};
Dialing dial(const SocketAddress& address);

// What an I/O call came to: `count` bytes, or end of stream (reading), or would-block, or an error.
struct Transfer {
  std::size_t count = 0;
  bool ended = false;
  bool would_block = false;
  int error = 0;
};
Transfer receive(int fd, std::span<char> into);
Transfer send_bytes(int fd, ByteView bytes);
Transfer send_gathered(int fd, std::span<const iovec> slots);

void set_no_delay(int fd);
void shut_down_writing(int fd);
int take_error(int fd);      // SO_ERROR; reading it clears it
int unacknowledged(int fd);  // bytes (and a FIN) the peer's kernel has not acknowledged: SIOCOUTQ
void reset_and_close(Descriptor& socket);  // RST: SO_LINGER {1, 0}, then close

std::string_view error_name(int error);  // "ECONNREFUSED"

}  // namespace faultline::wire
