#include "http_client.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "http_reply.h"

namespace bridge {
namespace {

using Kind = CallFailure::Kind;

constexpr std::size_t longest_head = 64 * 1024;
constexpr std::size_t longest_body = 1024 * 1024;

CallFailure given_up(Waited waited) {
  if (waited == Waited::stopped) return {Kind::stopped, "stopping"};
  return {Kind::timed_out, "no answer within the deadline"};
}

CallFailure failed(Kind kind, int error) { return {kind, std::generic_category().message(error)}; }

}  // namespace

class HttpClient::Connection {
 public:
  static std::expected<std::unique_ptr<Connection>, CallFailure> open(const Address& api,
                                                                      Deadline deadline,
                                                                      const Stop& stop);
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  std::expected<HttpReply, CallFailure> exchange(std::string_view request, Deadline deadline,
                                                 const Stop& stop);

  /// Whether another call may follow on it.
  bool reusable() const { return reusable_; }

  /// For a connection that nobody uses: the peer neither ended it nor said anything unasked.
  bool still_open() const {
    char byte = 0;
    return ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
  }

 private:
  explicit Connection(int fd) : fd_(fd) {}

  using Failure = std::optional<CallFailure>;
  Failure send(std::string_view text, Deadline deadline, const Stop& stop);
  /// Takes more bytes in; `ended_` when there are no more.
  Failure fill(Deadline deadline, const Stop& stop);
  Failure read_head(ReplyHead& head, Deadline deadline, const Stop& stop);

  const int fd_;
  bool reusable_ = false;
  bool ended_ = false;
  std::string buffer_;
};

std::expected<std::unique_ptr<HttpClient::Connection>, CallFailure> HttpClient::Connection::open(
    const Address& api, Deadline deadline, const Stop& stop) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  // Resolving a name has no deadline, so the options allow addresses only.
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status =
      ::getaddrinfo(api.host.c_str(), std::to_string(api.port).c_str(), &wanted, &found);
  if (status != 0) return std::unexpected(CallFailure{Kind::connect, ::gai_strerror(status)});
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);

  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return std::unexpected(failed(Kind::connect, errno));
  std::unique_ptr<Connection> connection(new Connection(fd));
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, found->ai_addr, found->ai_addrlen) == 0) return connection;
  if (errno != EINPROGRESS) return std::unexpected(failed(Kind::connect, errno));
  const auto waited = wait_for(fd, POLLOUT, deadline, stop);
  if (waited != Waited::ready) return std::unexpected(given_up(waited));
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return std::unexpected(failed(Kind::connect, error));
  return connection;
}

std::optional<CallFailure> HttpClient::Connection::send(std::string_view text, Deadline deadline,
                                                        const Stop& stop) {
  while (!text.empty()) {
    const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      const auto waited = wait_for(fd_, POLLOUT, deadline, stop);
      if (waited != Waited::ready) return given_up(waited);
    } else if (errno != EINTR) {
      return failed(Kind::lost, errno);
    }
  }
  return std::nullopt;
}

std::optional<CallFailure> HttpClient::Connection::fill(Deadline deadline, const Stop& stop) {
  for (;;) {
    const auto waited = wait_for(fd_, POLLIN, deadline, stop);
    if (waited != Waited::ready) return given_up(waited);
    char bytes[16 * 1024];
    const auto got = ::recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0) {
      buffer_.append(bytes, static_cast<std::size_t>(got));
      return std::nullopt;
    }
    if (got == 0) {
      ended_ = true;
      return std::nullopt;
    }
    if (errno != EINTR && errno != EAGAIN) return failed(Kind::lost, errno);
  }
}

std::optional<CallFailure> HttpClient::Connection::read_head(ReplyHead& head, Deadline deadline,
                                                             const Stop& stop) {
  for (;;) {
    const auto end = buffer_.find("\r\n\r\n");
    if (end == std::string::npos) {
      if (ended_) return CallFailure{Kind::lost, "the connection ended before the answer"};
      if (buffer_.size() > longest_head) return CallFailure{Kind::malformed, "a head without end"};
      if (auto failure = fill(deadline, stop)) return failure;
      continue;
    }
    const auto parsed = parse_reply(std::string_view(buffer_).substr(0, end + 4));
    if (!parsed) return CallFailure{Kind::malformed, "not an answer in HTTP/1.1 as we read it"};
    buffer_.erase(0, end + 4);
    head = *parsed;
    // 1xx only announces the answer.
    if (head.reply.status >= 200) return std::nullopt;
  }
}

std::expected<HttpReply, CallFailure> HttpClient::Connection::exchange(std::string_view request,
                                                                       Deadline deadline,
                                                                       const Stop& stop) {
  reusable_ = false;
  if (const auto failure = send(request, deadline, stop)) return std::unexpected(*failure);
  ReplyHead head;
  if (const auto failure = read_head(head, deadline, stop)) return std::unexpected(*failure);
  if (head.length.value_or(0) > longest_body) {
    return std::unexpected(CallFailure{Kind::malformed, "a body beyond the limit"});
  }
  while (!ended_ && (!head.length || buffer_.size() < *head.length)) {
    if (buffer_.size() > longest_body) {
      return std::unexpected(CallFailure{Kind::malformed, "a body beyond the limit"});
    }
    if (const auto failure = fill(deadline, stop)) return std::unexpected(*failure);
  }
  if (head.length && buffer_.size() < *head.length) {
    return std::unexpected(CallFailure{Kind::lost, "the connection ended inside the answer"});
  }
  head.reply.body = buffer_.substr(0, head.length.value_or(buffer_.size()));
  buffer_.erase(0, head.reply.body.size());
  // Bytes beyond the answer belong to no call of ours.
  reusable_ = head.keep_alive && head.length && !ended_ && buffer_.empty();
  return std::move(head.reply);
}

HttpClient::HttpClient(Address api, bool keep_alive)
    : api_(std::move(api)), keep_alive_(keep_alive) {}

HttpClient::~HttpClient() = default;

std::expected<HttpReply, CallFailure> HttpClient::call(const HttpCall& call, Deadline deadline,
                                                       const Stop& stop) {
  auto connection = idle();
  if (!connection) {
    auto opened = Connection::open(api_, deadline, stop);
    if (!opened) return std::unexpected(opened.error());
    connection = std::move(*opened);
  }
  auto reply = connection->exchange(request_text(call, api_, keep_alive_), deadline, stop);
  if (reply && keep_alive_ && connection->reusable()) keep(std::move(connection));
  return reply;
}

std::unique_ptr<HttpClient::Connection> HttpClient::idle() {
  const std::lock_guard lock(mutex_);
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    if (connection->still_open()) return connection;
  }
  return nullptr;
}

void HttpClient::keep(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < most_idle) idle_.push_back(std::move(connection));
}

}  // namespace bridge
