// bandwidth on a link, in virtual time.

#include "tests/support/catch.h"
#include "tests/support/virtual_link.h"

using namespace faultline;
using namespace std::chrono_literals;

namespace {

constexpr Instant start = VirtualLink::start;

std::unique_ptr<Fault> bandwidth(const std::string& rate, const std::string& per = "connection",
                                 const std::string& burst = "0B") {
  return native("bandwidth", {{"rate", rate, ""}, {"per", per, ""}, {"burst", burst, ""}});
}

// Bytes that a rate is worth, in the time since `start`.
double worth(Bytes rate, Instant now) {
  return seconds(now - start) * static_cast<double>(rate.count);
}

}  // namespace

TEST_CASE("bandwidth keeps its rate from one byte a second to ten gigabytes") {
  const std::string written = GENERATE("1B", "7B", "1KB", "10KB", "1MB", "20MB", "1GB", "10GB");
  const Bytes rate = bytes_from(written).value();
  INFO(written);
  VirtualLink line(*bandwidth(written));
  const std::string sent(std::min<std::uint64_t>(2 * rate.count, 8'000'000), 'x');
  line.arrive(sent).finish();
  line.run(start + 10s);
  CHECK(line.text() == sent + "<end>");
  CHECK(line.link.held() == 0);
  double out = 0;
  for (const auto& [at, bytes] : line.left) {
    out += static_cast<double>(bytes.size()) - (bytes.ends_with("<end>") ? 5 : 0);
    CHECK(out <= worth(rate, at + 1ms) + 1);   // never faster, but for what an idle line saved up
    CHECK(out >= worth(rate, at - 11ms) - 1);  // never more than a piece slower
  }
}

TEST_CASE("late timers cost bandwidth nothing") {
  VirtualLink line(*bandwidth("1MB"));
  std::uint64_t dice = 5;
  line.arrive(std::string(2'000'000, 'x'));
  line.run(start + 10s, [&] {
    dice = Draw(dice).bits();
    return Duration(static_cast<std::int64_t>(dice % 50'000'000));
  });
  CHECK(line.text().size() == 2'000'000);
  CHECK(line.left.back().at >= start + 1999ms);
  CHECK(line.left.back().at <= start + 2100ms);
}

TEST_CASE("what a late timer holds up is made up for, without a burst") {
  const std::string written = GENERATE("1MB", "10MB", "1GB");
  const Bytes rate = bytes_from(written).value();
  INFO(written);
  VirtualLink line(*bandwidth(written));
  const std::uint64_t size = rate.count / 2;
  line.arrive(std::string(size, 'x'));
  bool stalled = false;
  line.run(start + 10s, [&] {
    if (stalled || line.now < start + 100ms) return 0ms;
    stalled = true;
    return 8ms;
  });
  REQUIRE(stalled);
  CHECK(line.text().size() == size);
  CHECK(line.left.back().at <= start + 502ms);
  double worst = 0;
  for (auto from = line.left.begin(); from != line.left.end(); ++from) {
    double sum = 0;
    for (auto at = from; at != line.left.end() && at->at < from->at + 10ms; ++at)
      sum += static_cast<double>(at->bytes.size());
    worst = std::max(worst, sum);
  }
  CHECK(worst <= 1.17 * worth(rate, start + 10ms));
}

TEST_CASE("timers that are all a little late do not keep a rate from catching up") {
  VirtualLink line(*bandwidth("10MB"));
  line.arrive(std::string(10'000'000, 'x'));
  bool stalled = false;
  line.run(start + 10s, [&]() -> Duration {
    if (stalled || line.now < start + 100ms) return 300us;
    stalled = true;
    return 15ms;
  });
  REQUIRE(stalled);
  CHECK(line.text().size() == 10'000'000);
  CHECK(line.left.back().at <= start + 1001ms);
}

TEST_CASE("an idle line saves up no more than its bucket") {
  VirtualLink line(*bandwidth("1MB"));
  line.pass(1h);
  const Instant from = line.now;
  line.arrive(std::string(100'000, 'x')).pass(1s);
  CHECK(line.left.back().at >= from + 99ms);
  CHECK(line.left.back().at <= from + 101ms);
}

TEST_CASE("a bucket lets its burst go at once, and is filled at the rate") {
  const std::string per = GENERATE("connection", "proxy");
  VirtualLink line(*bandwidth("1MB", per, "500KB"));
  const auto sent_at = [&](Instant at) {
    std::size_t sum = 0;
    for (const auto& one : line.left) sum += one.at == at ? one.bytes.size() : 0;
    return sum;
  };
  line.arrive(std::string(600'000, 'x')).pass(99ms);
  CHECK(sent_at(start) == 500'000);
  CHECK(line.text().size() < 600'000);
  line.pass(2ms);
  CHECK(line.text().size() == 600'000);
  // A quarter of a second fills half of it.
  line.pass(249ms);
  const Instant again = line.now;
  line.arrive(std::string(300'000, 'y')).pass(10ms);
  CHECK(sent_at(again) >= 249'000);
  CHECK(sent_at(again) <= 251'000);
  line.pass(50ms);
  CHECK(line.text().size() == 900'000);
  // It never holds more than its size.
  line.pass(1h).arrive(std::string(501'000, 'z')).pass(0ms);
  CHECK(line.text().size() == 1'400'000);
}

TEST_CASE("small messages on a fast idle line pass at once and are not touched") {
  VirtualLink line(*bandwidth("1GB"));
  for (int i = 0; i < 100; ++i) line.arrive("a query of some bytes").pass(1ms);
  CHECK(line.left.size() == 100);
  CHECK(line.touched() == 0);
  CHECK(line.link.wake_at() == never);
}

TEST_CASE("bandwidth touches what it holds, once") {
  VirtualLink line(*bandwidth("1KB"));
  line.arrive(std::string(500, 'x')).arrive(std::string(500, 'y')).pass(500ms);
  line.update(*bandwidth("2KB")).pass(1s);
  CHECK(line.text().size() == 1000);
  CHECK(line.touched() == 1000);
}

TEST_CASE("an update of the rate holds for what waits already") {
  VirtualLink line(*bandwidth("1B"));
  line.arrive(std::string(1'000'000, 'x')).finish().pass(3s);
  CHECK(line.text().size() == 3);
  const Instant from = line.now;
  SECTION("faster") {
    line.update(*bandwidth("1MB")).pass(2s);
    CHECK(line.left.back().at >= from + 989ms);
    CHECK(line.left.back().at <= from + 1010ms);
  }
  SECTION("disarmed") {
    line.disarm();
    CHECK(line.left.back().at == from);
  }
  CHECK(line.text() == std::string(1'000'000, 'x') + "<end>");
}

TEST_CASE("many updates do not make it faster") {
  VirtualLink line(*bandwidth("100KB"));
  line.arrive(std::string(100'000, 'x'));
  for (int i = 0; i < 990; ++i) line.update(*bandwidth("100KB")).pass(1ms);
  CHECK(line.text().size() >= 90'000);
  CHECK(line.text().size() < 100'000);
  line.pass(100ms);
  CHECK(line.text().size() == 100'000);
}

TEST_CASE("a rate per proxy is shared by its links, in turns") {
  const auto fault = bandwidth("1MB", "proxy");
  VirtualLink one(*fault), two(*fault);
  one.arrive(std::string(500'000, 'x'));
  two.arrive(std::string(500'000, 'y'));
  for (Instant now = start; now < start + 2s; now += 1ms) {
    one.run(now);
    two.run(now);
    const auto ahead = static_cast<std::int64_t>(one.text().size() - two.text().size());
    CHECK(std::abs(ahead) <= 4000);
    CHECK(static_cast<double>(one.text().size() + two.text().size()) <=
          worth({1'000'000}, now + 1ms) + 1);
  }
  CHECK(one.text().size() + two.text().size() == 1'000'000);
  CHECK(std::max(one.left.back().at, two.left.back().at) <= start + 1010ms);
}

TEST_CASE(
    "the toxic's rate is in units of 1000 bytes, and 0 holds until it is changed or removed") {
  VirtualLink line(*toxic("bandwidth", {{"rate", 10}}));
  line.arrive(std::string(5000, 'x')).pass(1s);
  CHECK(line.left.back().at >= start + 498ms);
  CHECK(line.left.back().at <= start + 510ms);

  VirtualLink cut(*toxic("bandwidth"));
  cut.arrive("held").finish().pass(24h);
  CHECK(cut.text().empty());
  SECTION("removed") { cut.disarm(); }
  SECTION("changed") { cut.update(*toxic("bandwidth", {{"rate", 1000}})).pass(1s); }
  SECTION("changed to the same, and removed") { cut.update(*toxic("bandwidth")).pass(1s).disarm(); }
  CHECK(cut.text() == "held<end>");
}
