#include "proxy/wire/http_server.h"

#include <errno.h>

#include <algorithm>
#include <utility>

namespace faultline::wire {
namespace {

constexpr int accepted_per_turn = 16;
constexpr Duration accept_retry = std::chrono::milliseconds(100);

// A connection that has just been made is about to be used; it makes room for nobody.
constexpr Duration least_wait = std::chrono::milliseconds(250);

}  // namespace

// A listening socket. A failing accept is tried again; it never ends the listening.
class HttpServer::Doorway final : private Watcher {
 public:
  Doorway(HttpServer& server, HttpDoor door)
      : server_(server),
        door_(std::move(door)),
        again_(server.loop_, [this](Instant) { accept_some(); }) {
    server_.loop_.watch(door_.fd(), *this);
  }

  void accept_some() {
    for (int i = 0; i < accepted_per_turn; ++i) {
      if (!server_.found_room()) {
        server_.doors_wait_ = true;
        return again_.set(server_.loop_.now() + accept_retry);
      }
      Descriptor client(accept4(door_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (client.open()) {
        server_.adopt(std::move(client), door_.is_unix());
        continue;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      if (errno != ECONNABORTED && errno != EINTR) {
        if (errno == EMFILE || errno == ENFILE) server_.made_room();
        return again_.set(server_.loop_.now() + accept_retry);
      }
    }
    again_.set(server_.loop_.now());  // the backlog has more: next turn
  }

 private:
  void ready(std::uint32_t) override { accept_some(); }

  HttpServer& server_;
  HttpDoor door_;
  Deadline again_;
};

HttpServer::HttpServer(Loop& loop, HttpService service, HttpLimits limits)
    : loop_(loop), service_(std::move(service)), limits_(limits), stop_by_(loop, [this](Instant) {
        for (auto& [id, connection] : connections_) connection->close();
      }) {
  loop_.on_settle([this](Instant) { settle(); });
}

HttpServer::~HttpServer() {
  loop_.on_settle({});
  doorways_.clear();
  const auto gone = std::exchange(connections_, {});
}

void HttpServer::serve(HttpDoor door) {
  doorways_.push_back(std::make_unique<Doorway>(*this, std::move(door)));
}

void HttpServer::stop(std::function<void()> stopped) {
  stopped_ = std::move(stopped);
  doorways_.clear();
  for (auto& [id, connection] : connections_) connection->stop();
  stop_by_.set(loop_.now() + limits_.stop);
  loop_.again();
}

bool HttpServer::write(HttpStreamId stream, std::string_view bytes) {
  HttpConnection* const connection = find(stream);
  return connection != nullptr && connection->write(bytes);
}

void HttpServer::end(HttpStreamId stream) {
  if (HttpConnection* const connection = find(stream)) connection->end_stream();
}

HttpConnection* HttpServer::find(HttpStreamId id) {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second.get();
}

bool HttpServer::found_room() {
  const auto live = std::count_if(connections_.begin(), connections_.end(),
                                  [](const auto& entry) { return !entry.second->over(); });
  return static_cast<std::size_t>(live) < limits_.connections || made_room();
}

// The connection that has been idle for longest is closed; where none is idle, the one that has
// been sending its request for longest.
bool HttpServer::made_room() {
  const Instant latest = loop_.now() - least_wait;
  HttpConnection* chosen = nullptr;
  for (auto& [id, connection] : connections_) {
    if (connection->over()) continue;
    if (!connection->waiting() || connection->waiting_since() > latest) continue;
    const bool better = chosen == nullptr || connection->idle() > chosen->idle() ||
                        (connection->idle() == chosen->idle() &&
                         connection->waiting_since() < chosen->waiting_since());
    if (better) chosen = connection.get();
  }
  if (chosen == nullptr) return false;
  chosen->close();
  return true;
}

void HttpServer::adopt(Descriptor socket, bool unix_socket) {
  const HttpStreamId id = next_++;
  const HttpConnection::Home home{loop_, limits_, service_, [this, id](HttpConnection& connection) {
                                    if (!std::exchange(connection.marked, true)) {
                                      marked_.push_back(id);
                                    }
                                  }};
  connections_.emplace(id,
                       std::make_unique<HttpConnection>(home, std::move(socket), id, unix_socket));
}

void HttpServer::settle() {
  for (const HttpStreamId id : std::exchange(marked_, {})) {
    HttpConnection* const connection = find(id);
    if (connection == nullptr) continue;
    connection->marked = false;
    connection->settle();
  }
  if (!marked_.empty()) loop_.again();
  bury();
  if (std::exchange(doors_wait_, false)) {
    for (auto& doorway : doorways_) doorway->accept_some();
  }
  if (stopped_ && connections_.empty()) {
    stop_by_.clear();
    std::exchange(stopped_, nullptr)();
  }
}

// Off the map first: the service of a stream that is over may write to others when it is told.
void HttpServer::bury() {
  std::vector<std::unique_ptr<HttpConnection>> gone;
  for (auto entry = connections_.begin(); entry != connections_.end();) {
    if (entry->second->over()) {
      gone.push_back(std::move(entry->second));
      entry = connections_.erase(entry);
    } else {
      ++entry;
    }
  }
}

}  // namespace faultline::wire
