// Workloads as a drill writes them: stages, mixes, sources, thresholds, and what is said of
// mistakes.

#include <algorithm>

#include "tests/scenarios/drill_text.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::Contains;

const std::string load = "rate = \"50/s\"\nfor = \"30s\"\n";
const std::string request =
    "request = { path = \"/hooks/{id}\", headers = { X-Id = \"{id}\" }, body = \"x\" }\n";

std::string mixed(const std::string& first) {
  return with(small_drill, request,
              "[[workload.mix]]\n" + first +
                  "[[workload.mix]]\nname = \"whoop\"\nmethod = \"GET\"\npath = \"/w/{id}\"\n");
}

TEST_CASE("a mix has kinds of requests with weights") {
  const Drill drill =
      must_read(mixed("name = \"oura\"\nweight = 3\npath = \"/o\"\nbody = \"{id}\"\n")).drill;
  const WorkloadPlan& workload = drill.workloads[0];
  REQUIRE(workload.mix.size() == 2);
  CHECK(workload.mix[0].name == "oura");
  CHECK(workload.mix[0].weight == 3);
  CHECK(workload.mix[0].body == "{id}");
  CHECK(workload.mix[1].method == "GET");
  CHECK(workload.mix[1].weight == 1);
  CHECK(requests_of(workload).size() == 2);
  CHECK(carries_id(workload.mix[1]));
}

TEST_CASE("what is wrong with a mix is said") {
  CHECK_THAT(errors_of(mixed("weight = 3\n")), Contains("[[mix]] has no \"name\""));
  CHECK_THAT(errors_of(mixed("name = \"whoop\"\n")), Contains("\"whoop\" is taken"));
  CHECK_THAT(errors_of(mixed("name = \"oura\"\nweight = 0\n")),
             Contains("drill.toml:") && Contains("weight: 0 is out of range; it can be 1 to 1000"));
  CHECK_THAT(errors_of(mixed("name = \"oura\"\nwieght = 2\n")),
             Contains("unknown key \"wieght\"") && Contains("did you mean \"weight\"?"));
  CHECK_THAT(errors_of(with(small_drill, request, request + "mix = [{ name = \"a\" }]\n")),
             Contains("request: does not go with mix"));
}

TEST_CASE("a kind of request is a source for measures") {
  const std::string drill = mixed("name = \"oura\"\n");
  must_read(with(drill, "\"touched(outage) >= 1\"", "\"p99(hooks.oura, baseline) < 1s\""));
  CHECK_THAT(
      errors_of(with(drill, "\"touched(outage) >= 1\"", "\"p99(hooks.ouro, baseline) < 1s\"")),
      Contains("no workload or proxy \"hooks.ouro\"") && Contains("did you mean \"hooks.oura\"?"));
}

TEST_CASE("sources are a number, or a pool with its header") {
  const auto of = [](const std::string& text) {
    return must_read(with(small_drill, request, request + text)).drill.workloads[0].sources;
  };
  CHECK(of("").pool == 0);
  CHECK(of("sources = 20\n").pool == 20);
  CHECK(of("sources = 20\n").header == "X-Forwarded-For");
  const SourcePlan plan =
      of("sources = { pool = 300, first = \"192.168.0.255\", header = \"X-Real-IP\" }\n");
  CHECK(plan.pool == 300);
  CHECK(source_address(plan, 0) == "192.168.0.255");
  CHECK(source_address(plan, 1) == "192.168.1.0");
  CHECK(plan.header == "X-Real-IP");
}

TEST_CASE("what is wrong with sources is said") {
  const auto errors = [](const std::string& text) {
    return errors_of(with(small_drill, request, request + text));
  };
  CHECK_THAT(errors("sources = 0\n"), Contains("sources: 0 is out of range"));
  CHECK_THAT(errors("sources = { first = \"10.0.0.1\" }\n"), Contains("sources has no \"pool\""));
  CHECK_THAT(errors("sources = { pool = 2, first = \"10.0.1\" }\n"),
             Contains("\"10.0.1\" is not an IPv4 address; write one like \"10.0.0.1\""));
  CHECK_THAT(errors("sources = { pool = 3, first = \"255.255.255.254\" }\n"),
             Contains("there are no 3 addresses from there on"));
  CHECK_THAT(errors("sources = { pool = 3, header = \"X For\" }\n"),
             Contains("\"X For\" is not the name of a header"));
  CHECK_THAT(errors("sources = { pool = 3, session = 5 }\n"),
             Contains("session: only goes with model = \"vus\""));
  CHECK_THAT(errors_of(with(small_drill, "body = \"x\"", "body = \"{source}\"")),
             Contains("request: names {source}, but the workload has none; add sources = 100"));
}

TEST_CASE("think time may vary between two ends") {
  const std::string users = "model = \"vus\"\nvus = 10\nfor = \"30s\"\n";
  const auto think = [&](const std::string& text) {
    return with(small_drill, load, users + "think = " + text + "\n");
  };
  const WorkloadPlan plan =
      must_read(think("{ min = \"500ms\", max = \"2s\" }")).drill.workloads[0];
  CHECK(plan.think == 500ms);
  CHECK(plan.think_spread == 1500ms);
  CHECK_THAT(errors_of(think("{ min = \"2s\", max = \"1s\" }")),
             Contains("max: 1s is less than min, 2s"));
  CHECK_THAT(errors_of(think("{ min = \"2s\" }")), Contains("think has no \"max\""));
  CHECK_THAT(errors_of(think("1")), Contains("a duration with its unit"));
}

std::string staged(const std::string& stages) {
  return with(small_drill, load, "model = \"vus\"\nstages = [" + stages + "]\n");
}

TEST_CASE("a stage has a name that measures know, and a step has no length") {
  const std::string stages =
      "{ for = \"0s\", target = 5 }, { for = \"20s\", target = 5, name = \"normal\" }, "
      "{ for = \"10s\", target = 30 }";
  const std::string drill =
      with(staged(stages), "\"touched(outage) >= 1\"", "\"p99(hooks, normal) < 1s\"");
  const Drill read = must_read(drill).drill;
  CHECK(read.workloads[0].lasting == 30s);
  CHECK(read.workloads[0].stages[0].lasting == 0s);
  CHECK(read.workloads[0].stages[1].name == "normal");
  CHECK_THAT(errors_of(with(drill, "(hooks, normal)", "(hooks, nromal)")),
             Contains("no phase \"nromal\"; did you mean \"normal\"?"));
}

TEST_CASE("what is wrong with stages is said") {
  CHECK_THAT(errors_of(staged("{ duration = \"30s\", target = 5 }")),
             Contains("duration: is called \"for\" here"));
  CHECK_THAT(errors_of(staged("{ for = \"0s\", target = 5 }")), Contains("steps only"));
  CHECK_THAT(errors_of(staged("{ for = \"0s\", target = 5, name = \"up\" }, "
                              "{ for = \"30s\", target = 5 }")),
             Contains("name: a step has no length"));
  CHECK_THAT(errors_of(staged("{ for = \"15s\", target = 5, name = \"a\" }, "
                              "{ for = \"15s\", target = 5, name = \"a\" }")),
             Contains("\"a\" is taken; each stage needs a name of its own"));
  CHECK_THAT(errors_of(staged("{ for = \"30s\", target = 5, name = \"baseline\" }")),
             Contains("\"baseline\" is the name of a phase"));
  CHECK_THAT(errors_of(staged("{ for = \"30s\", target = 5, name = \"outage\" }")),
             Contains("id: \"outage\" is a stage of hooks"));
}

std::string with_thresholds(const std::string& thresholds) {
  return with(with(small_drill, "expect = [\"touched(outage) >= 1\"]\n", ""), request,
              request + "[workload.thresholds]\n" + thresholds);
}

TEST_CASE("thresholds in k6's words are expectations") {
  const Drill drill = must_read(with_thresholds("http_req_duration = [\"p(95) < 500\", "
                                                "\"avg<0.2s\", \"p( 99 ) <= 1.5s\", \"med<1\"]\n"
                                                "http_req_failed = \"rate < 0.01\"\n"
                                                "http_reqs = [\"count >= 100\", \"rate > 10\"]\n"
                                                "dropped_iterations = \"count == 0\"\n"
                                                "\"http_req_duration{phase:outage}\" = "
                                                "\"max < 2000\"\n")
                                    .c_str())
                          .drill;
  std::vector<std::string> read;
  for (const Expectation& one : drill.expectations)
    read.push_back(one.call() + " " + std::string(symbol(one.comparison)) + " " +
                   std::to_string(one.value));
  CHECK(read == std::vector<std::string>{
                    "p95(hooks, all) < 0.500000", "mean(hooks, all) < 0.200000",
                    "p99(hooks, all) <= 1.500000", "p50(hooks, all) < 0.001000",
                    "errors(hooks, all) < 0.010000", "requests(hooks, all) >= 100.000000",
                    "rate(hooks, all) > 10.000000", "count(hooks, all, not_sent) == 0.000000",
                    "max(hooks, outage) < 2.000000"});
  CHECK(drill.expectations[0].text == "hooks: http_req_duration p(95) < 500");
  CHECK(drill.expectations[0].unit == Unit::duration);
  CHECK(drill.expectations[8].text == "hooks: http_req_duration{phase:outage} max < 2000");
}

TEST_CASE("what is wrong with thresholds is said, with its place and the nearest known") {
  const auto errors = [](const std::string& text) { return errors_of(with_thresholds(text)); };
  CHECK_THAT(
      errors("http_req_durations = \"p(95) < 500\"\n"),
      Contains("drill.toml:") && Contains("unknown metric \"http_req_durations\"; did you mean "
                                          "\"http_req_duration\"?"));
  CHECK_THAT(errors("http_req_waiting = \"p(95) < 500\"\n"),
             Contains("\"http_req_waiting\" is not measured here; known: http_req_duration, "
                      "http_req_failed, http_reqs, dropped_iterations"));
  CHECK_THAT(errors("http_req_duration = \"p(96) < 500\"\n"),
             Contains("unknown statistic \"p(96)\"; did you mean \"p(90)\"?") ||
                 Contains("unknown statistic \"p(96)\"; did you mean \"p(95)\"?"));
  CHECK_THAT(errors("http_req_failed = \"p(95) < 500\"\n"),
             Contains("unknown statistic \"p(95)\""));
  CHECK_THAT(errors("http_req_failed = \"rate\"\n"), Contains("compares with nothing"));
  CHECK_THAT(errors("http_req_failed = \"< 1%\"\n"),
             Contains("begins with no statistic; known: rate"));
  CHECK_THAT(errors("http_req_failed = \"rate < 500\"\n"), Contains("errors is a share"));
  CHECK_THAT(errors("http_req_failed = 0.01\n"),
             Contains("expected a string such as \"p(95) < 500\""));
  CHECK_THAT(errors("http_req_duration = \"p(95) < fast\"\n"), Contains("\"fast\" is no value"));
  CHECK_THAT(errors("\"http_req_duration{phase:outrage}\" = \"p(95) < 500\"\n"),
             Contains("no phase \"outrage\"; did you mean \"outage\"?"));
  CHECK_THAT(errors("\"http_req_duration{name:x}\" = \"p(95) < 500\"\n"),
             Contains("\"{name:x}\" is no phase"));
}

TEST_CASE("a drill with neither expectations nor thresholds cannot fail") {
  CHECK_THAT(errors_of(with(small_drill, "expect = [\"touched(outage) >= 1\"]\n", "")),
             Contains("a drill without an expectation cannot fail"));
}

TEST_CASE("the header that says how long a request waited is a header") {
  const Drill drill =
      must_read(with(small_drill, load, load + "wait_header = \"X-Sem-Wait-Ms\"\n")).drill;
  CHECK(drill.workloads[0].wait_header == "X-Sem-Wait-Ms");
  CHECK_THAT(errors_of(with(small_drill, load, load + "wait_header = \"X Wait\"\n")),
             Contains("\"X Wait\" is not the name of a header"));
}

}  // namespace
}  // namespace faultline
