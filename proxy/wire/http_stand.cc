#include "proxy/wire/http_stand.h"

#include <errno.h>

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/wire/clock.h"
#include "proxy/wire/http_message.h"

namespace faultline::wire {
namespace {

constexpr int accepted_per_turn = 64;
constexpr Duration accept_retry = std::chrono::milliseconds(20);
constexpr std::string_view no_http = "\x16\x03\x01 this is not HTTP\r\n\r\n";
constexpr std::string_view cut_short =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4096\r\n\r\nthe first part";

}  // namespace

// One client. It reads a request, waits until that is decided, and reads the next.
class HttpStand::Connection final : private Watcher, private HttpListener {
 public:
  Connection(HttpStand& stand, Descriptor socket)
      : stand_(stand), socket_(std::move(socket)), parser_(HttpParser::Side::request, *this) {
    set_no_delay(socket_.get());
    stand_.loop_.watch(socket_.get(), *this);
  }

  bool over() const { return !socket_.open(); }
  StandRequest pending() const { return pending_; }
  const HttpRequest& request() const { return request_; }

  void write(std::string_view bytes, bool keep) {
    out_ += bytes;
    keep_ = keep;
    flush();
  }
  // Told before the next request can be read.
  void decided() {
    const StandRequest request = std::exchange(pending_, 0);
    stand_.owner_.answered(request, now());
  }
  void answer(const HttpResponse& response) {
    const bool keep = keep_alive_;
    decided();
    std::string bytes = head_of(response, {.close = !keep});
    if (request_.method != "HEAD" && response.status != 204 && response.status != 304) {
      bytes += response.body;
    }
    write(bytes, keep);
  }
  void end_with(std::string_view bytes) {
    decided();
    write(bytes, false);
  }
  void reset() {
    decided();
    reset_and_close(socket_);
  }
  void close() { socket_.close(); }

 private:
  void ready(std::uint32_t) override {
    if (over()) return;
    flush();
    read_some();
  }

  void read_some() {
    std::array<char, 16 * 1024> bytes;
    while (!over()) {
      const Transfer got = receive(socket_.get(), bytes);
      if (got.would_block) return;
      if (got.ended || got.error != 0) return gone();
      if (pending_ != 0) return refuse();  // it speaks out of turn
      const auto progress = parser_.feed({bytes.data(), got.count});
      if (progress.error != nullptr || progress.upgraded || progress.consumed < got.count) {
        return refuse();
      }
    }
  }

  void gone() {
    socket_.close();
    if (pending_ != 0) stand_.owner_.left(std::exchange(pending_, 0), now());
  }
  void refuse() {
    reset_and_close(socket_);
    if (pending_ != 0) stand_.owner_.left(std::exchange(pending_, 0), now());
  }

  void flush() {
    while (!over() && sent_ < out_.size()) {
      const Transfer put = send_bytes(socket_.get(), std::string_view(out_).substr(sent_));
      if (put.would_block) return;
      if (put.error != 0) return gone();
      sent_ += put.count;
    }
    if (over() || out_.empty()) return;
    out_.clear();
    sent_ = 0;
    if (!keep_) shut_down_writing(socket_.get());  // and reads until the client ends it too
  }

  void message_begun() override {
    request_ = {};
    in_head_ = true;
  }
  void header(std::string_view name, std::string_view value) override {
    if (in_head_) request_.fields.push_back({std::string(name), std::string(value)});
  }
  HttpBody head_complete(const HttpHead& head) override {
    in_head_ = false;
    request_.method = head.method;
    keep_alive_ = head.keep_alive && head.minor > 0;
    read_target(head.target, request_);
    if (head.expects_continue) write("HTTP/1.1 100 Continue\r\n\r\n", true);
    return HttpBody::as_declared;
  }
  void body(ByteView bytes) override {
    if (request_.body.size() + bytes.size() <= most_body.count) request_.body += bytes;
  }
  void message_complete() override {
    if (pending_ != 0 || stand_.refused_) return reset_and_close(socket_);
    pending_ = stand_.next_++;
    stand_.owner_.arrived(pending_, now());
  }

  HttpStand& stand_;
  Descriptor socket_;
  HttpParser parser_;
  HttpRequest request_;
  bool in_head_ = false;
  bool keep_alive_ = false;
  bool keep_ = true;  // after what is being written
  StandRequest pending_ = 0;
  std::string out_;
  std::size_t sent_ = 0;
};

HttpStand::HttpStand(Loop& loop, Owner& owner, std::vector<SocketAddress> upstream)
    : loop_(loop), owner_(owner), upstream_(std::move(upstream)), again_(loop, [this](Instant) {
        if (listener_.open()) accept_some();
      }) {}

HttpStand::~HttpStand() = default;

Result<void> HttpStand::listen(const SocketAddress& address) {
  Result<Descriptor> listener = listen_on(address);
  if (!listener) return std::unexpected(listener.error());
  listener_ = std::move(*listener);
  address_ = local_address(listener_.get());
  loop_.watch(listener_.get(), *this);
  return {};
}

Result<void> HttpStand::refuse(bool refused) {
  if (refused == refused_) return {};
  refused_ = refused;
  if (!refused) return listen(address_);
  listener_.close();
  for (auto& connection : connections_) {
    if (connection->pending() == 0) connection->close();
  }
  return {};
}

void HttpStand::ready(std::uint32_t) {
  if (listener_.open()) accept_some();
}

void HttpStand::accept_some() {
  for (int n = 0; n < accepted_per_turn; ++n) {
    const auto live = std::ranges::count_if(connections_, [](auto& one) { return !one->over(); });
    if (static_cast<std::size_t>(live) >= most_connections) break;
    Descriptor client(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client.open()) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      if (errno != ECONNABORTED && errno != EINTR) break;
      continue;
    }
    connections_.push_back(std::make_unique<Connection>(*this, std::move(client)));
  }
  again_.set(now() + accept_retry);
}

HttpStand::Connection* HttpStand::find(StandRequest request) {
  for (auto& connection : connections_) {
    if (request != 0 && !connection->over() && connection->pending() == request) {
      return connection.get();
    }
  }
  return nullptr;
}

void HttpStand::forward(StandRequest request) {
  Connection* const connection = find(request);
  if (connection == nullptr) return;
  auto& forward = forwards_[request];
  forward = std::make_unique<HttpForward>(
      loop_, upstream_, connection->request(),
      [this, request](HttpForward& finished) { relay(request, finished); });
  forward->begin();
}

void HttpStand::relay(StandRequest request, const HttpForward& forward) {
  Connection* const connection = find(request);
  if (forward.why_not().empty()) {
    if (connection != nullptr) connection->answer(forward.response());
    return;
  }
  owner_.upstream_failed(request, forward.why_not());
  if (connection != nullptr) connection->reset();
}

void HttpStand::reply(StandRequest request, int status) {
  if (Connection* const connection = find(request)) {
    connection->answer({status,
                        {{"Content-Type", "text/plain"}},
                        "faultline says " + std::to_string(status) + "\n"});
  }
}

void HttpStand::reset(StandRequest request) {
  if (Connection* const connection = find(request)) connection->reset();
}

void HttpStand::truncate(StandRequest request) {
  if (Connection* const connection = find(request)) connection->end_with(cut_short);
}

void HttpStand::garbage(StandRequest request) {
  if (Connection* const connection = find(request)) connection->end_with(no_http);
}

void HttpStand::bury() {
  std::erase_if(connections_, [](const auto& one) { return one->over(); });
  std::erase_if(forwards_, [](const auto& entry) { return entry.second->finished(); });
}

}  // namespace faultline::wire
