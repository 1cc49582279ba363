#include "proxy/link.h"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "faults/catalogue.h"
#include "tests/support/catch.h"
#include "tests/support/link_tape.h"

using namespace faultline;
using namespace std::chrono_literals;

namespace {

// A fault that a test speaks through.
class Scripted final : public Fault {
 public:
  using Words = std::function<void(const Moment&, ByteView, Outlet&)>;
  struct Script {
    Words chunk = {}, timer = {}, opening = {};
  };
  explicit Scripted(Script script) : script_(std::move(script)) {}
  std::unique_ptr<Fault> fresh() const override { return std::make_unique<Scripted>(script_); }
  void update(const Fault& configured) override {
    script_ = same_kind<Scripted>(configured).script_;
  }
  void chunk(const Moment& moment, const Chunk& chunk, Outlet& outlet) override {
    script_.chunk ? script_.chunk(moment, chunk.bytes, outlet) : outlet.pass();
  }
  void end(const Moment&, Outlet& outlet) override { outlet.pass_at(never); }
  void timer(const Moment& moment, Outlet& outlet) override {
    if (script_.timer) script_.timer(moment, {}, outlet);
  }
  void opening(const Moment& moment, Outlet& outlet) override {
    if (script_.opening) script_.opening(moment, {}, outlet);
  }

 private:
  Script script_;
};

void hold(const Moment&, ByteView, Outlet& outlet) { outlet.pass_at(never); }

const Instant start{std::chrono::seconds(100)};

std::unique_ptr<Fault> make(std::string_view kind, std::vector<RawSetting> raw = {}) {
  const FaultKind* found = find_fault_kind(kind);
  REQUIRE(found != nullptr);
  auto settings = read_settings(found->parameters, raw, "test");
  REQUIRE(settings.has_value());
  auto fault = found->make(*settings);
  REQUIRE(fault.has_value());
  return std::move(*fault);
}

std::unique_ptr<Fault> latency(const std::string& delay, const std::string& jitter = "0s") {
  return make("latency", {{"delay", delay, "t"}, {"jitter", jitter, "t"}});
}

struct Rig {
  LinkTape tape;
  Link link{Direction::downstream, tape};

  void arm(FaultId id, const Fault& fault, Instant now = start) {
    link.arm({id, fault, Draw(id), start}, now, true);
  }
  void arrive(std::string_view bytes, Instant now = start) { link.arrive({bytes, now, {}}); }
};

}  // namespace

TEST_CASE("a link without faults passes at once and is never asked to wake") {
  Rig rig;
  rig.arrive("abc");
  rig.link.sender_closed(Closing::end, start);
  CHECK(rig.tape.take() == "abc<end>");
  CHECK(rig.link.wake_at() == never);
  CHECK_FALSE(rig.link.staged());
}

TEST_CASE("what waits in a block that is not full is counted with its room") {
  Rig rig;
  rig.arm(1, *latency("100ms"));
  auto block = Block::room(1000);
  std::fill_n(block->bytes.get(), 800, 'w');
  block->size = 800;
  const ByteView bytes = block->view();
  rig.link.arrive({bytes, start, {}}, std::move(block));
  CHECK(rig.link.held() == 1000 + Link::item_cost);
  rig.link.settle(start + 100ms);
  CHECK(rig.link.held() == 0);
  CHECK((rig.tape.take() == std::string(800, 'w')));
}

TEST_CASE("latency holds bytes and the end until their due time, never less") {
  Rig rig;
  rig.arm(1, *latency("100ms"));
  rig.arrive("ab");
  rig.arrive("cd", start + 10ms);
  rig.link.sender_closed(Closing::end, start + 20ms);
  CHECK(rig.link.held() == 4 + 2 * Link::item_cost);
  CHECK(rig.link.wake_at() == start + 100ms);
  rig.link.settle(start + 100ms - 1ns);
  CHECK(rig.tape.take().empty());
  rig.link.settle(start + 100ms);
  CHECK(rig.tape.take() == "ab");
  rig.link.settle(start + 110ms);
  CHECK(rig.tape.take() == "cd");
  CHECK(rig.link.wake_at() == start + 120ms);
  rig.link.settle(start + 120ms);
  CHECK(rig.tape.take() == "<end>");
  CHECK(rig.link.held() == 0);
}

TEST_CASE("jitter never lets bytes overtake each other") {
  Rig rig;
  rig.arm(1, *latency("50ms", "50ms"));
  std::string sent;
  for (int i = 0; i < 200; ++i) {
    const std::string piece(1, static_cast<char>('a' + i % 26));
    sent += piece;
    rig.arrive(piece, start + i * 1ms);
  }
  for (Instant now = start; now <= start + 1s; now += 1ms) rig.link.settle(now);
  CHECK(rig.tape.take() == sent);
}

TEST_CASE("a disarmed latency releases what it holds, in order, at once") {
  Rig rig;
  rig.arm(1, *latency("10s"));
  rig.arrive("ab");
  rig.arrive("cd", start + 1ms);
  rig.link.sender_closed(Closing::end, start + 2ms);
  rig.link.disarm(1, start + 3ms);
  CHECK(rig.tape.take() == "abcd<end>");
  CHECK_FALSE(rig.link.staged());
}

TEST_CASE("a stall holds everything for ever and loses nothing") {
  Rig rig;
  rig.arm(1, *make("stall"));
  rig.arrive("ab");
  rig.link.sender_closed(Closing::reset, start + 1ms);
  CHECK(rig.link.wake_at() == never);
  rig.link.settle(start + 24h);
  CHECK(rig.tape.take().empty());
  rig.link.disarm(1, start + 25h);
  CHECK(rig.tape.take() == "ab<reset>");
  CHECK(rig.tape.touched_bytes[1] == 2);
}

TEST_CASE("a blackhole drops, and resets what it made holes in when it is disarmed") {
  Rig rig;
  rig.arm(1, *make("blackhole"));
  SECTION("with traffic") {
    rig.arrive("ab");
    CHECK(rig.tape.take().empty());
    rig.link.disarm(1, start + 1s);
    CHECK(rig.tape.reset);
  }
  SECTION("without traffic the connection goes on") {
    rig.link.disarm(1, start + 1s);
    CHECK_FALSE(rig.tape.reset);
    rig.arrive("ab", start + 2s);
    CHECK(rig.tape.take() == "ab");
  }
}

TEST_CASE("faults act in the order they were armed, and what one releases meets the next") {
  Rig rig;
  rig.arm(1, *make("stall"));
  rig.arm(2, *latency("100ms"));
  rig.arrive("ab");
  rig.link.disarm(1, start + 1s);
  CHECK(rig.tape.take().empty());  // released by the stall, held by the latency
  rig.link.settle(start + 1s + 100ms);
  CHECK(rig.tape.take() == "ab");
}

TEST_CASE("disarming the later of two faults leaves the earlier in force") {
  Rig rig;
  rig.arm(1, *make("stall"));
  rig.arm(2, *latency("100ms"));
  rig.link.disarm(2, start);
  rig.arrive("ab");
  CHECK(rig.tape.take().empty());
  rig.link.disarm(1, start + 1s);
  CHECK(rig.tape.take() == "ab");
}

TEST_CASE("reset speaks at arming on a live connection, refuse only at opening") {
  Rig rig;
  rig.arm(1, *make("refuse"));
  CHECK_FALSE(rig.tape.reset);
  rig.link.opening(start);
  CHECK(rig.tape.refused);
  rig.arm(2, *make("reset"));
  CHECK(rig.tape.reset);
  CHECK(rig.tape.touches[1] == 1);
}

TEST_CASE("close ends the direction behind what has passed and drops what comes later") {
  Rig rig;
  rig.arrive("ab");
  rig.arm(1, *make("close"));
  rig.arrive("cd", start + 1ms);
  rig.link.sender_closed(Closing::end, start + 2ms);
  CHECK(rig.tape.take() == "ab<end>");
  CHECK(rig.tape.touched_bytes[1] == 2);
}

TEST_CASE("nothing is lost, doubled or reordered however latency is armed and disarmed") {
  Rig rig;
  std::string sent;
  std::uint64_t dice = 42;
  const auto next = [&dice] { return dice = Draw(dice).bits(); };
  Instant now = start;
  std::vector<FaultId> armed;
  FaultId id = 0;
  for (int i = 0; i < 5000; ++i) {
    now += std::chrono::microseconds(next() % 3000);
    switch (next() % 6) {
      case 0:
        rig.arm(++id, *latency(std::to_string(next() % 20) + "ms"), now);
        armed.push_back(id);
        break;
      case 1:
        if (armed.empty()) break;
        rig.link.disarm(armed[next() % armed.size()], now);
        break;
      case 2:
        rig.link.settle(now);
        break;
      default:
        const std::string piece = std::to_string(i) + ",";
        sent += piece;
        rig.arrive(piece, now);
    }
  }
  for (const FaultId each : armed) rig.link.disarm(each, now);
  CHECK(rig.tape.take() == sent);
  CHECK(rig.link.held() == 0);
}

TEST_CASE("parts of a chunk go on at their own times, in order, and what none names is dropped") {
  Rig rig;
  rig.arm(1, Scripted({.chunk = [](const Moment& m, ByteView, Outlet& outlet) {
            outlet.pass_part(2, m.now);
            outlet.pass_part(3, m.now + 20ms);
            outlet.pass_part(1, m.now + 10ms);  // never before the part in front of it
          }}));
  rig.arrive("abcdefgh");
  CHECK(rig.tape.take() == "ab");
  CHECK(rig.link.held() == 4 + 2 * Link::item_cost);
  rig.link.settle(start + 19ms);
  CHECK(rig.tape.take().empty());
  rig.link.settle(start + 20ms);
  CHECK(rig.tape.take() == "cdef");
  CHECK(rig.tape.touched_bytes[1] == 6);
  CHECK(rig.link.held() == 0);
}

TEST_CASE("a chunk that is cut short is touched by what is missing") {
  Rig rig;
  rig.arm(1, Scripted({.chunk = [](const Moment& m, ByteView, Outlet& outlet) {
            outlet.pass_part(3, m.now);
          }}));
  rig.arrive("abcde");
  rig.arrive("fgh");
  CHECK(rig.tape.take() == "abcfgh");
  CHECK(rig.tape.touched_bytes[1] == 2);
}

TEST_CASE("a replacement touches the bytes that differ") {
  Rig rig;
  rig.arm(1, Scripted({.chunk = [](const Moment&, ByteView bytes, Outlet& outlet) {
            outlet.replace(bytes == "same" ? "same" : bytes == "abcd" ? "abXd" : "longer");
          }}));
  rig.arrive("same");
  CHECK(rig.tape.touches[1] == 0);
  rig.arrive("abcd");
  CHECK(rig.tape.touched_bytes[1] == 1);
  rig.arrive("xyz");
  CHECK(rig.tape.touched_bytes[1] == 4);
  CHECK(rig.tape.take() == "sameabXdlonger");
}

TEST_CASE("what is held is released from the front, byte by byte, and the end behind it") {
  Rig rig;
  std::uint64_t held = 0, piece = 0;
  const Scripted trickle({.chunk = hold, .timer = [&](const Moment& m, ByteView, Outlet& outlet) {
                            held = outlet.held();
                            outlet.release(piece);
                            outlet.wake_at(m.now + 1ms);
                          }});
  rig.arm(1, trickle);
  rig.link.update(1, trickle, Draw(1), start);  // its first timer
  rig.arrive("abc");
  rig.arrive("defg");
  rig.link.sender_closed(Closing::end, start);
  CHECK(rig.link.held() == 7 + 2 * Link::item_cost);
  piece = 2;
  rig.link.settle(start + 1ms);
  CHECK(held == 7);
  CHECK(rig.tape.take() == "ab");
  CHECK(rig.link.held() == 5 + 2 * Link::item_cost);
  rig.link.settle(start + 2ms);
  CHECK(held == 5);
  CHECK(rig.tape.take() == "cd");
  piece = 3;
  rig.link.settle(start + 3ms);
  CHECK(rig.tape.take() == "efg<end>");
  CHECK(rig.link.held() == 0);
  CHECK(rig.tape.touched_bytes[1] == 7);
  rig.arrive("h", start + 4ms);  // held again, as the first was
  CHECK(rig.link.held() == 1 + Link::item_cost);
}

TEST_CASE("an update decides anew about what waits, from when it came, and counts it once") {
  Rig rig;
  rig.arm(1, *latency("10s"));
  rig.arrive("ab");
  rig.arrive("cd", start + 50ms);
  rig.link.sender_closed(Closing::end, start + 60ms);
  SECTION("to a shorter delay") {
    rig.link.update(1, *latency("100ms"), Draw(1), start + 100ms);
    CHECK(rig.tape.take() == "ab");
    CHECK(rig.link.wake_at() == start + 150ms);
    rig.link.settle(start + 160ms);
    CHECK(rig.tape.take() == "cd<end>");
  }
  SECTION("to a longer delay") {
    rig.link.update(1, *latency("20s"), Draw(1), start + 9s);
    rig.link.settle(start + 10s + 100ms);
    CHECK(rig.tape.take().empty());
    rig.link.settle(start + 20s + 60ms);
    CHECK(rig.tape.take() == "abcd<end>");
  }
  CHECK(rig.tape.touched_bytes[1] == 4);
  CHECK(rig.tape.touches[1] == 3);
  CHECK(rig.link.held() == 0);
}

TEST_CASE("an update keeps the end that the fault spoke, and leaves other faults alone") {
  Rig rig;
  rig.arm(1, Scripted({.chunk = [](const Moment&, ByteView, Outlet& outlet) {
            outlet.pass_at(never);
            outlet.end();
          }}));
  rig.arrive("ab");
  rig.link.update(2, *latency("1s"), Draw(2), start + 1ms);  // not armed here: nothing happens
  rig.link.update(1, Scripted({}), Draw(1), start + 1ms);    // now it passes
  CHECK(rig.tape.take() == "ab<end>");
  rig.arrive("lost", start + 2ms);
  CHECK(rig.tape.take().empty());
}

TEST_CASE("stages stand in the order of their ids, whenever they were armed") {
  Rig rig;
  rig.arm(2, *make("stall"));
  rig.arm(1, *latency("100ms"));  // older, and late on this link: it is before the stall
  rig.arrive("ab");
  rig.link.disarm(2, start + 1ms);
  CHECK(rig.tape.take().empty());
  rig.link.settle(start + 100ms);
  CHECK(rig.tape.take() == "ab");
}

TEST_CASE("the dial waits for the latest fault that asked for it, until that is disarmed") {
  const auto opens = [](Duration after) {
    return Scripted({.opening = [after](const Moment& m, ByteView, Outlet& outlet) {
      outlet.open_at(m.now + after);
    }});
  };
  Rig rig;
  CHECK(rig.link.open_at() == Instant{});
  rig.arm(1, opens(10ms));
  rig.arm(2, opens(30ms));
  rig.arm(3, *latency("1s"));
  rig.link.opening(start);
  CHECK(rig.link.open_at() == start + 30ms);
  CHECK(rig.tape.touches[1] == 1);
  rig.link.update(2, opens(40ms), Draw(2), start + 5ms);
  CHECK(rig.link.open_at() == start + 40ms);
  rig.link.disarm(2, start + 6ms);
  CHECK(rig.link.open_at() == start + 10ms);
}
