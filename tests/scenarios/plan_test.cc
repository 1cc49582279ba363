#include "scenarios/drill/plan.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/scenarios/drill_text.h"

namespace faultline {
namespace {

using Catch::Matchers::Contains;
using namespace std::chrono_literals;

TEST_CASE("the plan shows what would happen, resolved") {
  const std::string plan = plan_text(must_read(small_drill));
  for (const char* line :
       {"drill small\n", "file drill.toml, seed 7\n",
        "  front         127.0.0.1:0 (a free port), by the proxy\n",
        "  app           a free port for ${port.app}, left to a process\n",
        "  front         127.0.0.1:0 (a free port) -> 127.0.0.1:${port.app}, protocol http, "
        "connects within 10s\n",
        "  app           app --listen 127.0.0.1:${port.app} --db ${proxy.db.listen}\n",
        "                ready: tcp 127.0.0.1:${port.app} within 5s\n",
        "  hooks         rate 50/s, 30s in all, 1500 arrivals\n",
        "                POST /hooks/{id} through front, timeout 10s, at most 1000 in flight\n",
        "  0s            load begins; warm-up, in no measure\n", "  2s            baseline\n",
        "  10s           outage on: reset on db", "                shows as 503, told within 1s\n",
        "  20s           outage off\n", "  30s           hooks ends\n", "  touched(outage) >= 1\n"})
    CHECK_THAT(plan, Contains(line));
}

TEST_CASE("the plan shows what is spoken in TLS") {
  const ReadDrill drill = must_read(with(small_drill, "upstream = \"127.0.0.1:${port.app}\"",
                                         "upstream = \"https://127.0.0.1:${port.app}\"\n"
                                         "tls = { server_name = \"api.test\", insecure = true }"));
  CHECK_THAT(plan_text(drill), Contains("-> https://127.0.0.1:${port.app}, protocol http, connects "
                                        "within 10s, does not verify the upstream's certificate, "
                                        "expects it to be api.test, rewrites Host\n"));
  CHECK_THAT(plan_json(drill), Contains("\"upstream\":\"https://127.0.0.1:${port.app}\""));
  CHECK_THAT(plan_json(drill),
             Contains("\"tls\":{\"verifies\":false,\"server_name\":\"api.test\"}"));
}

TEST_CASE("the plan shows parameters with their defaults") {
  const std::string plan = plan_text(must_read(
      with(small_drill, "kind = \"reset\"", "kind = \"latency\"\ndelay = \"100ms\"\nshare = 0.5")));
  CHECK_THAT(plan,
             Contains("outage on: latency on db (delay 100ms, jitter 0s, distribution uniform"));
  CHECK_THAT(plan, Contains("share 0.5"));
}

TEST_CASE("the plan shows no secret") {
  const std::string text = with(small_drill, "PRICE = \"5$$\"",
                                "A = \"${DB_PASSWORD}\", B = \"host=h password=swordfish\"");
  const std::string plan = plan_text(must_read(text, {}, {{"DB_PASSWORD", "hunter22"}}));
  CHECK_THAT(plan, !Contains("hunter22") && !Contains("swordfish"));
  CHECK_THAT(plan, Contains("A=***") && Contains("password=***"));
}

TEST_CASE("the plan says how often a message is sent again") {
  const std::string plan =
      plan_text(must_read(small_drill, {"workload.hooks.retry={times = 3, after = \"500ms\"}"}));
  CHECK_THAT(plan,
             Contains("sends again what was not taken: up to 3 times, 500ms after an attempt"));
  CHECK_THAT(plan_text(must_read(small_drill)), !Contains("sends again"));
}

TEST_CASE("the plan as JSON shows no secret") {
  const std::string text = with(small_drill, "PRICE = \"5$$\"",
                                "A = \"${DB_PASSWORD}\", B = \"host=h password=swordfish\"");
  const std::string plan = plan_json(must_read(text, {}, {{"DB_PASSWORD", "hunter\"22"}}));
  CHECK_THAT(plan, !Contains("hunter") && !Contains("swordfish"));
  CHECK_THAT(plan, Contains("\"A\":\"***\"") && Contains("password=***"));
}

TEST_CASE("arrivals are the area under the rate") {
  WorkloadPlan steady;
  steady.rate = 50;
  steady.lasting = 34s;
  CHECK(planned_arrivals(steady) == 1700);
  WorkloadPlan stages;
  stages.stages = {{10s, 50}, {20s, 50}, {10s, 0}};
  CHECK(planned_arrivals(stages) == 250 + 1000 + 250);
  WorkloadPlan closed;
  closed.model = LoadModel::vus;
  closed.vus = 10;
  CHECK(planned_arrivals(closed) == 0);
}

// The source folder is above the one that tests run in.
std::filesystem::path examples() {
  for (auto folder = std::filesystem::current_path();; folder = folder.parent_path()) {
    if (std::filesystem::exists(folder / "examples/drills")) return folder / "examples/drills";
    if (folder == folder.parent_path()) return {};
  }
}

TEST_CASE("every drill that is shipped can be planned") {
  const Environment environment = {{"FAULTLINE_BRIDGE", "bridge"},
                                   {"FAULTLINE_BRIDGE_BUGS", "--bug status-500"},
                                   {"FAULTLINE_STUB_API", "stub-api"},
                                   {"FAULTLINE_POSTGRES_CONNINFO", "host=127.0.0.1 dbname=bridge"}};
  std::size_t drills = 0;
  REQUIRE_FALSE(examples().empty());
  for (const auto& entry : std::filesystem::directory_iterator(examples())) {
    if (entry.path().extension() != ".toml") continue;
    INFO(entry.path().filename());
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const ReadDrill drill = must_read(text.str(), {}, environment);
    CHECK(drill.drill.name == entry.path().stem());
    // error-mix is about its load alone; what it loads is the stub API.
    const bool bridged = drill.drill.name != "error-mix";
    CHECK_THAT(plan_text(drill), Contains(bridged ? "--bug status-500" : "stub-api"));
    ++drills;
  }
  CHECK(drills >= 2);
}

}  // namespace
}  // namespace faultline
