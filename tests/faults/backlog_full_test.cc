#include "faults/aim.h"
#include "tests/support/fault_stage.h"

using namespace faultline;

namespace {

Checked<Aim> aimed(std::string_view kind, const std::vector<RawSetting>& raw) {
  const auto settings = read_settings(aim_parameters(), raw, "d:1");
  REQUIRE(settings.has_value());
  return aim_from(*find_fault_kind(kind), *settings);
}

}  // namespace

TEST_CASE("backlog_full admits nobody and says nothing about connections that are there") {
  CHECK(configured("backlog_full")->admission() == Admission::full);
  CHECK(configured("stall")->admission() == Admission::accept);
  CHECK(FaultStage("backlog_full").live().chunk().end().disarm().verbs() == "pass pass");
  CHECK(FaultStage("backlog_full").open().chunk().end().disarm().verbs() == "pass pass");
}

TEST_CASE("an aim is refused by backlog_full, key by key, and taken by other kinds") {
  const std::vector<RawSetting> two = {{"share", 0.5, "d:3"}, {"direction", "upstream", "d:4"}};
  const auto refused = aimed("backlog_full", two);
  REQUIRE_FALSE(refused.has_value());
  REQUIRE(refused.error().size() == 2);
  CHECK(refused.error()[1].text() ==
        "d:3: \"share\" chooses among connections, and \"backlog_full\" acts before there is one; "
        "leave it out");
  CHECK(refused.error()[0].where == "d:4");
  CHECK(aimed("stall", two).has_value());
}

TEST_CASE("an aim that says what is so anyway is no mistake") {
  const auto aim = aimed("backlog_full", {{"share", 1.0, ""}, {"direction", "default", ""}});
  REQUIRE(aim.has_value());
  CHECK(*aim == Aim{});
}
