// The pace that links of several workers may share, and the terms of the kinds that shape.

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

#include "faults/catalogue.h"
#include "faults/tcp/bandwidth_pace.h"
#include "tests/support/catch.h"

using namespace std::chrono_literals;
using namespace faultline;

namespace {

constexpr Instant noon{12h};

std::string refusal(std::string_view kind, const std::vector<RawSetting>& raw) {
  const FaultKind* found = find_fault_kind(kind);
  REQUIRE(found != nullptr);
  const auto settings = read_settings(found->parameters, raw, "here");
  if (!settings) return settings.error().at(0).text();
  const auto made = found->make(*settings);
  return made ? "" : made.error().at(0).text();
}

}  // namespace

TEST_CASE("slots of a pace are booked one behind the other, whoever books them") {
  Pace pace;
  constexpr int threads = 4, each = 5000;
  std::vector<Pace::Slot> slots;
  std::mutex mutex;
  {
    std::vector<std::jthread> bookers;
    for (int t = 0; t < threads; ++t) {
      bookers.emplace_back([&] {
        std::vector<Pace::Slot> mine;
        for (int i = 0; i < each; ++i) mine.push_back(pace.book(3ns, noon));
        const std::lock_guard lock(mutex);
        slots.insert(slots.end(), mine.begin(), mine.end());
      });
    }
  }
  std::ranges::sort(slots, {}, &Pace::Slot::from);
  CHECK(slots.front().from == noon);
  bool gapless = true;
  for (std::size_t i = 1; i < slots.size(); ++i)
    gapless = gapless && slots[i].from == slots[i - 1].to;
  CHECK(gapless);
  CHECK(pace.free() == noon + threads * each * 3ns);
}

TEST_CASE("a slot that would not be over is not booked") {
  Pace pace;
  CHECK(pace.book_if_over(1ms, noon - 1ms, noon));
  CHECK_FALSE(pace.book_if_over(1ms, noon - 1ms, noon));
  CHECK(pace.free() == noon);
}

TEST_CASE("the cost of bytes is exact, rounded up, at any rate") {
  CHECK(Pace::cost(1, {1}) == 1s);
  CHECK(Pace::cost(1, {3}) == 333'333'334ns);
  CHECK(Pace::cost(1ULL << 30, {1}) == std::chrono::seconds(1LL << 30));
  CHECK(Pace::cost(10'000, {10'000'000'000}) == 1us);
  CHECK(Pace::worth(10ms, {1}) == 1);
  CHECK(Pace::worth(10ms, {10'000'000'000}) == 100'000'000);
}

TEST_CASE("terms that make no sense together are refused, at their place") {
  CHECK(refusal("slice", {{"size", "10B", "d:1"}, {"variation", "10B", "d:2"}}) ==
        "d:2: \"variation\" is 10B; it must be less than size, which is 10B");
  CHECK(refusal("limit", {{"then", "reset", "d:1"}}) ==
        "here: a limit of neither bytes nor time; write \"bytes\" or \"time\"");
  CHECK(refusal("limit", {{"time", "1s", "d:1"}}).empty());
  CHECK(refusal("bandwidth", {{"rate", "0B", "d:1"}}) ==
        "d:1: \"rate\" is \"0B\"; it must be 1B to 10GB");
  CHECK(refusal("corrupt", {{"ratio", 2.0, "d:1"}}).find("d:1: ") == 0);
  CHECK(refusal("half_close", {{"after", "-1s", "d:1"}}).find("d:1: ") == 0);
}
