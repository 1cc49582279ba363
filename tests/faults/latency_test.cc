// How the delays of a latency spread and change over time.

#include <algorithm>
#include <vector>

#include "faults/catalogue.h"
#include "faults/tcp/latency_delays.h"
#include "tests/support/catch.h"

using namespace std::chrono_literals;
using namespace faultline;

namespace {

constexpr Instant noon{12h};

// The delays of so many chunks, ascending.
std::vector<Duration> drawn(const Delays& delays, std::uint64_t count = 20'000) {
  std::vector<Duration> all;
  for (std::uint64_t i = 0; i < count; ++i) {
    all.push_back(delays.at({.now = noon, .draw = Draw(3).about(i), .since = noon}));
  }
  std::ranges::sort(all);
  return all;
}

Duration quantile(const std::vector<Duration>& all, double share) {
  return all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
}

// `value` is within a twentieth of `wanted`.
bool near(Duration value, Duration wanted) {
  return value > wanted - wanted / 20 && value < wanted + wanted / 20;
}

Duration at(const Delays& delays, Duration since) {
  return delays.at({.now = noon + since, .draw = Draw(1), .since = noon});
}

std::string complaint(std::string_view table) {
  const auto read = quantiles_from(table);
  return read ? "" : read.error().what;
}

}  // namespace

TEST_CASE("without jitter every delay is the mean, whatever the distribution") {
  for (const Spread spread : {Spread::uniform, Spread::normal, Spread::pareto}) {
    const auto all = drawn({.mean = 10ms, .spread = spread}, 100);
    CHECK(all.front() == 10ms);
    CHECK(all.back() == 10ms);
  }
}

TEST_CASE("a normal latency has its mean and its deviation") {
  const auto all = drawn({.mean = 100ms, .jitter = 10ms, .spread = Spread::normal});
  CHECK(near(quantile(all, 0.5), 100ms));
  CHECK(near(quantile(all, 0.8413) - 100ms, 10ms));
  CHECK(near(100ms - quantile(all, 0.1587), 10ms));
  CHECK(all.front() >= 60ms);
  CHECK(all.back() <= 140ms);
}

TEST_CASE("a pareto latency has a least and a heavy tail") {
  const auto all = drawn({.mean = 10ms, .jitter = 20ms, .spread = Spread::pareto}, 200'000);
  CHECK(all.front() >= 10ms);
  CHECK(all.front() < 11ms);
  CHECK(near(quantile(all, 0.5) - 10ms, 5198us));    // 20 ms x (2^(1/3) - 1)
  CHECK(near(quantile(all, 0.99) - 10ms, 72832us));  // 20 ms x (100^(1/3) - 1)
  CHECK(near(quantile(all, 0.999) - 10ms, 180'000us));
}

TEST_CASE("no delay is negative or longer than an hour") {
  for (const Spread spread : {Spread::uniform, Spread::normal, Spread::pareto}) {
    const auto all = drawn({.mean = 1h, .jitter = 1h, .spread = spread}, 2000);
    CHECK(all.front() >= 0ms);
    CHECK(all.back() <= 1h);
  }
}

TEST_CASE("a table gives delays as they were measured") {
  Delays delays{.mean = 1ms, .spread = Spread::table};
  delays.table = quantiles_from("50%:10ms, 0.99:110ms 100%:1s").value();
  const auto all = drawn(delays);
  CHECK(all.front() == 11ms);
  CHECK(quantile(all, 0.49) == 11ms);
  CHECK(near(quantile(all, 0.745), 61ms));
  CHECK(near(quantile(all, 0.95), 102'837us));
  CHECK(all.back() > 800ms);

  delays.table = quantiles_from("30ms 10ms 20ms").value();
  const auto plain = drawn(delays);
  CHECK(plain.front() < 12ms);
  CHECK(near(quantile(plain, 0.5), 21ms));
  CHECK(plain.back() <= 31ms);
}

TEST_CASE("a table that cannot be read says why") {
  CHECK(complaint("10ms").empty());
  CHECK(complaint("") == "the table has 0 delays; write 1 to 1024");
  CHECK(complaint("50%:10ms 20ms") ==
        "\"20ms\" has no share, others have; write it like \"99%:80ms\"");
  CHECK(complaint("50%:10ms 40%:20ms") ==
        "\"40%:20ms\" does not ascend; write larger shares with longer delays");
  CHECK(complaint("50%:10ms 60%:5ms").find("does not ascend") != std::string::npos);
  CHECK(complaint("101%:10ms").find("\"101%:10ms\" is no quantile") == 0);
  CHECK(complaint("50%:10").find("is no quantile") != std::string::npos);
  CHECK(complaint("2h").find("longer than 1h") != std::string::npos);
  CHECK(complaint(std::string(3000, 'x')).size() < 400);

  const FaultKind* kind = find_fault_kind("latency");
  const std::vector<RawSetting> raw = {{"delay", "1ms", "d:1"}, {"table", "soon", "d:2"}};
  const auto made = kind->make(read_settings(kind->parameters, raw, "d").value());
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().at(0).text().find("d:2: \"table\": ") == 0);
}

TEST_CASE("waves rise and fall with their period, from the arming on") {
  Delays delays{.mean = 100ms, .amplitude = 40ms, .period = 8s};
  delays.wave = Wave::sine;
  CHECK(at(delays, 0s) == 100ms);
  CHECK(at(delays, 2s) == 140ms);
  CHECK(at(delays, 6s) == 60ms);
  CHECK(at(delays, 10s) == 140ms);
  delays.wave = Wave::square;
  CHECK(at(delays, 0s) == 140ms);
  CHECK(at(delays, 3999ms) == 140ms);
  CHECK(at(delays, 4s) == 60ms);
  delays.wave = Wave::triangle;
  CHECK(at(delays, 0s) == 60ms);
  CHECK(at(delays, 2s) == 100ms);
  CHECK(at(delays, 4s) == 140ms);
  CHECK(at(delays, 6s) == 100ms);
  delays.wave = Wave::saw;
  CHECK(at(delays, 0s) == 60ms);
  CHECK(at(delays, 4s) == 100ms);
  CHECK(at(delays, 8s) == 60ms);
  CHECK(at(delays, -2s) == 120ms);  // before the arming, where what was held is decided anew
  delays.amplitude = 1h;
  CHECK(at(delays, 0s) == 0ms);
}
