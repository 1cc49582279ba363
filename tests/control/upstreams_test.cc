#include "proxy/control/upstreams.h"

#include "tests/control/control_rig.h"

using namespace faultline;

namespace {

control::Upstreams only(std::initializer_list<const char*> patterns) {
  control::Upstreams upstreams;
  for (const char* pattern : patterns) REQUIRE(upstreams.add(pattern, "here").has_value());
  return upstreams;
}

}  // namespace

TEST_CASE("without a list every upstream is allowed, with one only what it names") {
  CHECK(control::Upstreams().allow("169.254.169.254:80"));
  const auto upstreams =
      only({"10.0.0.0/8:5432", "127.0.0.1:*", "DB.internal:6379", "*.test:*", "[::1]:80"});
  for (const char* allowed : {"10.1.2.3:5432", "127.0.0.1:1", "db.internal:6379", "a.b.test:9",
                              "DB.INTERNAL.:6379", "[::1]:80", "[::ffff:127.0.0.1]:7"}) {
    INFO(allowed);
    CHECK(upstreams.allow(allowed));
  }
  for (const char* refused :
       {"10.1.2.3:5433", "11.0.0.1:5432", "127.0.0.2:1", "db.internal:80", "evil-db.internal:6379",
        "test:9", "nottest:9", "localhost:80", "2130706433:1", ":5432", "[::1]:81"}) {
    INFO(refused);
    CHECK_FALSE(upstreams.allow(refused));
  }
}

TEST_CASE("a pattern that names nothing is told with its place") {
  for (const char* wrong : {"", "db", "db:", ":1", "db:0", "db:99999", "db:http", "10.0.0.0/33:1",
                            "a.*.b:1", "[::1:1"}) {
    INFO(wrong);
    control::Upstreams upstreams;
    const auto added = upstreams.add(wrong, "--allow-upstream");
    REQUIRE_FALSE(added.has_value());
    CHECK(added.error().where == "--allow-upstream");
  }
}

TEST_CASE("no API points a proxy at an upstream that is not allowed") {
  ControlRig rig;
  control::Registry registry(*rig.engine, {}, only({"127.0.0.1:*"}));
  control::ProxyOrder order{.name = "a", .listen = "127.0.0.1:0", .upstream = "10.0.0.1:80"};
  const auto refused = registry.add_proxy(order);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().why == control::Refusal::Why::upstream_not_allowed);
  order.upstream = "127.0.0.1:80";
  REQUIRE(registry.add_proxy(order).has_value());
  CHECK_FALSE(registry.change_proxy("a", {.upstream = "10.0.0.1:80"}).has_value());
  CHECK((*registry.proxy("a"))->upstream == "127.0.0.1:80");
}
