// Answers that go on, over real sockets: what the service may write, and how it learns of the end.

#include <atomic>
#include <future>
#include <thread>

#include "proxy/wire/http_server.h"
#include "tests/support/wire_rig.h"

using namespace faultline;
using namespace faultline::wire;

namespace {

// A server on a thread of its own. "/stream" opens a stream, anything else is answered with "ok".
class StreamRig {
 public:
  explicit StreamRig(HttpLimits limits = {}) : server_(loop_, service(), limits) {
    Result<HttpDoor> door = HttpDoor::open("127.0.0.1:0");
    REQUIRE(door.has_value());
    address_ = *address_from(door->text());
    server_.serve(std::move(*door));
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~StreamRig() {
    loop_.post([this] { server_.stop([this] { loop_.stop(); }); });
    thread_.join();
  }

  Peer client() const { return Peer::to(address_); }
  Peer reader() {
    Peer peer = client();
    peer.say("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    opened.get_future().wait();
    return peer;
  }
  // Runs a task on the server's thread and gives back what it came to.
  template <class Task>
  auto there(Task task) {
    std::packaged_task<decltype(task(server_))()> packed([&] { return task(server_); });
    auto result = packed.get_future();
    loop_.post([&] { packed(); });
    return result.get();
  }

  std::promise<void> opened;
  std::promise<void> left;
  HttpStreamId stream = 0;

 private:
  HttpService service() {
    return [this](const HttpRequest& request) -> HttpResponse {
      if (request.path != "/stream") return {.status = 200, .body = "ok"};
      return {.fields = {{"Content-Type", "text/event-stream"}},
              .body = "begin\n",
              .opened =
                  [this](HttpStreamId id) {
                    stream = id;
                    opened.set_value();
                  },
              .left = [this](HttpStreamId) { left.set_value(); }};
    };
  }

  Loop loop_;
  HttpServer server_;
  Address address_;
  std::thread thread_;
};

std::string heard_until(Peer& peer, const std::string& end) {
  std::string heard;
  while (!heard.ends_with(end)) {
    const std::string next = peer.hear(1);
    if (next.empty()) return heard + "(ended)";
    heard += next;
  }
  return heard;
}

}  // namespace

TEST_CASE("a stream goes on until its service ends it, and the connection serves on") {
  StreamRig rig;
  Peer reader = rig.reader();
  CHECK(heard_until(reader, "6\r\nbegin\n\r\n").find("Transfer-Encoding: chunked\r\n") !=
        std::string::npos);
  CHECK(rig.there([&](HttpServer& server) { return server.write(rig.stream, "more\n"); }));
  CHECK(heard_until(reader, "\r\n") == "5\r\n");
  CHECK(heard_until(reader, "\r\n") == "more\n\r\n");
  CHECK(rig.there([&](HttpServer& server) {
    server.end(rig.stream);
    return !server.write(rig.stream, "too late");
  }));
  reader.say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(heard_until(reader, "ok").starts_with("0\r\n\r\nHTTP/1.1 200 OK\r\n"));
}

TEST_CASE("a client that leaves is told of, and writing to it does nothing") {
  StreamRig rig;
  {
    Peer reader = rig.reader();
    heard_until(reader, "begin\n\r\n");
  }
  rig.left.get_future().wait();
  CHECK_FALSE(rig.there([&](HttpServer& server) { return server.write(rig.stream, "x"); }));
  CHECK(rig.there([](HttpServer& server) { return server.connections() == 0; }));
}

TEST_CASE("a reader that is too slow is dropped, and others are not kept waiting") {
  StreamRig rig({.stream_backlog = 256_KiB});
  Peer reader = rig.reader();
  const std::string piece(64 * 1024, 'x');
  int written = 0;
  while (rig.there([&](HttpServer& server) { return server.write(rig.stream, piece); })) {
    REQUIRE(++written < 1000);  // what the kernel buffers, and then the backlog
  }
  rig.left.get_future().wait();
  Peer other = rig.client();
  other.say("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(heard_until(other, "ok").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("a server that stops ends its streams") {
  auto rig = std::make_unique<StreamRig>();
  Peer reader = rig->reader();
  heard_until(reader, "begin\n\r\n");
  std::future<void> left = rig->left.get_future();
  rig.reset();
  left.wait();
  CHECK(reader.hear(5) == "0\r\n\r\n");
  CHECK(reader.ending() == "FIN");
}
