#include "http_connection.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace bridge {
namespace {

std::string peer_of(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  char host[NI_MAXHOST] = "";
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0) {
    ::getnameinfo(reinterpret_cast<sockaddr*>(&peer), size, host, sizeof host, nullptr, 0,
                  NI_NUMERICHOST);
  }
  return host;
}

}  // namespace

HttpConnection::HttpConnection(int fd, const HttpLimits& limits, const Answer& answer,
                               Metrics& metrics, const Stop& stop)
    : fd_(fd),
      client_(peer_of(fd)),
      limits_(limits),
      answer_(answer),
      metrics_(metrics),
      stop_(stop) {}

void HttpConnection::serve() {
  Request request;
  while (read_request(request) == Read::request) {
    bool more = false;
    {
      const Counted in_flight(metrics_.http_in_flight);
      more = reply(request, answer_(request));
    }
    if (!more) return linger();
  }
}

HttpConnection::Read HttpConnection::read_request(Request& request) {
  if (buffer_.empty() && !fill(within(limits_.idle))) return Read::over;
  const auto deadline = within(limits_.request);
  std::size_t head_end = 0;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (buffer_.size() > limits_.head) return refuse(431), Read::over;
    if (!fill(deadline)) {
      if (Clock::now() >= deadline) refuse(408);
      return Read::over;
    }
  }
  head_end += 4;
  if (head_end > limits_.head) return refuse(431), Read::over;
  auto parsed = parse_head(std::string_view(buffer_).substr(0, head_end));
  if (!parsed) return refuse(parsed.error()), Read::over;
  request = std::move(*parsed);
  request.client = client_;
  if (request.content_length > limits_.body) return refuse(413), Read::over;
  buffer_.erase(0, head_end);
  if (request.expects_continue && buffer_.size() < request.content_length &&
      !send("HTTP/1.1 100 Continue\r\n\r\n")) {
    return Read::over;
  }
  while (buffer_.size() < request.content_length) {
    if (!fill(deadline)) {
      if (Clock::now() >= deadline) refuse(408);
      return Read::over;
    }
  }
  request.body = buffer_.substr(0, request.content_length);
  buffer_.erase(0, request.content_length);
  return Read::request;
}

bool HttpConnection::fill(Deadline deadline) {
  for (;;) {
    if (wait_for(fd_, POLLIN, deadline, stop_) != Waited::ready) return false;
    char bytes[16 * 1024];
    const auto got = ::recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0) {
      buffer_.append(bytes, static_cast<std::size_t>(got));
      return true;
    }
    if (got == 0 || (errno != EINTR && errno != EAGAIN)) return false;
  }
}

bool HttpConnection::reply(const Request& request, Response response) {
  const bool keep_alive = request.keep_alive && !response.close;
  const bool usable = send(wire_text(response, keep_alive, request.method == "HEAD"));
  if (response.after_send) response.after_send();
  return usable && keep_alive;
}

bool HttpConnection::send(std::string_view text) {
  const auto deadline = within(limits_.send);
  while (!text.empty()) {
    const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (wait_for(fd_, POLLOUT, deadline, stop_) != Waited::ready) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

void HttpConnection::refuse(int status) {
  Response response;
  response.status = status;
  response.body = "{\"status\":\"refused\"}\n";
  if (send(wire_text(response, false, false))) linger();
}

// Closing while the client still sends makes the kernel reset the connection, and the answer may be
// lost with it. So say that no more will come, and take in what is on its way for a moment.
void HttpConnection::linger() {
  ::shutdown(fd_, SHUT_WR);
  const auto deadline = within(Millis(500));
  do {
    buffer_.clear();
  } while (fill(deadline));
}

}  // namespace bridge
