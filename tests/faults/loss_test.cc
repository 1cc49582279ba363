#include <map>

#include "tests/support/fault_stage.h"

using namespace std::chrono_literals;
using namespace faultline;

namespace {

std::vector<RawSetting> losses(double probability, double correlation = 0,
                               std::string rto = "200ms", std::string max = "2m") {
  return {{"probability", probability, ""},
          {"correlation", correlation, ""},
          {"rto", std::move(rto), "d:4"},
          {"max", std::move(max), "d:5"}};
}

// How late each of so many chunks is, at noon.
std::vector<Duration> lateness(FaultStage stage, int chunks) {
  std::vector<Duration> late;
  for (int i = 0; i < chunks; ++i) {
    const auto said = stage.chunk().said();
    REQUIRE(said.size() == 1);
    REQUIRE((said[0].verb == Verb::pass || said[0].verb == Verb::pass_at));
    late.push_back(said[0].verb == Verb::pass ? 0s : said[0].when - FaultStage::noon);
  }
  return late;
}

}  // namespace

TEST_CASE("loss delays its share of chunks by timeouts that double") {
  std::map<Duration, int> counts;
  for (const Duration late : lateness(FaultStage("loss", losses(0.25)), 20'000)) ++counts[late];
  CHECK(counts[0s] > 14'700);  // three quarters of them, within five standard deviations
  CHECK(counts[0s] < 15'300);
  CHECK(counts[200ms] > 3550);
  CHECK(counts[200ms] < 3950);
  CHECK(counts[600ms] > 790);
  CHECK(counts[600ms] < 1090);
  CHECK(counts[1400ms] > 150);
  for (const auto& [late, count] : counts) CHECK((late / 200ms & (late / 200ms + 1)) == 0);
}

TEST_CASE("a chunk that is always lost waits as long as the bound says, and goes on") {
  CHECK(lateness(FaultStage("loss", losses(1.0, 0, "1ms", "1h")), 1)[0] == 1h);
  CHECK(lateness(FaultStage("loss", losses(1.0, 0, "1s", "10s")), 1)[0] == 10s);
  CHECK(lateness(FaultStage("loss", losses(1.0, 0, "1s", "1s")), 1)[0] == 1s);
}

TEST_CASE("without loss everything passes at once, and the FIN is lost like data") {
  CHECK(FaultStage("loss", losses(0)).live().chunk().end().disarm().verbs() == "pass pass");
  CHECK(FaultStage("loss", losses(1)).live().chunk().end().disarm().verbs() == "pass_at pass_at");
}

TEST_CASE("correlation makes bursts") {
  const auto pairs = [](const std::vector<Duration>& late) {
    int both = 0;
    for (std::size_t i = 1; i < late.size(); ++i) both += late[i] > 0s && late[i - 1] > 0s ? 1 : 0;
    return both;
  };
  const int alone = pairs(lateness(FaultStage("loss", losses(0.05)), 10'000));
  const int bursts = pairs(lateness(FaultStage("loss", losses(0.05, 0.6)), 10'000));
  CHECK(alone < 60);    // a twentieth of a twentieth
  CHECK(bursts > 500);  // two thirds of about a seventh
  const auto endless = lateness(FaultStage("loss", losses(0.05, 1.0)), 1000);
  CHECK(std::ranges::count(endless, Duration(0)) < 200);
  CHECK(endless.back() > 0s);
}

TEST_CASE("the same draws lose the same chunks") {
  CHECK(lateness(FaultStage("loss", losses(0.3, 0.3)), 500) ==
        lateness(FaultStage("loss", losses(0.3, 0.3)), 500));
}

TEST_CASE("an update of loss changes the chance of what comes") {
  FaultStage stage("loss", losses(1.0));
  CHECK(stage.live().chunk().update(losses(0)).chunk().verbs() == "pass_at pass");
}

TEST_CASE("the bound of loss may not be shorter than its timeout") {
  CHECK(mistake("loss", losses(0.5, 0, "200ms", "100ms")) ==
        "d:5: \"max\" = 100ms is shorter than \"rto\" = 200ms; it bounds what one timeout or more "
        "add up to");
  CHECK_FALSE(mistake("loss", {}).empty());
  CHECK_FALSE(mistake("loss", losses(1.5)).empty());
}
