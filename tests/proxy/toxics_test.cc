// The toxics that hold back or end a connection, on a link in virtual time.

#include "tests/support/catch.h"
#include "tests/support/virtual_link.h"

using namespace faultline;
using namespace std::chrono_literals;

namespace {

constexpr Instant start = VirtualLink::start;

}  // namespace

TEST_CASE("the noop toxic passes everything and touches nothing") {
  VirtualLink line(*toxic("noop"));
  CHECK(line.arrive("a").finish().text() == "a<end>");
  CHECK(line.tape.touches[1] == 0);
}

TEST_CASE("the latency toxic delays data, and the FIN only behind it") {
  VirtualLink line(*toxic("latency", {{"latency", 100}}));
  line.arrive("a").pass(50ms).finish().run(start + 100ms);
  CHECK(line.text() == "a<end>");
  VirtualLink idle(*toxic("latency", {{"latency", 100}}));
  CHECK(idle.finish().text() == "<end>");
}

TEST_CASE("the latency toxic takes any numbers") {
  const std::int64_t most = 9'223'372'036'854'775'807;
  VirtualLink line(*toxic("latency", {{"latency", most}, {"jitter", most}}));
  for (int i = 0; i < 100; ++i) line.arrive("x");
  CHECK(line.disarm().text() == std::string(100, 'x'));
}

TEST_CASE("slow_close holds back only the end") {
  VirtualLink line(*toxic("slow_close", {{"delay", 200}}));
  line.arrive("a").finish().run(start + 199ms);
  CHECK(line.text() == "a");
  SECTION("until its time") { line.run(start + 200ms); }
  SECTION("or until it is removed") { line.disarm(); }
  SECTION("or until an update says so") { line.update(*toxic("slow_close", {{"delay", 100}})); }
  CHECK(line.text() == "a<end>");
}

TEST_CASE("timeout drops data, and closes so long after the last chunk") {
  VirtualLink line(*toxic("timeout", {{"timeout", 500}}));
  for (int i = 0; i < 10; ++i) line.arrive("lost").pass(200ms);
  CHECK(line.text().empty());
  line.pass(299ms);
  CHECK_FALSE(line.tape.other_ended);
  line.pass(1ms);
  CHECK(line.text() == "<end>");
  CHECK(line.tape.other_ended);
  CHECK(line.touched() == 40);
}

TEST_CASE("timeout 0 never closes by itself; removed, it closes what it was on") {
  VirtualLink line(*toxic("timeout"));
  line.arrive("lost").finish().pass(24h);
  CHECK(line.text().empty());
  line.update(*toxic("timeout")).pass(1h);
  CHECK_FALSE(line.tape.other_ended);
  line.disarm();
  CHECK(line.text() == "<end>");
  CHECK(line.tape.other_ended);
}

TEST_CASE("an updated timeout counts from the last chunk") {
  VirtualLink line(*toxic("timeout"));
  line.pass(1s).arrive("x").pass(1s).update(*toxic("timeout", {{"timeout", 1500}})).pass(499ms);
  CHECK_FALSE(line.tape.other_ended);
  line.pass(1ms);
  CHECK(line.tape.other_ended);
}

TEST_CASE("reset_peer resets a live connection, idle or not, after its time") {
  VirtualLink idle(*toxic("reset_peer", {{"timeout", 100}}));
  idle.pass(99ms);
  CHECK_FALSE(idle.tape.reset);
  idle.pass(1ms);
  CHECK(idle.tape.reset);
  CHECK(VirtualLink(*toxic("reset_peer")).tape.reset);
}

TEST_CASE("reset_peer resets a new connection when it is used") {
  LinkTape tape;
  Link link(Direction::upstream, tape);
  const auto fault = toxic("reset_peer", {{"timeout", 100}});
  link.arm({1, *fault, Draw(1), start}, start, false);
  link.opening(start);
  CHECK(link.wake_at() == never);
  SECTION("by a chunk") { link.arrive({"x", start + 1s, {}}); }
  SECTION("by its end") { link.sender_closed(Closing::end, start + 1s); }
  CHECK(tape.out.empty());
  CHECK_FALSE(tape.reset);
  SECTION("not before its time") {
    if (link.wake_at() == never) link.arrive({"x", start + 1s, {}});
    link.settle(start + 1099ms);
    CHECK_FALSE(tape.reset);
    link.settle(start + 1100ms);
  }
  SECTION("or, where bytes were lost, when it is removed") {
    if (link.wake_at() == never) link.arrive({"x", start + 1s, {}});
    link.disarm(1, start + 1001ms);
  }
  if (link.wake_at() != never) link.settle(start + 1100ms);
  CHECK(tape.reset);
}

TEST_CASE("an idle connection outlives a reset_peer that is removed in time") {
  VirtualLink line(*toxic("reset_peer", {{"timeout", 2000}}));
  line.pass(1s).disarm();
  CHECK_FALSE(line.tape.reset);
  CHECK(line.arrive("x").text() == "x");
}

TEST_CASE("packet_loss delays by retransmission timeouts and loses no byte") {
  const auto loss = [](double rate, double correlation) {
    return configured(find_toxic_kind("packet_loss"),
                      {{"loss_rate", rate, ""}, {"correlation", correlation, ""}});
  };
  VirtualLink none(*loss(0, 1));
  CHECK(none.arrive("abc").text() == "abc");

  VirtualLink some(*loss(0.1, 0.2));
  std::string sent;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece = std::to_string(i) + ",";
    sent += piece;
    some.arrive(piece).pass(1s);
  }
  some.finish().pass(1h);
  CHECK(some.text() == sent + "<end>");
  CHECK(some.tape.touches[1] > 50);
  CHECK(some.tape.touches[1] < 300);

  VirtualLink all(*loss(1, 0));
  all.arrive("a").pass(1min);
  CHECK(all.text().empty());
  all.pass(1min);
  CHECK(all.text() == "a");
}
