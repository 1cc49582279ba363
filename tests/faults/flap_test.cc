#include "tests/support/fault_stage.h"

using namespace std::chrono_literals;
using namespace faultline;

namespace {

std::vector<RawSetting> flapping(std::string how, std::string up = "3s", std::string down = "2s",
                                 std::string jitter = "0s") {
  return {{"how", std::move(how), ""},
          {"up", std::move(up), ""},
          {"down", std::move(down), ""},
          {"jitter", std::move(jitter), "d:7"}};
}

FaultStage live(const std::string& how) {
  FaultStage stage("flap", flapping(how));
  stage.live();
  return stage;
}

}  // namespace

TEST_CASE("flap passes for up, holds for down, and lets go when it is up again") {
  FaultStage stage = live("stall");
  CHECK(stage.chunk().at(2999ms).chunk().wakes_at() == 3s);
  CHECK(stage.at(3s).timer().verbs().empty());
  CHECK(stage.wakes_at() == 5s);
  CHECK(stage.chunk().at(4999ms).end().verbs() == "pass_at pass_at");
  CHECK(stage.at(5s).timer().verbs() == "release");
  CHECK(stage.wakes_at() == 8s);
  CHECK(stage.chunk().verbs() == "pass");
  CHECK(stage.at(8s).chunk().verbs() == "pass_at");
}

TEST_CASE("what comes between the edge and the timer waits for what was held") {
  FaultStage stage = live("stall");
  CHECK(stage.at(4s).chunk().at(5s).chunk().timer().chunk().verbs() ==
        "pass_at pass_at release pass");
}

TEST_CASE("connections that open while flap stalls are opened in the next up phase") {
  FaultStage stage("flap", flapping("stall"));
  CHECK(stage.at(1s).open().verbs().empty());
  const std::vector<Said> later = {{Verb::open_at, FaultStage::noon + 10s, {}}};
  CHECK(stage.at(8s).open().said() == later);
}

TEST_CASE("flap by reset resets live connections when it goes down, and refuses while it is") {
  FaultStage stage = live("reset");
  CHECK(stage.chunk().at(2s).timer().verbs() == "pass");
  CHECK(stage.at(3s).timer().verbs() == "reset");
  CHECK(FaultStage("flap", flapping("reset")).at(4s).open().verbs() == "refuse");
  CHECK(FaultStage("flap", flapping("reset")).at(6s).open().at(8s).timer().verbs() == "reset");
  CHECK(FaultStage("flap", flapping("reset")).at(4s).live().verbs() == "reset");
}

TEST_CASE("a timer that comes when the down phase is over already resets all the same") {
  CHECK(live("reset").at(6s).timer().verbs() == "reset");
}

TEST_CASE("flap by refuse leaves live connections alone and refuses new ones while down") {
  FaultStage stage = live("refuse");
  CHECK(stage.at(3s).timer().chunk().end().verbs() == "pass pass");
  CHECK(FaultStage("flap", flapping("refuse")).at(4s).open().verbs() == "refuse");
  CHECK(FaultStage("flap", flapping("refuse")).at(5s).open().verbs().empty());
}

TEST_CASE("jitter moves each edge by at most itself, and alike for every link") {
  FaultStage one("flap", flapping("stall", "3s", "2s", "1s"));
  FaultStage two("flap", flapping("stall", "3s", "2s", "1s"));
  two.chunk().chunk();  // draws more, and changes nothing
  one.live();
  Duration edge = one.wakes_at();
  bool moved = false;
  for (int n = 0; n < 200; ++n) {
    const Duration meant = (n / 2) * 5s + (n % 2 == 0 ? 3s : 5s);
    CHECK(edge >= meant - 1s);
    CHECK(edge <= meant + 1s);
    moved = moved || edge != meant;
    one.at(edge).timer();
    CHECK(two.at(edge).timer().wakes_at() == one.wakes_at());
    CHECK(one.chunk().verbs() == (n % 2 == 0 ? "pass_at" : "pass"));
    edge = one.wakes_at();
  }
  CHECK(moved);
}

TEST_CASE("an update of flap goes by its new phases at once") {
  FaultStage held = live("stall");
  CHECK(held.at(4s).chunk().update(flapping("stall", "1h")).verbs() == "pass_at release");
  FaultStage still = live("stall");
  CHECK(still.at(4s).chunk().update(flapping("stall", "1s", "1h")).verbs() == "pass_at");
  CHECK(live("stall").at(4s).chunk().update(flapping("refuse")).verbs() == "pass_at release");
  CHECK(live("stall").at(4s).update(flapping("reset")).verbs() == "reset");
  CHECK(live("reset").at(1s).update(flapping("reset", "10s")).at(4s).timer().verbs().empty());
}

TEST_CASE("flap takes phases from a millisecond to an hour and jitter up to half of one") {
  CHECK(mistake("flap", flapping("stall", "1ms", "1h", "500us")).empty());
  CHECK(mistake("flap", flapping("stall", "3s", "2s", "1001ms")) ==
        "d:7: \"jitter\" = 1.001s is more than half of the shorter phase; write at most 1s");
  CHECK_FALSE(mistake("flap", flapping("stall", "0s")).empty());
  CHECK_FALSE(mistake("flap", flapping("stall", "3s", "61m")).empty());
  CHECK_FALSE(mistake("flap", {}).empty());
}
