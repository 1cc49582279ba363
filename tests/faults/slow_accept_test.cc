#include "tests/support/fault_stage.h"

using namespace std::chrono_literals;
using namespace faultline;

namespace {

std::vector<RawSetting> delayed(std::string delay, std::string jitter = "0s") {
  return {{"delay", std::move(delay), ""}, {"jitter", std::move(jitter), ""}};
}

}  // namespace

TEST_CASE("slow_accept opens new connections late, and does nothing else to them") {
  FaultStage stage("slow_accept", delayed("3s"));
  const std::vector<Said> late = {{Verb::open_at, FaultStage::noon + 5s, {}}};
  CHECK(stage.at(2s).open().said() == late);
  CHECK(stage.chunk().end().disarm().verbs() == "pass pass");
}

TEST_CASE("slow_accept leaves live connections alone") {
  CHECK(FaultStage("slow_accept", delayed("1h")).live().chunk().end().disarm().verbs() ==
        "pass pass");
}

TEST_CASE("the jitter of slow_accept uses its bounds and never opens before the client came") {
  FaultStage stage("slow_accept", delayed("10ms", "30ms"));
  Instant least = never, most{};
  for (int i = 0; i < 4000; ++i) {
    for (const Said& said : stage.open().said()) {
      REQUIRE(said.verb == Verb::open_at);
      least = std::min(least, said.when);
      most = std::max(most, said.when);
    }
  }
  CHECK(least == FaultStage::noon);
  CHECK(most <= FaultStage::noon + 40ms);
  CHECK(most > FaultStage::noon + 39ms);
}

TEST_CASE("slow_accept requires a delay of at most an hour") {
  CHECK(mistake("slow_accept", {}).starts_with("d:1: \"delay\" is missing"));
  CHECK_FALSE(mistake("slow_accept", delayed("61m")).empty());
}
