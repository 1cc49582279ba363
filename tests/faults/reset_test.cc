#include "tests/support/fault_stage.h"

using namespace std::chrono_literals;
using namespace faultline;

namespace {

std::vector<RawSetting> after(std::string bytes, std::string connections = "all") {
  return {{"after", std::move(bytes), ""}, {"connections", std::move(connections), ""}};
}

}  // namespace

TEST_CASE("reset after so many bytes passes exactly those, and cuts the chunk that crosses") {
  FaultStage stage("reset", after("7B"));
  CHECK(stage.live().chunk("hello").verbs() == "pass");
  const std::vector<Said> cut = {{Verb::pass_part, FaultStage::noon, {}, 2},
                                 {Verb::reset, {}, {}, 0}};
  CHECK(stage.chunk("abc").said() == cut);
  CHECK(stage.chunk("later").verbs() == "reset");
}

TEST_CASE("a chunk that ends where the limit is passes whole before the reset") {
  CHECK(FaultStage("reset", after("5B")).live().chunk("hello").verbs() == "pass reset");
}

TEST_CASE("reset after bytes lets new connections in and counts theirs") {
  CHECK(FaultStage("reset", after("5B")).open().chunk("hell").chunk("o").verbs() ==
        "pass pass reset");
  CHECK(FaultStage("reset", after("5B", "new")).live().chunk("hello!").end().verbs() ==
        "pass pass");
  CHECK(FaultStage("reset", after("5B", "live")).open().chunk("hello!").end().verbs() ==
        "pass pass");
}

TEST_CASE("an update of reset counts on, and resets at once what has passed enough") {
  FaultStage stage("reset", after("100B"));
  CHECK(stage.live().chunk("hello").update(after("6B")).verbs() == "pass");
  CHECK(stage.chunk("!").verbs() == "pass reset");
  CHECK(FaultStage("reset", after("100B")).live().chunk().update(after("5B")).verbs() ==
        "pass reset");
  CHECK(FaultStage("reset", after("0B", "new")).live().update(after("0B", "live")).verbs() ==
        "reset");
}

TEST_CASE("an idle connection is not reset by a limit, nor when the fault is disarmed") {
  CHECK(FaultStage("reset", after("1B")).live().timer().disarm().verbs().empty());
}

TEST_CASE("reset counts to a thousand GiB and no further") {
  CHECK_FALSE(mistake("reset", after("1025GiB")).empty());
  CHECK(mistake("reset", after("1024GiB")).empty());
}
