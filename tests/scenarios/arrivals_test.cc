#include <algorithm>

#include "scenarios/workload/schedule.h"
#include "scenarios/workload/workload.h"
#include "tests/support/catch.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

Instant at(Duration since_zero) { return Instant(since_zero); }

WorkloadPlan constant(double rate, Duration lasting) {
  WorkloadPlan plan;
  plan.rate = rate;
  plan.lasting = lasting;
  return plan;
}

WorkloadPlan staged(LoadModel model, std::vector<LoadStage> stages) {
  WorkloadPlan plan;
  plan.model = model;
  plan.stages = std::move(stages);
  for (const LoadStage& stage : plan.stages) plan.lasting += stage.lasting;
  return plan;
}

TEST_CASE("a constant rate schedules request k at k divided by the rate") {
  const auto instants = arrivals(constant(100, 30s));
  REQUIRE(instants.size() == 3000);
  for (std::size_t k = 0; k < instants.size(); ++k) {
    REQUIRE(instants[k] == at(10ms * static_cast<std::int64_t>(k)));
  }
}

TEST_CASE("no error adds up over a long load") {
  const auto instants = arrivals(constant(3, 1h));
  REQUIRE(instants.size() == 10'800);
  CHECK(instants[1] == at(333'333'333ns));
  CHECK(instants[2] == at(666'666'667ns));
  CHECK(instants[10'797] == at(3599s));
}

TEST_CASE("a load of a fraction of a request is rounded") {
  CHECK(arrivals(constant(0.1, 4s)).empty());
  CHECK(arrivals(constant(0.1, 6s)) == std::vector{at(0s)});
  CHECK(arrivals(constant(0.5, 3s)) == std::vector{at(0s), at(2s)});
}

TEST_CASE("a ramp schedules by the area under it") {
  // N(t) = t² for 4 s, then 8 per second for 1 s.
  const auto instants = arrivals(staged(LoadModel::rate, {{4s, 8}, {1s, 8}}));
  REQUIRE(instants.size() == 24);
  CHECK(instants[0] == at(0s));
  CHECK(instants[1] == at(1s));
  CHECK(instants[4] == at(2s));
  CHECK(instants[9] == at(3s));
  CHECK(instants[2] == at(1'414'213'562ns));
  CHECK(instants[16] == at(4s));
  CHECK(instants[23] == at(4'875ms));
}

TEST_CASE("a ramp down mirrors a ramp up") {
  const auto instants = arrivals(staged(LoadModel::rate, {{4s, 8}, {4s, 0}}));
  REQUIRE(instants.size() == 32);
  for (std::size_t k = 1; k < 16; ++k) {
    CHECK(instants[k].time_since_epoch() + instants[32 - k].time_since_epoch() == 8s);
  }
}

TEST_CASE("a stretch without load delays what it could not place") {
  const auto instants = arrivals(
      staged(LoadModel::rate, {{2s, 0}, {0s, 10}, {1s, 10}, {0s, 0}, {1s, 0}, {0s, 10}, {1s, 10}}));
  REQUIRE(instants.size() == 20);
  CHECK(instants[0] == at(2s));
  CHECK(instants[9] == at(2'900ms));
  CHECK(instants[10] == at(4s));
  CHECK(instants[19] == at(4'900ms));
}

TEST_CASE("arrivals never go back and end before the load does") {
  const auto plan =
      staged(LoadModel::rate, {{700ms, 33.3}, {1300ms, 7.1}, {900ms, 250}, {300ms, 0}});
  const auto instants = arrivals(plan);
  CHECK(std::ranges::is_sorted(instants));
  CHECK(instants.back() < at(plan.lasting));
  Schedule schedule(plan);
  for (const Instant instant : instants) {
    REQUIRE(schedule.next() == instant);
    schedule.advance();
  }
  CHECK_FALSE(schedule.next());
}

TEST_CASE("a closed model has no arrivals, an open one no users to begin with") {
  CHECK(arrivals(staged(LoadModel::vus, {{1s, 5}})).empty());
}

TEST_CASE("users without stages work from the begin to the end") {
  WorkloadPlan plan;
  plan.model = LoadModel::vus;
  plan.vus = 3;
  plan.lasting = 10s;
  const std::vector<Shift> expected{
      {at(0s), at(10s), 0}, {at(0s), at(10s), 1}, {at(0s), at(10s), 2}};
  CHECK(shifts(plan) == expected);
}

TEST_CASE("users come and go along the stages") {
  const auto plan = staged(LoadModel::vus, {{4s, 4}, {2s, 4}, {2s, 2}, {2s, 3}});
  const std::vector<Shift> expected{
      {at(0s), at(10s), 0}, {at(1s), at(10s), 1}, {at(2s), at(8s), 2},
      {at(3s), at(7s), 3},  {at(8s), at(10s), 2},
  };
  CHECK(shifts(plan) == expected);
}

}  // namespace
}  // namespace faultline
