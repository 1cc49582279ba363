#include "proxy/control/configuration.h"

#include "faults/catalogue.h"
#include "tests/control/control_rig.h"

using namespace faultline;
using control::ConfiguredProxy;

namespace {

control::FaultOrder latency(const std::string& delay) {
  control::FaultOrder order;
  order.name = "slow";
  order.kind = find_fault_kind("latency");
  order.settings = {{"delay", delay, ""}};
  order.owner = control::configuration_owner;
  return order;
}

ConfiguredProxy proxy(const std::string& name, const std::string& listen = "127.0.0.1:0",
                      std::vector<control::FaultOrder> faults = {}) {
  ConfiguredProxy made;
  made.order.name = name;
  made.order.listen = listen;
  made.order.upstream = "127.0.0.1:1";
  made.order.faults = std::move(faults);
  made.where = "faultline.toml:" + name;
  return made;
}

struct ConfigurationRig : ControlRig {
  control::Configuration configuration{registry};

  ProxyId id(const std::string& name) const { return (*registry.proxy(name))->id; }
  std::string delay(const std::string& name) const {
    return to_string((*registry.fault(name, "slow"))->settings.duration("delay"));
  }
};

}  // namespace

TEST_CASE("what the file did not change keeps its listener") {
  ConfigurationRig rig;
  auto outcome = rig.configuration.apply({proxy("a"), proxy("b", "127.0.0.1:0", {latency("1s")})});
  REQUIRE(outcome.has_value());
  CHECK(outcome->added == std::vector<std::string>{"a", "b"});
  const std::string a = rig.listen("a");
  const std::string b = rig.listen("b");
  const ProxyId first = rig.id("a");
  const FaultId fault = (*rig.registry.fault("b", "slow"))->id;

  outcome =
      rig.configuration.apply({proxy("a"), proxy("b", "127.0.0.1:0", {latency("2s")}), proxy("c")});
  REQUIRE(outcome.has_value());
  CHECK(outcome->added == std::vector<std::string>{"c"});
  CHECK(outcome->changed == std::vector<std::string>{"b"});
  CHECK(outcome->unchanged == 1);
  CHECK(rig.listen("a") == a);
  CHECK(rig.listen("b") == b);
  CHECK(rig.id("a") == first);
  CHECK((*rig.registry.fault("b", "slow"))->id == fault);  // updated, not armed anew
  CHECK(rig.delay("b") == "2s");

  auto moved = proxy("b");
  moved.order.upstream = "127.0.0.1:2";
  outcome = rig.configuration.apply({moved, proxy("c")});
  REQUIRE(outcome.has_value());
  CHECK(outcome->removed == std::vector<std::string>{"a"});
  CHECK((*rig.registry.proxy("b"))->upstream == "127.0.0.1:2");
  CHECK((*rig.registry.proxy("b"))->faults.empty());
  CHECK(rig.listen("b") == b);
}

TEST_CASE("an address that cannot be had leaves everything as it was") {
  ConfigurationRig rig;
  REQUIRE(rig.configuration.apply({proxy("a", "127.0.0.1:0", {latency("1s")}), proxy("b")}));
  const std::string a = rig.listen("a");
  auto turned = proxy("b", "192.0.2.1:7");
  turned.order.upstream = "127.0.0.1:2";
  auto moved = proxy("a", "127.0.0.1:0", {latency("9s")});
  moved.order.upstream = "127.0.0.1:3";
  const std::string b = rig.listen("b");
  const auto outcome =
      rig.configuration.apply({proxy("new"), moved, turned, proxy("taken", b), proxy("d", "h")});
  REQUIRE_FALSE(outcome.has_value());
  REQUIRE(outcome.error().size() == 3);  // all at once
  CHECK(outcome.error()[0].where == "faultline.toml:b");
  CHECK(outcome.error()[1].where == "faultline.toml:taken");
  CHECK(outcome.error()[2].where == "faultline.toml:d");
  CHECK(rig.registry.proxies().size() == 2);
  CHECK(rig.listen("a") == a);
  CHECK(rig.listen("b") == b);
  CHECK((*rig.registry.proxy("a"))->upstream == "127.0.0.1:1");
  CHECK((*rig.registry.proxy("b"))->enabled);
  CHECK(rig.delay("a") == "1s");
}

TEST_CASE("a new proxy may take the address of one that goes") {
  ConfigurationRig rig;
  REQUIRE(rig.configuration.apply({proxy("old")}));
  const std::string place = rig.listen("old");
  // … unless something else is wrong: then the old one is back at it.
  CHECK_FALSE(rig.configuration.apply({proxy("new", place), proxy("x", "192.0.2.1:7")}));
  CHECK(rig.registry.proxies().size() == 1);
  CHECK((*rig.registry.proxy("old"))->enabled);
  CHECK(rig.listen("old") == place);
  const auto outcome = rig.configuration.apply({proxy("new", place)});
  REQUIRE(outcome.has_value());
  CHECK(outcome->removed == std::vector<std::string>{"old"});
  CHECK(rig.listen("new") == place);
}

TEST_CASE("what the API took away comes back, what it made stays") {
  ConfigurationRig rig;
  const std::vector<ConfiguredProxy> file{proxy("a", "127.0.0.1:0", {latency("1s")})};
  REQUIRE(rig.configuration.apply(file));
  REQUIRE(rig.registry.remove_fault("a", "slow"));
  REQUIRE(rig.registry.add_proxy(proxy("by_hand").order));
  auto by_hand = latency("3s");
  by_hand.name = "by_hand";
  by_hand.owner = "me";
  REQUIRE(rig.registry.add_fault("a", by_hand));
  REQUIRE(rig.configuration.apply(file));
  CHECK(rig.delay("a") == "1s");
  CHECK((*rig.registry.proxy("a"))->faults.size() == 2);
  CHECK(rig.registry.proxies().size() == 2);
}
