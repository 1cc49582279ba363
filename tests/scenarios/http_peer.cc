#include "tests/scenarios/http_peer.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string_view>

namespace faultline {
namespace {

constexpr auto generous = std::chrono::minutes(1);

void make_blocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK); }

}  // namespace

HttpPeer::HttpPeer(Script script) : script_(std::move(script)) {
  wire::SocketAddress loopback;
  wire::numeric({"127.0.0.1", 0}, loopback);
  listener_ = std::move(*wire::listen_on(loopback));
  make_blocking(listener_.get());
  accepting_ = std::thread([this] { accept_all(); });
}

HttpPeer::~HttpPeer() {
  release();
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const int fd : sockets_) {
      if (fd >= 0) shutdown(fd, SHUT_RDWR);
    }
  }
  shutdown(listener_.get(), SHUT_RDWR);
  accepting_.join();
  for (std::thread& thread : threads_) thread.join();
}

Address HttpPeer::address() const {
  return {"127.0.0.1", wire::local_address(listener_.get()).port()};
}

bool HttpPeer::await_requests(std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, generous, [&] { return seen_.size() >= count; });
}

void HttpPeer::release() {
  const std::lock_guard lock(mutex_);
  released_ = true;
  changed_.notify_all();
}

std::vector<Seen> HttpPeer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::size_t HttpPeer::connections() const {
  const std::lock_guard lock(mutex_);
  return sockets_.size();
}

void HttpPeer::accept_all() {
  while (true) {
    const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    if (ending_) {
      close(fd);
      return;
    }
    sockets_.push_back(fd);
    threads_.emplace_back([this, connection = sockets_.size() - 1] { serve(connection); });
  }
}

void HttpPeer::serve(std::size_t connection) {
  std::unique_lock lock(mutex_);
  const int fd = sockets_[connection];
  lock.unlock();
  Reply::Then then = Reply::Then::keep;
  std::string buffer;
  for (std::size_t ordinal = 0; then == Reply::Then::keep; ++ordinal) {
    Seen seen{connection, ordinal, "", ""};
    if (!read_request(fd, buffer, seen)) break;
    const Reply reply = script_(seen);
    lock.lock();
    seen_.push_back(std::move(seen));
    changed_.notify_all();
    if (reply.held) changed_.wait_for(lock, generous, [&] { return released_; });
    lock.unlock();
    send(fd, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
    then = reply.then;
  }
  lock.lock();
  sockets_[connection] = -1;
  if (then == Reply::Then::reset) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  close(fd);
}

bool HttpPeer::read_request(int fd, std::string& buffer, Seen& seen) const {
  constexpr std::string_view length_is = "Content-Length: ";
  while (true) {
    const std::size_t blank = buffer.find("\r\n\r\n");
    if (blank != std::string::npos) {
      const std::size_t head = blank + 4;
      const std::size_t at = buffer.substr(0, head).find(length_is);
      const char* const digits = buffer.c_str() + at + length_is.size();
      const std::size_t whole =
          head + (at == std::string::npos ? 0 : std::strtoul(digits, nullptr, 10));
      if (buffer.size() >= whole) {
        seen.head = buffer.substr(0, head);
        seen.body = buffer.substr(head, whole - head);
        buffer.erase(0, whole);
        return true;
      }
    }
    char bytes[4096];
    const ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    buffer.append(bytes, static_cast<std::size_t>(count));
  }
}

}  // namespace faultline
