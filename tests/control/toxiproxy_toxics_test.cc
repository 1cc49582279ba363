#include "tests/control/control_rig.h"

using namespace faultline;

namespace {

const std::string json = "application/json";

Reply refused(int status, const std::string& words) {
  return {status, "{\"error\":\"" + words + "\",\"status\":" + std::to_string(status) + "}\n",
          "text/plain; charset=utf-8"};
}

// A proxy "p" in front of a socket that the test holds.
struct ToxicRig : ControlRig {
  ToxicRig() {
    ask("POST", "/proxies",
        R"({"name":"p","listen":"localhost:0","upstream":")" + upstream.address + "\"}");
  }
  Reply add(const std::string& body) { return ask("POST", "/proxies/p/toxics", body); }

  HeldPort upstream;
};

}  // namespace

TEST_CASE("a toxic is created with its defaults, shown, updated and deleted") {
  ToxicRig rig;
  const std::string made =
      R"({"attributes":{"latency":100,"jitter":0},"name":"latency_downstream",)"
      R"("type":"latency","stream":"downstream","toxicity":1})";
  CHECK(rig.add(R"({"type":"latency","attributes":{"latency":100,"x":1}})") ==
        Reply{200, made, json});
  CHECK(rig.ask("GET", "/proxies/p/toxics") == Reply{200, "[" + made + "]", json});
  CHECK(rig.ask("GET", "/proxies/p/toxics/latency_downstream") == Reply{200, made, json});
  CHECK(rig.ask("PATCH", "/proxies/p/toxics/latency_downstream",
                R"({"attributes":{"JITTER":7},"toxicity":0.2,"type":"noop","name":5})") ==
        Reply{200,
              R"({"attributes":{"latency":100,"jitter":7},"name":"latency_downstream",)"
              R"("type":"latency","stream":"downstream","toxicity":0.2})",
              json});
  CHECK(rig.ask("POST", "/proxies/p/toxics/latency_downstream", R"({"toxicity":null})")
            .body.find("\"toxicity\":0.2") != std::string::npos);
  CHECK(rig.ask("DELETE", "/proxies/p/toxics/latency_downstream") == Reply{204, "", ""});
  CHECK(rig.ask("GET", "/proxies/p/toxics") == Reply{200, "[]", json});
}

TEST_CASE("what is wrong with a new toxic is found in this order") {
  ToxicRig rig;
  CHECK(rig.ask("POST", "/proxies/none/toxics", "{") == refused(404, "proxy not found"));
  CHECK(rig.add("{") == refused(400, "bad request body: unexpected EOF"));
  const std::string stream = "stream was invalid, can be either upstream or downstream";
  CHECK(rig.add(R"({"type":"nonsense","stream":"sideways"})") == refused(400, stream));
  CHECK(rig.add(R"({"type":"latency","stream":""})") == refused(400, stream));
  CHECK(rig.add(R"({"type":"nonsense"})") == refused(400, "invalid toxic type"));
  CHECK(rig.add("{}") == refused(400, "invalid toxic type"));
  CHECK(rig.add(R"({"type":"latency","attributes":{"latency":"100"}})") ==
        refused(400,
                "bad request body: json: cannot unmarshal string into Go struct field "
                "LatencyToxic.attributes.latency of type int64"));
  for (const char* number : {"1.5", "1e3", "9223372036854775808"}) {
    CHECK(rig.add(R"({"type":"latency","attributes":{"latency":)" + std::string(number) + "}}") ==
          refused(400, "bad request body: json: cannot unmarshal number " + std::string(number) +
                           " into Go struct field LatencyToxic.attributes.latency of type int64"));
  }
  CHECK(rig.add(R"({"type":"latency","toxicity":1e40})").status == 400);
  CHECK(rig.add(R"({"type":"noop","name":"x"})").status == 200);
  CHECK(rig.add(
            R"({"type":"latency","name":"x","stream":"upstream","attributes":{"latency":"1"}})") ==
        refused(409, "toxic already exists"));
  CHECK(rig.ask("GET", "/proxies/p/toxics/y") == refused(404, "toxic not found"));
  CHECK(rig.ask("POST", "/proxies/p/toxics/y", "{") == refused(404, "toxic not found"));
  CHECK(rig.ask("DELETE", "/proxies/p/toxics/y") == refused(404, "toxic not found"));
}

TEST_CASE("the stream is echoed as it was sent, and lists begin with upstream") {
  ToxicRig rig;
  rig.add(R"({"type":"noop","stream":"DownStream"})");
  rig.add(R"({"type":"bandwidth","stream":"upstream","attributes":{"rate":9}})");
  rig.add(R"({"type":"noop","stream":"upstream","name":"last"})");
  CHECK(rig.ask("GET", "/proxies/p/toxics").body ==
        R"([{"attributes":{"rate":9},"name":"bandwidth_upstream","type":"bandwidth",)"
        R"("stream":"upstream","toxicity":1},)"
        R"({"attributes":{},"name":"last","type":"noop","stream":"upstream","toxicity":1},)"
        R"({"attributes":{},"name":"noop_DownStream","type":"noop","stream":"DownStream",)"
        R"("toxicity":1}])");
}

TEST_CASE("every type has all its attributes in every answer") {
  ToxicRig rig;
  const std::vector<std::pair<std::string, std::string>> types{
      {"noop", "{}"},
      {"latency", R"({"latency":0,"jitter":0})"},
      {"bandwidth", R"({"rate":0})"},
      {"slow_close", R"({"delay":0})"},
      {"timeout", R"({"timeout":0})"},
      {"reset_peer", R"({"timeout":0})"},
      {"slicer", R"({"average_size":0,"size_variation":0,"delay":0})"},
      {"limit_data", R"({"bytes":0})"},
      {"packet_loss", R"({"loss_rate":0,"correlation":0})"}};
  for (const auto& [type, attributes] : types) {
    INFO(type);
    const Reply made = rig.add(R"({"type":")" + type + "\"}");
    CHECK(made.status == 200);
    CHECK(made.body.starts_with(R"({"attributes":)" + attributes + ","));
  }
}

TEST_CASE("numbers that crash others are refused or harmless") {
  ToxicRig rig;
  for (const char* text : {"latency", "jitter"}) {
    const std::string quoted = '"' + std::string(text) + '"';
    const auto made = rig.add(R"({"type":"latency","name":")" + std::string(text) +
                              R"(","attributes":{)" + quoted + ":4611686018427387904}}");
    CHECK(made.status == 200);
  }
  CHECK(rig.add(R"({"type":"bandwidth","attributes":{"rate":-1}})").status == 400);
  CHECK(rig.add(R"({"type":"slicer","attributes":{"average_size":1,"size_variation":9}})").status ==
        200);
  CHECK(rig.add(R"({"type":"noop","name":"more","toxicity":2.5})").body.find("2.5") !=
        std::string::npos);
  CHECK(rig.add(R"({"type":"noop","name":"less","toxicity":-5})").status == 200);
  CHECK((*rig.registry.fault("p", "less"))->order.aim.share == 0.0);
  CHECK((*rig.registry.fault("p", "more"))->order.aim.share == 1.0);
}

TEST_CASE("an update with one bad attribute changes none") {
  ToxicRig rig;
  rig.add(R"({"type":"latency","name":"l","attributes":{"latency":1,"jitter":2}})");
  const std::string before = rig.ask("GET", "/proxies/p/toxics/l").body;
  CHECK(rig.ask("POST", "/proxies/p/toxics/l", R"({"attributes":{"latency":5,"jitter":"x"}})")
            .status == 400);
  CHECK(rig.ask("POST", "/proxies/p/toxics/l", R"({"attributes":{"latency":5,"jitter":-1}})")
            .status == 400);
  CHECK(rig.ask("GET", "/proxies/p/toxics/l").body == before);
}

TEST_CASE("rate 0 holds everything until the toxic is removed") {
  ToxicRig rig;
  rig.add(R"({"type":"bandwidth","name":"cut","stream":"upstream"})");
  Peer client = Peer::to(*address_from(rig.listen("p")));
  Peer server = rig.upstream.accepted();
  client.say("held");
  server.say("back");
  CHECK(client.hear(4) == "back");
  CHECK(server.silent());
  CHECK(rig.ask("DELETE", "/proxies/p/toxics/cut").status == 204);
  CHECK(server.hear(4) == "held");
}

TEST_CASE("toxics survive updates and disabling, and a reset removes them") {
  ToxicRig rig;
  rig.add(R"({"type":"timeout","name":"t"})");
  rig.ask("POST", "/proxies/p", R"({"enabled":false})");
  CHECK(rig.add(R"({"type":"noop","name":"n"})").status == 200);
  rig.ask("POST", "/proxies/p", R"({"enabled":true,"listen":"localhost:0","upstream":"x:1"})");
  CHECK((*rig.registry.proxy("p"))->faults.size() == 2);
  CHECK(rig.ask("POST", "/reset", "anything").status == 204);
  CHECK(rig.ask("GET", "/proxies/p/toxics").body == "[]");
}

TEST_CASE("a configuration file's toxics count, and a mistake in one adds nothing") {
  ToxicRig rig;
  const auto count = rig.api.configure(
      R"([{"name":"c","upstream":"x:1","listen":"localhost:0","toxics":[)"
      R"({"type":"latency","attributes":{"latency":9}},{"type":"noop","stream":"upstream"}]}])");
  REQUIRE(count.has_value());
  CHECK(*count == 1);
  CHECK((*rig.registry.proxy("c"))->faults.size() == 2);
  const auto refused_count = rig.api.configure(
      R"([{"name":"d","upstream":"x:1"},{"name":"e","upstream":"x:1","toxics":[{"type":"no"}]}])");
  REQUIRE_FALSE(refused_count.has_value());
  CHECK(refused_count.error().text() == "proxy \"e\": invalid toxic type");
  CHECK_FALSE(rig.registry.proxy("d").has_value());
}

TEST_CASE("a fault whose lease is over goes, and the next lease is told") {
  ToxicRig rig;
  control::FaultOrder order;
  order.kind = find_fault_kind("stall");
  const Instant start{std::chrono::seconds(100)};
  for (int i = 1; i <= 3; ++i) {
    order.name = "f" + std::to_string(i);
    order.until = start + i * std::chrono::seconds(10);
    REQUIRE(rig.registry.add_fault("p", order).has_value());
  }
  CHECK(rig.registry.expire(start) == start + std::chrono::seconds(10));
  CHECK(rig.registry.expire(start + std::chrono::seconds(20)) == start + std::chrono::seconds(30));
  CHECK((*rig.registry.proxy("p"))->faults.size() == 1);
  CHECK(rig.registry.expire(start + std::chrono::seconds(30)) == never);
  CHECK((*rig.registry.proxy("p"))->faults.empty());
}
