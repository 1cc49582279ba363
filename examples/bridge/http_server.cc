#include "http_server.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

namespace bridge {
namespace {

int bind_to(const addrinfo& candidate) {
  const int fd = ::socket(candidate.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, candidate.ai_addr, candidate.ai_addrlen) == 0 && ::listen(fd, 1024) == 0) {
    return fd;
  }
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

}  // namespace

HttpServer::HttpServer(std::size_t max_connections, HttpConnection::Answer answer, Metrics& metrics,
                       const Stop& stop)
    : max_connections_(max_connections),
      limits_{},
      answer_(std::move(answer)),
      metrics_(metrics),
      stop_(stop) {}

HttpServer::~HttpServer() {
  if (fd_ >= 0) ::close(fd_);
}

std::expected<void, std::string> HttpServer::listen(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
  const std::string place = "--listen " + host + ":" + std::to_string(port) + ": ";
  if (status != 0) return std::unexpected(place + ::gai_strerror(status));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  for (const addrinfo* candidate = found; candidate && fd_ < 0; candidate = candidate->ai_next) {
    fd_ = bind_to(*candidate);
  }
  if (fd_ < 0) return std::unexpected(place + std::generic_category().message(errno));
  return {};
}

std::string HttpServer::address() const {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size);
  char host[NI_MAXHOST] = "";
  char port[NI_MAXSERV] = "";
  ::getnameinfo(reinterpret_cast<sockaddr*>(&bound), size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
  std::string text = host;
  if (bound.ss_family == AF_INET6) text = std::string("[").append(text).append("]");
  return text.append(":").append(port);
}

void HttpServer::accept_pending() {
  reap();
  for (;;) {
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) {
      start(fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      // The listener stays readable; without a pause the loop would spin until a descriptor is
      // free.
      sleep_for(Millis(20), stop_);
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void HttpServer::turn_away(int fd) {
  Response response;
  response.status = 503;
  response.headers = {{"X-Reason", std::string(reason_text(Reason::connections))},
                      {"Retry-After", "1"}};
  const auto text = wire_text(response, false, false);
  [[maybe_unused]] const auto sent =
      ::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ++metrics_.rejected_for(Reason::connections);
  ::close(fd);
}

void HttpServer::start(int fd) {
  if (serving_.size() >= max_connections_) return turn_away(fd);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Serving& serving = serving_.emplace_back(fd);
  ++metrics_.http_connections;
  try {
    serving.thread = std::thread([this, &serving] { serve(serving); });
  } catch (const std::system_error&) {
    --metrics_.http_connections;
    serving_.pop_back();
    turn_away(fd);
  }
}

void HttpServer::serve(Serving& serving) {
  HttpConnection(serving.fd, limits_, answer_, metrics_, stop_).serve();
  // The descriptor is closed by whoever joins; the client learns of the end here.
  ::shutdown(serving.fd, SHUT_RDWR);
  --metrics_.http_connections;
  serving.over = true;
}

void HttpServer::reap() {
  for (auto it = serving_.begin(); it != serving_.end();) {
    if (!it->over) {
      ++it;
      continue;
    }
    it->thread.join();
    ::close(it->fd);
    it = serving_.erase(it);
  }
}

void HttpServer::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  for (Serving& serving : serving_) {
    serving.thread.join();
    ::close(serving.fd);
  }
  serving_.clear();
}

}  // namespace bridge
