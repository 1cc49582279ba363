// Who asks for what: mixes, sources and think time, in no time at all.

#include "scenarios/workload/session.h"

#include <map>
#include <set>

#include "tests/support/catch.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

std::vector<RequestPlan> kinds(std::initializer_list<std::uint64_t> weights) {
  std::vector<RequestPlan> all;
  for (const std::uint64_t weight : weights) {
    all.emplace_back();
    all.back().weight = weight;
  }
  return all;
}

std::vector<std::uint16_t> dealt(Mix mix, std::uint64_t count) {
  std::vector<std::uint16_t> all;
  for (std::uint64_t i = 0; i < count; ++i) all.push_back(mix.kind_of(i));
  return all;
}

TEST_CASE("in every round of a mix each kind comes as often as its weight says") {
  // 40 : 40 : 20 is a round of 2 + 2 + 1.
  const auto all = dealt(Mix(kinds({40, 40, 20}), Draw(7)), 500);
  for (std::size_t begin = 0; begin < all.size(); begin += 5) {
    std::map<std::uint16_t, int> round;
    for (std::size_t i = begin; i < begin + 5; ++i) ++round[all[i]];
    REQUIRE(round == std::map<std::uint16_t, int>{{0, 2}, {1, 2}, {2, 1}});
  }
}

TEST_CASE("the order of a mix is drawn: the same for a seed, another for another") {
  const auto first = dealt(Mix(kinds({3, 1}), Draw(7)), 400);
  CHECK(dealt(Mix(kinds({3, 1}), Draw(7)), 400) == first);
  CHECK(dealt(Mix(kinds({3, 1}), Draw(8)), 400) != first);
  // The rare kind has no place of its own in the round.
  std::set<std::size_t> places;
  for (std::size_t i = 0; i < first.size(); ++i)
    if (first[i] == 1) places.insert(i % 4);
  CHECK(places == std::set<std::size_t>{0, 1, 2, 3});
}

TEST_CASE("the kind of a request depends on its ordinal alone") {
  Mix mix(kinds({5, 3, 2}), Draw(1));
  const auto forward = dealt(mix, 100);
  for (std::size_t i = 100; i-- > 0;) REQUIRE(mix.kind_of(i) == forward[i]);
}

TEST_CASE("a mix of one is that one") {
  CHECK(dealt(Mix(kinds({9}), Draw(1)), 4) == std::vector<std::uint16_t>(4, 0));
}

TEST_CASE("arrivals come from every source in turn") {
  WorkloadPlan plan;
  plan.sources.pool = 3;
  const Sources sources(plan);
  CHECK(sources.of_arrival(0) == "10.0.0.1");
  CHECK(sources.of_arrival(2) == "10.0.0.3");
  CHECK(sources.of_arrival(3) == "10.0.0.1");
  CHECK(Sources(WorkloadPlan()).of_arrival(1).empty());
}

TEST_CASE("addresses go on beyond an octet") {
  WorkloadPlan plan;
  plan.sources.pool = 1000;
  plan.sources.first = (192U << 24U) | (168U << 16U) | 255U;
  const Sources sources(plan);
  CHECK(sources.of_arrival(0) == "192.168.0.255");
  CHECK(sources.of_arrival(1) == "192.168.1.0");
  CHECK(sources.of_arrival(999) == "192.168.4.230");
}

TEST_CASE("a user keeps its source for a session, and no two users share one meanwhile") {
  WorkloadPlan plan;
  plan.model = LoadModel::vus;
  plan.stages = {{1s, 3}, {1s, 1}};
  plan.sources.pool = 9;
  plan.sources.session = 2;
  const Sources sources(plan);
  std::set<std::string> all;
  for (std::uint64_t user = 0; user < 3; ++user) {
    for (std::uint64_t nth = 0; nth < 6; nth += 2) {
      CHECK(sources.of_user(user, nth) == sources.of_user(user, nth + 1));
      CHECK(all.insert(sources.of_user(user, nth)).second);
    }
  }
  CHECK(all.size() == 9);
  CHECK(sources.of_user(1, 0) == "10.0.0.2");
  CHECK(sources.of_user(1, 2) == "10.0.0.5");
  CHECK(sources.of_user(1, 6) == "10.0.0.2");
}

TEST_CASE("without sessions a user is one source for ever") {
  WorkloadPlan plan;
  plan.model = LoadModel::vus;
  plan.vus = 2;
  plan.sources.pool = 5;
  const Sources sources(plan);
  CHECK(sources.of_user(1, 0) == "10.0.0.2");
  CHECK(sources.of_user(1, 1000) == "10.0.0.2");
}

TEST_CASE("think time is constant, or drawn evenly between its ends") {
  WorkloadPlan plan;
  plan.think = 1s;
  CHECK(think_time(plan, Draw(1), 3, 4) == 1s);
  plan.think_spread = 500ms;
  Duration least = 1h;
  Duration most{};
  Duration sum{};
  for (std::uint64_t nth = 0; nth < 1000; ++nth) {
    const Duration pause = think_time(plan, Draw(1), 0, nth);
    REQUIRE(pause == think_time(plan, Draw(1), 0, nth));
    least = std::min(least, pause);
    most = std::max(most, pause);
    sum += pause;
  }
  CHECK(least >= 1s);
  CHECK(least < 1010ms);
  CHECK(most <= 1500ms);
  CHECK(most > 1490ms);
  CHECK(sum / 1000 > 1235ms);
  CHECK(sum / 1000 < 1265ms);
  CHECK(think_time(plan, Draw(1), 0, 0) != think_time(plan, Draw(1), 1, 0));
  CHECK(think_time(plan, Draw(1), 0, 0) != think_time(plan, Draw(2), 0, 0));
}

}  // namespace
}  // namespace faultline
