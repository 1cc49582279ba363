#include "scenarios/drill/fault_spec.h"

#include "tests/support/catch.h"

using namespace faultline;

namespace {

FaultPlan plan(const std::string& kind, std::vector<RawSetting> aim) {
  FaultPlan plan;
  plan.id = "outage";
  plan.kind = kind;
  plan.aim = std::move(aim);
  plan.where = "drill.toml:20:1";
  return plan;
}

}  // namespace

TEST_CASE("a drill's aim is refused where the kind acts before there is a connection") {
  const auto refused =
      fault_spec(plan("backlog_full", {{"nth", std::int64_t{2}, "drill.toml:24:7"}}));
  REQUIRE_FALSE(refused.has_value());
  REQUIRE(refused.error().size() == 1);
  CHECK(
      refused.error()[0].text() ==
      "drill.toml:24:7: \"nth\" chooses among connections, and \"backlog_full\" acts before there "
      "is one; leave it out");
  CHECK(fault_spec(plan("backlog_full", {})).has_value());
  const auto aimed = fault_spec(plan("stall", {{"nth", std::int64_t{2}, "drill.toml:24:7"}}));
  REQUIRE(aimed.has_value());
  CHECK(aimed->aim.nth == 2);
}
