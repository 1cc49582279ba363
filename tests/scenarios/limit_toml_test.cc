// Rate limits as a drill declares them.

#include "drill_text.h"
#include "scenarios/drill/plan.h"

using namespace faultline;

namespace {

const std::string limited = small_drill + R"([[limit]]
name = "hooks"
on = "front"
requests = 100
window = "1m"
)";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a limit is read, with what is usual where nothing is said") {
  const Drill drill = must_read(limited).drill;
  REQUIRE(drill.limits.size() == 1);
  const LimitPlan& limit = drill.limits[0];
  CHECK(limit.algorithm == LimitAlgorithm::fixed_window);
  CHECK(limit.key == LimitKey::source);
  CHECK(limit.requests == 100);
  CHECK(limit.window == std::chrono::minutes(1));
  CHECK(limit.status == 429);
  CHECK(limit.routes.empty());
}

TEST_CASE("all of a limit can be said, and the plan says it") {
  const ReadDrill read = must_read(limited + R"(algorithm = "token_bucket"
burst = 20
key = "client"
routes = ["POST /calls", "/hooks/*"]
status = 503
tolerance = "20ms"
)");
  const LimitPlan& limit = read.drill.limits[0];
  CHECK(limit.burst == 20);
  CHECK(limit.tolerance == std::chrono::milliseconds(20));
  const std::string text = plan_text(read);
  CHECK(has(text, "100 per 1m and 20 at once of each client, token_bucket, on front"));
  CHECK(has(text, "POST /calls, /hooks/*; refuses with 503"));
  const std::string json = plan_json(read);
  CHECK(has(json, R"("limits":[{"name":"hooks","on":"front","algorithm":"token_bucket")"));
  CHECK(has(json, R"("routes":["POST /calls","/hooks/*"])"));
}

TEST_CASE("a limit by a header has its proxy look at it") {
  const auto by = [](const std::string& key) { return limited + "key = \"" + key + "\"\n"; };
  const ReadDrill read = must_read(by("header:X-Api-Key"));
  CHECK(read.drill.limits[0].header == "x-api-key");
  CHECK(read.drill.proxies[0].source_header == "x-api-key");
  CHECK(has(plan_text(read), "100 per 1m of each value of x-api-key"));
  const std::string second =
      "[[limit]]\nname = \"more\"\non = \"front\"\nrequests = 1\nwindow = \"1s\"\n";
  CHECK(has(errors_of(by("header:X-Api-Key") + second), "look at another header"));
  must_read(by("header:X-Api-Key") + second + "key = \"client\"\n");
  CHECK(must_read(by("source")).drill.proxies[0].source_header.empty());
  CHECK(has(errors_of(by("header:")), "names no header"));
  CHECK(has(errors_of(by("user")), "\"user\" is no key"));
}

TEST_CASE("expectations ask for limits by name") {
  const auto asked = [](const std::string& expectation) {
    return with(limited, "touched(outage) >= 1", expectation);
  };
  must_read(asked("limit.false_positives(hooks) == 0"));
  must_read(asked("limit.told_late(hooks) <= 1200ms"));
  must_read(asked("at_once(front, /hooks/*, all) <= 3"));
  CHECK(
      has(errors_of(asked("limit.right(hook) == 100%")), R"(the drill has no limit "hook"; did)"));
  CHECK(has(errors_of(asked("at_once(front, hooks, all) <= 3")), R"("hooks" is no path)"));
}

TEST_CASE("what is wrong with a limit is told where it stands") {
  const auto wrong = [](const std::string& line) { return errors_of(limited + line + "\n"); };
  CHECK(has(wrong("algorithm = \"leaky_bucket\""), "drill.toml:"));
  CHECK(has(wrong("burst = 5"), "only goes with algorithm = \"token_bucket\""));
  CHECK(has(wrong("routes = [\"calls\"]"), R"("calls" is no route)"));
  CHECK(has(wrong("routes = [\"POST  /calls\"]"), "is no route"));
  CHECK(has(wrong("status = 200"), "status"));
  CHECK(has(wrong("colour = 1"), "unknown key \"colour\""));
  CHECK(has(errors_of(with(limited, "on = \"front\"\nrequests", "on = \"db\"\nrequests")),
            "speaks postgres"));
  CHECK(has(errors_of(with(limited, "requests = 100\n", "")), "requests"));
  CHECK(has(errors_of(with(limited, "window = \"1m\"\n", "")), "window"));
}
