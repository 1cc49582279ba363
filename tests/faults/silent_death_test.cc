#include "tests/support/fault_stage.h"

using namespace faultline;

namespace {

FaultStage stage(const std::string& connections) {
  return FaultStage("silent_death", {{"connections", connections, ""}});
}

}  // namespace

TEST_CASE("silent_death drops what live connections send, the FIN too, and new ones live") {
  CHECK(FaultStage("silent_death").live().chunk().end().verbs().empty());
  CHECK(FaultStage("silent_death").open().chunk().end().disarm().verbs() == "pass pass");
}

TEST_CASE("silent_death of new connections is the reverse, and all is both") {
  CHECK(stage("new").live().chunk().end().disarm().verbs() == "pass pass");
  CHECK(stage("new").open().chunk().end().verbs().empty());
  CHECK(stage("all").live().chunk().verbs().empty());
  CHECK(stage("all").open().chunk().verbs().empty());
}

TEST_CASE("the dead are reset when silent_death is disarmed, idle ones too") {
  CHECK(stage("live").live().chunk().disarm().verbs() == "reset");
  CHECK(stage("live").live().disarm().verbs() == "reset");
  CHECK(stage("new").open().disarm().verbs() == "reset");
  CHECK(stage("live").open().disarm().verbs().empty());
}

TEST_CASE("an update of silent_death kills who is named now, and the dead stay dead") {
  const std::vector<RawSetting> live = {{"connections", "live", ""}};
  const std::vector<RawSetting> fresh = {{"connections", "new", ""}};
  CHECK(stage("new").live().chunk().update(live).chunk().disarm().verbs() == "pass reset");
  CHECK(stage("live").live().update(fresh).chunk().disarm().verbs() == "reset");
}
