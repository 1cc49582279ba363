// Every answer is what the owner ordered, and every fact is told.

#include "proxy/wire/http_stand.h"

#include <errno.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "proxy/wire/clock.h"
#include "tests/support/catch.h"

namespace faultline::wire {
namespace {

using namespace std::chrono_literals;

SocketAddress loopback(std::uint16_t port) {
  SocketAddress address;
  REQUIRE(numeric({"127.0.0.1", port}, address));
  return address;
}

struct Facts final : HttpStand::Owner {
  void arrived(StandRequest request, Instant) override {
    come.push_back(request);
    decide(request);
  }
  void left(StandRequest request, Instant) override { gone.push_back(request); }
  void answered(StandRequest request, Instant) override { done.push_back(request); }
  void upstream_failed(StandRequest, const std::string& why) override { failed = why; }

  std::function<void(StandRequest)> decide = [](StandRequest) {};
  std::vector<StandRequest> come, gone, done;
  std::string failed;
};

// Runs the loop until `reached`, at most a minute.
void run_until(Loop& loop, HttpStand& stand, const std::function<bool()>& reached) {
  Deadline limit(loop, [&](Instant) { loop.stop(); });
  limit.set(now() + 60s);
  // What happens on a client's thread wakes nobody here.
  Deadline look(loop, [&](Instant at) { look.set(at + 5ms); });
  look.set(now());
  loop.on_settle([&](Instant) {
    stand.bury();
    if (reached()) loop.stop();
  });
  loop.run();
  loop.on_settle({});
  CHECK(reached());
}

struct Heard {
  std::string bytes;
  int error = 0;  // of connecting, or at the end
};

// A blocking client on a thread of its own; sends each request when the one before is answered.
class Client {
 public:
  Client(const SocketAddress& address, std::vector<std::string> requests,
         std::size_t most = 1 << 20)
      : thread_([this, address, requests = std::move(requests), most] {
          Descriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
          if (connect(socket.get(), address.get(), address.length) != 0) {
            heard.error = errno;
          } else {
            for (const std::string& request : requests) talk(socket.get(), request, most);
          }
          socket.close();
          over_ = true;
        }) {}
  ~Client() { thread_.join(); }
  bool over() const { return over_; }

  Heard heard;

 private:
  void talk(int fd, const std::string& request, std::size_t most) {
    send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    std::string answer;
    while (answer.size() < most && !answer.ends_with("END")) {
      std::array<char, 4096> bytes;
      const auto got = recv(fd, bytes.data(), bytes.size(), 0);
      if (got < 0) heard.error = errno;
      if (got <= 0) break;
      answer.append(bytes.data(), static_cast<std::size_t>(got));
      if (answer.ends_with("503\n")) break;  // the stand's own body
    }
    heard.bytes += answer;
  }

  std::atomic<bool> over_{false};
  std::thread thread_;
};

const std::string get = "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n";

struct Stage {
  Loop loop;
  Facts facts;
  HttpStand stand{loop, facts, {}};

  Stage() { REQUIRE(stand.listen(loopback(0))); }
  Heard heard(std::vector<std::string> requests) {
    Client client(stand.address(), std::move(requests));
    run_until(loop, stand, [&] { return client.over(); });
    return client.heard;
  }
};

TEST_CASE("a status is replied, and the connection carries the next request") {
  Stage stage;
  stage.facts.decide = [&](StandRequest request) { stage.stand.reply(request, 503); };
  const Heard heard = stage.heard({get, get});
  CHECK(heard.bytes.starts_with("HTTP/1.1 503 "));
  CHECK(heard.bytes.find("HTTP/1.1 503 ", 1) != std::string::npos);
  CHECK(stage.facts.come == std::vector<StandRequest>{1, 2});
  CHECK(stage.facts.done == stage.facts.come);
  CHECK(stage.facts.gone.empty());
}

TEST_CASE("a reset is a reset") {
  Stage stage;
  stage.facts.decide = [&](StandRequest request) { stage.stand.reset(request); };
  const Heard heard = stage.heard({get});
  CHECK(heard.error == ECONNRESET);
  CHECK(heard.bytes.empty());
}

TEST_CASE("what is cut short promises more than it has") {
  Stage stage;
  stage.facts.decide = [&](StandRequest request) { stage.stand.truncate(request); };
  const Heard heard = stage.heard({get});
  CHECK(heard.error == 0);
  CHECK(heard.bytes.find("Content-Length: 4096\r\n") != std::string::npos);
  CHECK(heard.bytes.size() < 4096);
}

TEST_CASE("garbage is no HTTP") {
  Stage stage;
  stage.facts.decide = [&](StandRequest request) { stage.stand.garbage(request); };
  const Heard heard = stage.heard({get});
  CHECK_FALSE(heard.bytes.empty());
  CHECK(heard.bytes.find("HTTP/1") == std::string::npos);
}

TEST_CASE("a client that goes away before its answer is told") {
  Stage stage;
  {
    Client client(stage.stand.address(), {get}, 0);  // reads nothing
    run_until(stage.loop, stage.stand, [&] { return !stage.facts.gone.empty(); });
  }
  CHECK(stage.facts.gone == std::vector<StandRequest>{1});
  CHECK(stage.facts.done.empty());
  stage.stand.reply(1, 200);  // nobody is there
  CHECK(stage.facts.done.empty());
}

TEST_CASE("refused is refused, and over again at the same port") {
  Stage stage;
  stage.facts.decide = [&](StandRequest request) { stage.stand.reply(request, 503); };
  REQUIRE(stage.stand.refuse(true));
  CHECK(stage.heard({get}).error == ECONNREFUSED);
  REQUIRE(stage.stand.refuse(false));
  CHECK(stage.heard({get}).bytes.starts_with("HTTP/1.1 503 "));
}

TEST_CASE("a request is forwarded as it came, and its answer relayed") {
  Loop loop;
  Facts above_facts, facts;
  HttpStand above(loop, above_facts, {});
  REQUIRE(above.listen(loopback(0)));
  above_facts.decide = [&](StandRequest request) { above.reply(request, 503); };
  HttpStand stand(loop, facts, {above.address()});
  REQUIRE(stand.listen(loopback(0)));
  facts.decide = [&](StandRequest request) { stand.forward(request); };
  Client client(stand.address(), {get});
  run_until(loop, stand, [&] {
    above.bury();
    return client.over();
  });
  CHECK(client.heard.bytes.starts_with("HTTP/1.1 503 "));
  CHECK(client.heard.bytes.ends_with("faultline says 503\n"));
  CHECK(above_facts.come.size() == 1);
  CHECK(facts.failed.empty());
}

TEST_CASE("an upstream that is not there is told") {
  Loop loop;
  Facts facts;
  SocketAddress nowhere;
  {
    auto closed = listen_on(loopback(0));
    REQUIRE(closed);
    nowhere = local_address(closed->get());
  }
  HttpStand stand(loop, facts, {nowhere});
  REQUIRE(stand.listen(loopback(0)));
  facts.decide = [&](StandRequest request) { stand.forward(request); };
  Client client(stand.address(), {get});
  run_until(loop, stand, [&] { return client.over(); });
  CHECK(facts.failed == "ECONNREFUSED");
  CHECK(client.heard.error == ECONNRESET);
}

}  // namespace
}  // namespace faultline::wire
