#include "tests/control/control_rig.h"

using namespace faultline;

namespace {

const std::string json = "application/json";
const std::string text = "text/plain; charset=utf-8";

Reply refused(int status, const std::string& words) {
  return {status, "{\"error\":\"" + words + "\",\"status\":" + std::to_string(status) + "}\n",
          text};
}

}  // namespace

TEST_CASE("a proxy is created, shown, listed by name and deleted") {
  ControlRig rig;
  CHECK(rig.ask("GET", "/proxies") == Reply{200, "{}", json});
  const Reply made =
      rig.ask("POST", "/proxies", R"({"name":"b","listen":"localhost:0","upstream":"one.com"})");
  const std::string b = R"({"name":"b","listen":")" + rig.listen("b") +
                        R"(","upstream":"one.com","enabled":true,"toxics":[]})";
  CHECK(made == Reply{201, b, json});
  CHECK(rig.listen("b").starts_with("127.0.0.1:"));
  CHECK(rig.field("X-Toxiproxy-Request-Id").size() == 20);
  rig.ask("POST", "/proxies",
          R"({"name":"a","upstream":"x:1","enabled":false,"listen":"localhost:9"})");
  const std::string a =
      R"({"name":"a","listen":"localhost:9","upstream":"x:1","enabled":false,"toxics":[]})";
  CHECK(rig.ask("GET", "/proxies") == Reply{200, R"({"a":)" + a + R"(,"b":)" + b + "}", json});
  CHECK(rig.ask("GET", "/proxies/a") == Reply{200, a, json});
  CHECK(rig.ask("DELETE", "/proxies/a") == Reply{204, "", ""});
  CHECK(rig.ask("GET", "/proxies/a") == refused(404, "proxy not found"));
  CHECK(rig.ask("DELETE", "/proxies/a") == refused(404, "proxy not found"));
}

TEST_CASE("what is wrong with a new proxy is found in this order") {
  ControlRig rig;
  CHECK(rig.ask("POST", "/proxies", "") == refused(400, "bad request body: EOF"));
  CHECK(rig.ask("POST", "/proxies", "{") == refused(400, "bad request body: unexpected EOF"));
  CHECK(rig.ask("POST", "/proxies", R"({"name":"a","enabled":"yes"})") ==
        refused(400,
                "bad request body: json: cannot unmarshal string into Go struct field "
                "Proxy.enabled of type bool"));
  CHECK(rig.ask("POST", "/proxies", "[]") ==
        refused(400,
                "bad request body: json: cannot unmarshal array into Go value of type "
                "toxiproxy.Proxy"));
  CHECK(rig.ask("POST", "/proxies", R"({"upstream":"x:1"})") ==
        refused(400, "missing required field: name"));
  CHECK(rig.ask("POST", "/proxies", R"({"name":"a","upstream":""})") ==
        refused(400, "missing required field: upstream"));
  const HeldPort taken;
  const std::string body = R"({"name":"a","upstream":"x:1","listen":")" + taken.address + "\"}";
  CHECK(rig.ask("POST", "/proxies", body) ==
        refused(500, "listen tcp " + taken.address + ": bind: address already in use"));
  CHECK(rig.ask("GET", "/proxies").body == "{}");
  CHECK(rig.ask("POST", "/proxies", R"({"name":"a","upstream":"x:1","listen":"local373"})") ==
        refused(500, "listen tcp: address local373: missing port in address"));
  CHECK(
      rig.ask("POST", "/proxies", R"({"name":"a","upstream":"x:1","listen":"127.0.0.1:99999"})") ==
      refused(500, "listen tcp: address 99999: invalid port"));
  CHECK(rig.ask("POST", "/proxies", R"({"name":"a","upstream":"x:1"})").status == 201);
  CHECK(rig.ask("POST", "/proxies", R"({"name":"a","upstream":"x:1","listen":"local373"})") ==
        refused(409, "proxy already exists"));
}

TEST_CASE("JSON is read as leniently as Go reads it") {
  ControlRig rig;
  const Reply made = rig.ask("POST", "/proxies",
                             R"({"NAME":"a","Upstream":"x:1","enabled":null,"listen":null,)"
                             R"("toxics":[{"type":"nonsense"}],"other":{"x":[1]}} trailing)");
  CHECK(made.status == 201);
  CHECK(made.body.find(R"("enabled":true,"toxics":[]})") != std::string::npos);
  CHECK(rig.listen("a").starts_with("[::]:"));
}

TEST_CASE("a port that was given stays the proxy's own") {
  ControlRig rig;
  rig.ask("POST", "/proxies", R"({"name":"a","listen":"localhost:0","upstream":"x:1"})");
  const std::string address = rig.listen("a");
  CHECK(rig.ask("POST", "/proxies/a", R"({"enabled":false})").status == 200);
  CHECK(rig.listen("a") == address);
  CHECK(rig.ask("PATCH", "/proxies/a", R"({"enabled":true})").status == 200);
  CHECK(rig.listen("a") == address);
  rig.ask("PATCH", "/proxies/a", R"({"enabled":false})");
  CHECK(rig.ask("POST", "/reset") == Reply{204, "", ""});
  CHECK(rig.ask("GET", "/proxies/a").body.find("\"enabled\":true") != std::string::npos);
  CHECK(rig.listen("a") == address);
  rig.ask("POST", "/proxies/a", R"({"listen":"127.0.0.1:0"})");
  CHECK(rig.listen("a") != address);
}

TEST_CASE("an update that cannot listen leaves the proxy where it was") {
  ControlRig rig;
  rig.ask("POST", "/proxies", R"({"name":"a","listen":"localhost:0","upstream":"x:1"})");
  const std::string before = rig.ask("GET", "/proxies/a").body;
  const HeldPort taken;
  CHECK(rig.ask("POST", "/proxies/a", R"({"upstream":"y:1","listen":")" + taken.address + "\"}") ==
        refused(500, "listen tcp " + taken.address + ": bind: address already in use"));
  CHECK(rig.ask("POST", "/proxies/a", R"({"listen":"bad"})") ==
        refused(500, "address bad: missing port in address"));
  CHECK(rig.ask("POST", "/proxies/a", R"({"enabled":1})").status == 400);
  CHECK(rig.ask("GET", "/proxies/a").body == before);
  CHECK(rig.ask("POST", "/proxies/none", "{") == refused(404, "proxy not found"));
}

TEST_CASE("names and the body's toxics are no part of an update, an empty upstream is") {
  ControlRig rig;
  rig.ask("POST", "/proxies", R"({"name":"a","listen":"localhost:0","upstream":"x:1"})");
  const Reply changed =
      rig.ask("POST", "/proxies/a", R"({"name":"z","upstream":"","toxics":[{"type":"latency"}]})");
  CHECK(changed == Reply{200,
                         R"({"name":"a","listen":")" + rig.listen("a") +
                             R"(","upstream":"","enabled":true,"toxics":[]})",
                         json});
}

TEST_CASE("every name that can be made can be addressed") {
  ControlRig rig;
  const auto make = [&](const std::string& name) {
    return rig
        .ask("POST", "/proxies",
             R"({"name":")" + name + R"(","upstream":"x:1","listen":"localhost:0"})")
        .status;
  };
  CHECK(make("redis:6379") == 201);
  CHECK(rig.ask("GET", "/proxies/redis:6379").status == 200);
  CHECK(make("a@b/c d") == 201);
  CHECK(rig.ask("DELETE", "/proxies/a@b%2Fc%20d").status == 204);
  CHECK(make("../../x/y\\nINJECT") == 400);
  CHECK(make("..") == 400);
  CHECK(make(std::string(2000, 'x')) == 400);
}

TEST_CASE("paths and methods that are not there are told apart") {
  ControlRig rig;
  CHECK(rig.ask("PUT", "/proxies") == Reply{405, "", ""});
  CHECK(rig.ask("HEAD", "/version") == Reply{405, "", ""});
  CHECK(rig.field("X-Toxiproxy-Request-Id").empty());
  CHECK(rig.ask("GET", "/version") ==
        Reply{200, "{\"version\": \"" + std::string(control::toxiproxy_version()) + "\"}\n",
              "application/json;charset=utf-8"});
  CHECK(rig.ask("GET", "/version", "", {{"User-Agent", "Mozilla/5.0"}}) ==
        Reply{403, "User agent not allowed\n", text});
  CHECK_FALSE(rig.field("X-Toxiproxy-Request-Id").empty());
  HttpRequest unknown;
  unknown.method = "GET";
  for (const char* path : {"/", "/nothing", "/proxies/", "/proxies/a/b", "/proxies/%zz"}) {
    unknown.path = path;
    CHECK_FALSE(rig.api.serve(unknown).has_value());
  }
}

TEST_CASE("populate validates everything, keeps what is the same and stops at the first failure") {
  ControlRig rig;
  CHECK(rig.ask("POST", "/populate", "[]") == Reply{201, R"({"proxies":null})", json});
  CHECK(rig.ask("POST", "/populate", "null") == Reply{201, R"({"proxies":null})", json});
  CHECK(rig.ask("POST", "/populate", "{") ==
        Reply{400, R"({"error":"bad request body: unexpected EOF","status":400,"proxies":null})",
              json});
  CHECK(rig.ask("POST", "/populate", R"([{"name":"a","upstream":"x:1"},{"name":"b"}])") ==
        Reply{400,
              R"({"error":"missing required field: upstream at proxy 2","status":400,)"
              R"("proxies":null})",
              json});
  CHECK(rig.ask("GET", "/proxies").body == "{}");

  const HeldPort taken;
  rig.ask("POST", "/proxies", R"({"name":"a","upstream":"x:1","listen":"localhost:0"})");
  const std::string kept = rig.ask("GET", "/proxies/a").body;
  const Reply some = rig.ask("POST", "/populate",
                             R"([{"name":"a","upstream":"x:1","enabled":false,"listen":")" +
                                 rig.listen("a") + R"("},{"name":"b","upstream":"x:1","listen":")" +
                                 taken.address + R"("},{"name":"c","upstream":"x:1"}])");
  CHECK(some.status == 500);
  CHECK(some.body == R"({"error":"listen tcp )" + taken.address +
                         R"(: bind: address already in use","status":500,"proxies":[)" + kept +
                         "]}");
  CHECK(rig.ask("GET", "/proxies").body == R"({"a":)" + kept + "}");
}

TEST_CASE("populate again leaves a proxy on every address alone") {
  ControlRig rig;
  rig.ask("POST", "/proxies", R"({"name":"a","upstream":"x:1"})");
  const std::string port = rig.listen("a").substr(4);
  const ProxyId id = (*rig.registry.proxy("a"))->id;
  const Reply again = rig.ask("POST", "/populate",
                              R"([{"name":"a","upstream":"x:1","listen":"0.0.0.0)" + port + "\"}]");
  CHECK(again.status == 201);
  CHECK((*rig.registry.proxy("a"))->id == id);
  rig.ask("POST", "/populate",
          R"([{"name":"a","upstream":"y:1","listen":"0.0.0.0)" + port + "\"}]");
  CHECK((*rig.registry.proxy("a"))->id != id);
  CHECK(rig.listen("a") == "[::]" + port);
}

TEST_CASE("disabling a proxy ends its connections and refuses new ones") {
  ControlRig rig;
  const HeldPort upstream;
  rig.ask("POST", "/proxies",
          R"({"name":"a","listen":"localhost:0","upstream":")" + upstream.address + "\"}");
  const Address front = *address_from(rig.listen("a"));
  Peer client = Peer::to(front);
  Peer server = upstream.accepted();
  rig.ask("POST", "/proxies/a", R"({"enabled":false})");
  CHECK(client.ending() == "FIN");
  CHECK(server.ending() == "FIN");
  rig.ask("POST", "/proxies/a", R"({"enabled":true})");
  Peer next = Peer::to(front);
  Peer reached = upstream.accepted();
  next.say("x");
  CHECK(reached.hear(1) == "x");
}
