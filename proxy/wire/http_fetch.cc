#include "proxy/wire/http_fetch.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>

#include <algorithm>
#include <array>

#include "proxy/http_parser.h"
#include "proxy/wire/clock.h"
#include "proxy/wire/lookup.h"
#include "proxy/wire/socket.h"

namespace faultline::wire {
namespace {

constexpr std::string_view default_port = "8474";
constexpr std::size_t most_body = 64 * 1024 * 1024;

// The answer as it is read.
class Answer final : public HttpListener {
 public:
  Answer(const HttpAsk& ask, HttpResponse& response) : ask_(ask), response_(response) {}

  HttpBody head_complete(const HttpHead& head) override {
    response_.status = head.status;
    begun = true;
    return ask_.method == "HEAD" ? HttpBody::none : HttpBody::as_declared;
  }
  void header(std::string_view name, std::string_view value) override {
    if (!begun) response_.fields.push_back({std::string(name), std::string(value)});
  }
  void body(ByteView bytes) override {
    if (streams()) {
      enough = enough || !ask_.piece(bytes);
    } else if (response_.body.size() + bytes.size() <= most_body) {
      response_.body += bytes;
    } else {
      enough = true;
    }
  }
  void message_complete() override {
    if (response_.status >= 200) complete = true;
    begun = complete;
  }

  bool streams() const { return begun && ask_.piece && response_.status / 100 == 2; }

  bool begun = false;  // the header is there
  bool complete = false;
  bool enough = false;

 private:
  const HttpAsk& ask_;
  HttpResponse& response_;
};

std::unexpected<Error> failed(const HttpTarget& target, int code) {
  return error("", "cannot reach " + target.text() + ": " + strerror(code));
}

// True when it is ready before `until`.
bool await(int fd, short events, Instant until) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now()).count();
    if (until != never && left <= 0) return false;
    pollfd one{fd, events, 0};
    const int wait = until == never ? -1 : static_cast<int>(std::min<std::int64_t>(left, 60'000));
    const int ready = poll(&one, 1, wait);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

// The same for what is asked, as long as it is wanted.
bool await_answer(const HttpAsk& ask, int fd, Instant until) {
  constexpr Duration look_every = std::chrono::milliseconds(100);
  if (!ask.abandoned) return await(fd, POLLIN, until);
  while (!ask.abandoned()) {
    const Instant look_at = now() + look_every;
    if (await(fd, POLLIN, std::min(until, look_at))) return true;
    if (until <= look_at) return false;
  }
  return false;
}

Result<Descriptor> connect_unix(const HttpTarget& target) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (target.unix_path.size() >= sizeof(address.sun_path)) return failed(target, ENAMETOOLONG);
  std::copy(target.unix_path.begin(), target.unix_path.end(), address.sun_path);
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.open()) return failed(target, errno);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return failed(target, errno);
  }
  return socket;
}

Result<Descriptor> connect(const HttpTarget& target, Instant until) {
  if (!target.unix_path.empty()) return connect_unix(target);
  std::vector<std::string> hosts{target.address.host};
  SocketAddress address;
  if (!numeric(target.address, address)) hosts = look_up(target.address.host, until - now());
  int code = EHOSTUNREACH;
  for (const std::string& host : hosts) {
    if (!numeric({host, target.address.port}, address)) continue;
    Dialing dialing = dial(address);
    code = dialing.error;
    if (code == 0) code = await(dialing.socket.get(), POLLOUT, until) ? 0 : ETIMEDOUT;
    if (code == 0) code = take_error(dialing.socket.get());
    if (code == 0) return std::move(dialing.socket);
  }
  return failed(target, code);
}

std::string written(const HttpTarget& target, const HttpAsk& ask) {
  const std::string host = target.unix_path.empty() ? target.address.text() : "localhost";
  std::string out = ask.method + " " + ask.path + " HTTP/1.1\r\nHost: " + host + "\r\n";
  for (const HttpField& field : ask.fields) out += field.name + ": " + field.value + "\r\n";
  if (!ask.body.empty() || ask.method != "GET") {
    out += "Content-Type: application/json\r\nContent-Length: " + std::to_string(ask.body.size()) +
           "\r\n";
  }
  return out + "Connection: close\r\n\r\n" + ask.body;
}

Result<void> send_all(const HttpTarget& target, int fd, std::string_view bytes, Instant until) {
  while (!bytes.empty()) {
    const Transfer sent = send_bytes(fd, bytes);
    if (sent.error != 0) return failed(target, sent.error);
    bytes.remove_prefix(sent.count);
    if (sent.would_block && !await(fd, POLLOUT, until)) return failed(target, ETIMEDOUT);
  }
  return {};
}

}  // namespace

Result<HttpTarget> http_target(std::string_view url) {
  const std::string whole(url);
  for (const std::string_view scheme : {"unix://", "unix:"}) {
    if (url.starts_with(scheme)) {
      url.remove_prefix(scheme.size());
      if (url.empty()) return error("", quoted(whole) + " names no socket");
      return HttpTarget{{}, std::string(url)};
    }
  }
  if (url.starts_with("https://")) return error("", quoted(whole) + ": only http is spoken");
  if (url.starts_with("http://")) url.remove_prefix(7);
  while (url.ends_with('/')) url.remove_suffix(1);
  const bool has_port = url.rfind(':') != std::string_view::npos && !url.ends_with(']');
  const auto address = address_from(has_port ? std::string(url)
                                             : std::string(url) + ":" + std::string(default_port));
  if (!address) return std::unexpected(address.error());
  return HttpTarget{*address, {}};
}

Result<HttpResponse> fetch(const HttpTarget& target, const HttpAsk& ask) {
  const Instant until = now() + ask.limit;
  Result<Descriptor> socket = connect(target, until);
  if (!socket) return std::unexpected(socket.error());
  if (auto sent = send_all(target, socket->get(), written(target, ask), until); !sent) {
    return std::unexpected(sent.error());
  }
  HttpResponse response;
  Answer answer(ask, response);
  HttpParser parser(HttpParser::Side::response, answer);
  std::array<char, 16 * 1024> bytes;
  while (!answer.complete && !answer.enough) {
    if (!await_answer(ask, socket->get(), answer.streams() ? never : until)) {
      return failed(target, ETIMEDOUT);
    }
    const Transfer got = receive(socket->get(), bytes);
    if (got.would_block) continue;
    if (got.error != 0) return failed(target, got.error);
    const auto progress = got.ended ? parser.finish() : parser.feed({bytes.data(), got.count});
    if (progress.error != nullptr) {
      return error("", target.text() + " does not speak HTTP: " + progress.error);
    }
    if (got.ended && !answer.complete && !answer.streams()) return failed(target, ECONNRESET);
    if (got.ended) break;
  }
  return response;
}

}  // namespace faultline::wire
