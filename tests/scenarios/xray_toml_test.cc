// The X-ray as a drill writes it.

#include "drill_text.h"
#include "scenarios/drill/plan.h"

using namespace faultline;
using namespace std::chrono_literals;

namespace {

const std::string xray_drill = R"(name = "breaker"
ports = ["app"]
[[proxy]]
name = "agent"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:9000"
protocol = "http"
[[proxy]]
name = "db"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:5432"
[[process]]
name = "app"
command = ["app", "--listen", "127.0.0.1:${port.app}", "--agent", "${proxy.agent.listen}"]
[xray]
on = "agent"
drive = "http://127.0.0.1:${port.app}/call"
[xray.contract]
rule = "ratio"
threshold = { low = 0.4, high = 0.6 }
counts = { 404 = "ignored" }
)";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A drill whose contract is in a file of this content.
Checked<ReadDrill> read_beside(const std::string& content) {
  DrillSource source;
  source.file = "drill.toml";
  source.text =
      xray_drill.substr(0, xray_drill.find("[xray.contract]")) + "contract = \"promised.toml\"\n";
  source.beside = [&](const std::string& name) -> Result<std::string> {
    if (name != "promised.toml" || content.empty()) return error(name, "is not there");
    return content;
  };
  return read_drill(source);
}

}  // namespace

TEST_CASE("an X-ray is read, with what is usual where nothing is said") {
  const Drill drill = must_read(xray_drill).drill;
  REQUIRE(drill.xray);
  CHECK(drill.xray->kind == "breaker");
  CHECK(drill.xray->on == "agent");
  CHECK(drill.xray->request.method == "GET");
  CHECK(drill.xray->within == 10min);
  CHECK(drill.xray->contract.size() == 3);
  CHECK(drill.workloads.empty());
}

TEST_CASE("all of an X-ray can be said, and the plan says it") {
  const ReadDrill read = must_read(with(xray_drill, "[xray.contract]", R"(within = "3m"
[xray.request]
method = "POST"
headers = { X-Id = "{id}" }
body = "{}"
[xray.contract])"));
  CHECK(read.drill.xray->request.headers.at("X-Id") == "{id}");
  CHECK(read.drill.xray->request.body == "{}");
  const std::string text = plan_text(read);
  CHECK(has(text, "agent         127.0.0.1:0 (a free port), by the X-ray"));
  CHECK(has(text, "in the place of agent; within 3m"));
  CHECK(has(text, "drives POST http://127.0.0.1:${port.app}/call"));
  CHECK(has(text, "contract in the drill"));
  CHECK(has(text, "xray.rule is ratio, that is xray.kept(rule)"));
  CHECK_FALSE(has(text, "baseline"));
  const std::string json = plan_json(read);
  CHECK(
      has(json, R"("xray":{"kind":"breaker","on":"agent","drive":"http://127.0.0.1:${port.app})"));
  CHECK(has(json, R"("method":"POST","within":180,"contract":{"counts":"404 ignored")"));
}

TEST_CASE("what only a run knows is put into the drive") {
  const std::string text = with(xray_drill, "${port.app}/call", "${proxy.db.port}/$$/${port.app}");
  Checked<Drill> drill = resolve_ports(must_read(text).drill, {{"app", 7}});
  REQUIRE(drill);
  drill =
      resolve_listeners(std::move(*drill), {{"agent", {"127.0.0.1", 8}}, {"db", {"127.0.0.1", 9}}});
  REQUIRE(drill);
  CHECK(drill->xray->drive == "http://127.0.0.1:9/$/7");
}

TEST_CASE("each name of the contract is an expectation, with its place") {
  const Drill drill = must_read(xray_drill).drill;
  REQUIRE(drill.expectations.size() == 3);
  const Expectation& rule = drill.expectations[1];
  CHECK(rule.text == "xray.rule is ratio");
  CHECK(rule.call() == "xray.kept(rule)");
  CHECK(rule.where == "drill.toml:19:1");
  CHECK(drill.expectations[2].text == "xray.threshold is 0.4 to 0.6");
}

TEST_CASE("expectations ask for answers by name, and for none that the drill cannot have") {
  const auto asked = [](const std::string& expectation) {
    return with(xray_drill, "ports =", "expect = [\"" + expectation + "\"]\nports =");
  };
  for (const char* right :
       {"xray.count(attempts_per_call) == 1", "xray.time(open_duration) <= 2s",
        "xray.share(threshold) == 0.5", "xray.is(hung_probe, stuck) == 0",
        "xray.is(404, ignored) == 1", "xray.is(comparison, >=) == 1", "xray.kept(rule) == 1"})
    must_read(asked(right));
  CHECK(has(errors_of(asked("xray.count(treshold) == 5")), R"(did you mean "threshold"?)"));
  CHECK(has(errors_of(asked("xray.time(threshold) < 1s")), "known: window, open_duration"));
  CHECK(has(errors_of(asked("xray.time(open_duration) < 5")), "is a duration"));
  CHECK(has(errors_of(asked("xray.is(rule, stuck) == 1")), R"("stuck" is nothing that rule can)"));
  CHECK(has(errors_of(asked("xray.is(501, failure) == 1")), R"("501" is no answer)"));
  CHECK(has(errors_of(asked("xray.kept(window) == 1")), R"(says nothing of "window")"));
  CHECK(has(errors_of(asked("lost == 0")), "drill.toml:2:11: lost: an X-ray has neither load"));
  CHECK(has(errors_of(with(small_drill, "touched(outage) >= 1", "xray.count(threshold) == 5")),
            "xray.count(threshold): the drill has no [xray]"));
}

TEST_CASE("a drill with neither contract nor expectation cannot fail") {
  const std::string without = xray_drill.substr(0, xray_drill.find("[xray.contract]"));
  CHECK(has(errors_of(without), "a drill without an expectation cannot fail"));
  CHECK(has(errors_of(without + "[xray.contract]\n"), "contract: promises nothing"));
}

TEST_CASE("what contradicts an X-ray is told with its line, what it is, and what to do") {
  const std::string errors = errors_of(xray_drill + R"([timing]
warmup = "1s"
[[workload]]
name = "hooks"
[[fault]]
id = "outage"
[[sink]]
name = "table"
[[limit]]
name = "hooks"
)");
  INFO(errors);
  CHECK(has(errors, "drill.toml:22:1: timing: does not go with [xray]: it has no warm-up"));
  CHECK(has(errors,
            "drill.toml:24:1: workload: does not go with [xray]: it drives the service "
            "itself; take one of the two out"));
  CHECK(has(errors, "drill.toml:26:1: fault: does not go with [xray]"));
  CHECK(has(errors, "drill.toml:28:1: sink: does not go with [xray]"));
  CHECK(has(errors, "drill.toml:30:1: limit: does not go with [xray]"));
}

TEST_CASE("every mistake of an X-ray has its place") {
  const auto changed = [](const std::string& from, const std::string& to) {
    return errors_of(with(xray_drill, from, to));
  };
  CHECK(has(changed("on = \"agent\"", "on = \"agnet\""), R"(did you mean "agent"?)"));
  CHECK(has(changed("on = \"agent\"", "on = \"db\""), "proxy \"db\" speaks tcp"));
  CHECK(has(changed("on = \"agent\"\n", ""), "drill.toml:15:1: xray has no \"on\""));
  CHECK(has(changed("drive = \"http", "drive = \"https"), "is not a URL of the form http://"));
  CHECK(has(changed("${port.app}/call", "0/call"), "port 0 cannot be dialed"));
  CHECK(has(changed("${port.app}/call", "${port.ap}/call"), "there is no port \"ap\""));
  CHECK(has(changed("[xray.contract]", "within = \"10ms\"\n[xray.contract]"), "is out of range"));
  CHECK(has(changed("[xray.contract]", "kind = \"limiter\"\n[xray.contract]"),
            "unknown \"limiter\""));
  CHECK(has(changed("[xray.contract]", "budget = \"1m\"\n[xray.contract]"),
            "unknown key \"budget\" in xray"));
  CHECK(has(changed("[xray.contract]", "request = { path = \"/x\" }\n[xray.contract]"),
            "path: stands in drive"));
  CHECK(has(changed("[xray.contract]", "request = { body = \"{source}\" }\n[xray.contract]"),
            "names {source}"));
  CHECK(has(changed("rule = \"ratio\"", "rule = \"share\""),
            "drill.toml:19:8: \"share\" is nothing that rule can be"));
  CHECK(has(changed("rule =", "rul ="), "drill.toml:19:1: unknown name \"rul\""));
  CHECK(has(changed("upstream = \"127.0.0.1:9000\"", "upstream = \"https://127.0.0.1:9000\""),
            "speaks TLS"));
  CHECK(has(errors_of(xray_drill, {"xray.contract.rule=share"}), "--set 1: \"share\" is nothing"));
  CHECK(has(errors_of(xray_drill + "[[xray]]\n"), "not TOML"));
}

TEST_CASE("a contract may be a file beside the drill") {
  const auto read = read_beside("threshold = 5\n");
  REQUIRE(read);
  CHECK(read->drill.xray->contract_text == "threshold = 5\n");
  REQUIRE(read->drill.expectations.size() == 1);
  CHECK(read->drill.expectations[0].where == "drill.toml:18:12");
  CHECK(has(plan_text(*read), "contract promised.toml"));

  const auto text = [](const Checked<ReadDrill>& failed) {
    return failed || failed.error().empty() ? std::string() : failed.error().front().text();
  };
  CHECK(text(read_beside("")) == "drill.toml:18:12: contract: promised.toml: is not there");
  CHECK(has(text(read_beside("rul = 1\n")),
            "drill.toml:18:12: contract: promised.toml:1:1: unknown name \"rul\""));
  CHECK(has(text(read_beside("rule = \n")), "contract: promised.toml:1:"));
}
