#include "proxy/wire/loop.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <vector>

#include "proxy/wire/clock.h"
#include "tests/support/catch.h"

using namespace faultline;
using namespace faultline::wire;
using namespace std::chrono_literals;

TEST_CASE("deadlines come due in order, each once and never early") {
  Loop loop;
  std::vector<int> order;
  std::vector<std::unique_ptr<Deadline>> deadlines;
  const Instant start = wire::now();
  const std::vector<int> places{5, 3, 9, 1, 7, 2, 8, 6, 4, 0};
  for (const int place : places) {
    deadlines.push_back(std::make_unique<Deadline>(loop, [&, place, start](Instant now) {
      CHECK(now >= start + place * 3ms);
      CHECK(wire::now() >= start + place * 3ms);
      order.push_back(place);
      if (order.size() == places.size()) loop.stop();
    }));
    deadlines.back()->set(start + place * 3ms);
  }
  loop.run();
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

// The timer is set earlier by what the loop has learned of its lateness: that must never show.
TEST_CASE("a deadline is not early however often and however near deadlines are set") {
  Loop loop;
  int left = 600;
  Instant expected{};
  std::unique_ptr<Deadline> deadline;
  const auto set_next = [&](Instant now) {
    // Some are due within a short sleep, some later, some at once.
    expected = now + std::array{30us, 150us, 700us, 0us}[static_cast<std::size_t>(left % 4)];
    deadline->set(expected);
  };
  deadline = std::make_unique<Deadline>(loop, [&](Instant now) {
    CHECK(now >= expected);
    CHECK(wire::now() >= expected);
    if (--left == 0) return loop.stop();
    set_next(now);
  });
  set_next(wire::now());
  loop.run();
  CHECK(left == 0);
}

TEST_CASE("while a deadline is waited for, what becomes ready comes first") {
  Loop loop;
  std::vector<char> order;
  Deadline deadline(loop, [&](Instant) {
    order.push_back('d');
    loop.stop();
  });
  deadline.set(wire::now() + 50ms);
  loop.post([&] { order.push_back('p'); });
  loop.run();
  CHECK(order == std::vector<char>{'p', 'd'});
}

TEST_CASE("a deadline may be moved both ways, cleared and destroyed while it is set") {
  Loop loop;
  std::vector<char> order;
  const Instant start = wire::now();
  Deadline a(loop, [&](Instant) { order.push_back('a'); });
  Deadline b(loop, [&](Instant) { order.push_back('b'); });
  Deadline end(loop, [&](Instant) { loop.stop(); });
  {
    Deadline gone(loop, [&](Instant) { order.push_back('x'); });
    gone.set(start + 1ms);
    a.set(start + 2ms);
    b.set(start + 20ms);
    end.set(start + 30ms);
    a.set(start + 10ms);
    b.set(start + 5ms);
  }
  Deadline cleared(loop, [&](Instant) { order.push_back('y'); });
  cleared.set(start + 3ms);
  cleared.clear();
  loop.run();
  CHECK(order == std::vector<char>{'b', 'a'});
}

TEST_CASE("tasks posted from other threads run on the loop's thread, in order") {
  Loop loop;
  std::vector<int> seen;
  std::thread::id ran_on;
  std::thread poster([&] {
    for (int i = 0; i < 1000; ++i) loop.post([&, i] { seen.push_back(i); });
    loop.post([&] {
      ran_on = std::this_thread::get_id();
      loop.stop();
    });
  });
  loop.run();
  poster.join();
  REQUIRE(seen.size() == 1000);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("a watcher is told of bytes, of an end and of the chance to write") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  Loop loop;
  struct Told final : Watcher {
    void ready(std::uint32_t events) override { all |= events; }
    std::uint32_t all = 0;
  } told;
  loop.watch(ends[0], told);
  REQUIRE(write(ends[1], "x", 1) == 1);
  close(ends[1]);
  loop.on_settle([&](Instant) {
    if ((told.all & EPOLLRDHUP) != 0) loop.stop();
  });
  loop.run();
  CHECK((told.all & EPOLLIN) != 0);
  CHECK((told.all & EPOLLOUT) != 0);
  close(ends[0]);
}
