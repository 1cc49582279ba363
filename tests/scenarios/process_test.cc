// A process under test, on a real loop.

#include "scenarios/run/process.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "proxy/wire/clock.h"
#include "proxy/wire/socket.h"
#include "tests/support/catch.h"
#include "tests/support/folder.h"

namespace faultline {
namespace {

constexpr int patience_ms = 20'000;

// Turns the loop until a socket has something to read.
void turn_until_readable(wire::Loop& loop, int fd) {
  const Instant limit = wire::now() + std::chrono::milliseconds(patience_ms);
  pollfd readable{fd, POLLIN, 0};
  while (poll(&readable, 1, 1) == 0) {
    REQUIRE(wire::now() < limit);
    loop.post([&loop] { loop.stop(); });
    loop.run();
  }
}

TEST_CASE("a process that ends in the same turn in which its probe is answered") {
  wire::SocketAddress loopback;
  REQUIRE(wire::numeric({"127.0.0.1", 0}, loopback));
  const wire::Descriptor listener = std::move(*wire::listen_on(loopback));
  const test::Folder folder;
  wire::Loop loop;
  ProcessPlan plan;
  plan.name = "app";
  plan.command = {"sleep", "600"};
  plan.ready_http = "http://" + wire::local_address(listener.get()).text() + "/";
  auto started = ProcessUnderTest::start(loop, plan, folder.path());
  REQUIRE(started);
  ProcessUnderTest& process = **started;

  process.look(loop.now());
  turn_until_readable(loop, listener.get());
  const wire::Descriptor asker(accept(listener.get(), nullptr, nullptr));
  REQUIRE(asker.open());
  turn_until_readable(loop, asker.get());

  // The loop has not turned since; now it will be told of both at once, of the end first.
  process.kill();
  siginfo_t ended{};
  REQUIRE(waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT) == 0);
  const std::string answer = "HTTP/1.1 200 OK\r\n\r\n";
  REQUIRE(send(asker.get(), answer.data(), answer.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(answer.size()));
  loop.post([&loop] { loop.stop(); });
  loop.run();

  CHECK_FALSE(process.running());
  CHECK(process.record().ending == "signal 9 (SIGKILL)");
  process.look(loop.now());
  CHECK_FALSE(process.ready());
}

}  // namespace
}  // namespace faultline
