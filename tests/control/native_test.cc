#include "proxy/control/native.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "faults/catalogue.h"
#include "proxy/control/json_text.h"
#include "proxy/wire/clock.h"
#include "tests/control/control_rig.h"

using namespace faultline;
using Catch::Contains;

namespace {

class NativeRig : public ControlRig {
 public:
  Reply native(const std::string& method, const std::string& path, const std::string& body = "") {
    HttpRequest request;
    request.method = method;
    request.host = "localhost";
    request.path = path.substr(0, path.find('?'));
    if (request.path != path) request.query = path.substr(request.path.size() + 1);
    request.body = body;
    const std::optional<HttpResponse> response = api_.serve(request);
    REQUIRE(response.has_value());
    last = *response;
    return {response->status, response->body, field("Content-Type")};
  }
  Instant clock = wire::now();

 private:
  control::Native api_{{registry, *engine, [this] { return clock; }}};
};

// A certificate that signed itself, and its key, in PEM.
struct Pair {
  std::string certificate, key;
};
Pair pair_for(const std::string& host) {
  const test::Folder folder;
  const auto content = [&](const char* name) {
    std::ifstream file(folder.path() / name);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" +
      host + " -keyout " + (folder.path() / "key").string() + " -out " +
      (folder.path() / "certificate").string() + " 2>/dev/null";
  REQUIRE(system(command.c_str()) == 0);
  return {content("certificate"), content("key")};
}

constexpr auto with_fault =
    R"({"name":"db","upstream":"127.0.0.1:1","faults":[)"
    R"({"id":"slow","kind":"latency","delay":"100ms","share":"50%","ttl":"5s","owner":"me"}]})";

}  // namespace

TEST_CASE("a proxy and its faults are created in one call, or not at all") {
  NativeRig rig;
  const Reply made = rig.native("POST", "/v1/proxies", with_fault);
  CHECK(made.status == 201);
  CHECK(made.type == "application/json");
  CHECK_THAT(made.body, Contains(R"("id":"slow","kind":"latency","delay":"100ms")"));
  CHECK_THAT(made.body, Contains(R"("share":0.5)"));
  CHECK_THAT(made.body, Contains(R"("owner":"me","expires_in":"5s","touched":{"connections":0)"));
  CHECK(rig.native("POST", "/v1/proxies", with_fault).status == 409);

  const Reply refused =
      rig.native("POST", "/v1/proxies",
                 R"({"name":"a/b","upstrm":"x:1","faults":[{"kind":"latency","dely":"1ms"},)"
                 R"({"kind":"reset","share":2}, 5]})");
  CHECK(refused.status == 400);
  CHECK_THAT(refused.body, Contains(R"("pointer":"/name")"));
  CHECK_THAT(refused.body,
             Contains(R"(\"upstrm\"; did you mean \"upstream\"?","pointer":"/upstrm")"));
  CHECK_THAT(refused.body, Contains(R"("pointer":"/faults/0/dely")"));
  CHECK_THAT(refused.body, Contains(R"("pointer":"/faults/1/share")"));
  CHECK_THAT(refused.body, Contains(R"("pointer":"/faults/2")"));
  CHECK(rig.registry.proxies().size() == 1);

  const std::string taken = R"({"name":"b","upstream":"x:1","listen":")" + rig.listen("db") +
                            R"(","faults":[{"kind":"reset"}]})";
  const Reply no_port = rig.native("POST", "/v1/proxies", taken);
  CHECK(no_port.status == 409);
  CHECK_THAT(no_port.body, Contains(R"("code":"cannot_listen")"));
  CHECK(rig.native("GET", "/v1/proxies/b").status == 404);
}

TEST_CASE("bodies that are not one JSON object are refused") {
  NativeRig rig;
  for (const char* body : {"{", "[]", "null", "{} {}", "{}x", "7"}) {
    INFO(body);
    CHECK(rig.native("POST", "/v1/proxies", body).status == 400);
  }
  CHECK_THAT(rig.native("POST", "/v1/proxies", R"({"name":"a","name":"b"})").body,
             Contains("is given twice"));
  std::string deep(40, '[');
  CHECK(rig.native("POST", "/v1/proxies", R"({"name":)" + deep).status == 400);
  std::string many = "{";
  for (int i = 0; i < 2000; ++i) many += "\"k" + std::to_string(i) + "\":1,";
  CHECK_THAT(rig.native("POST", "/v1/proxies", many + "\"l\":1}").body, Contains("2001 keys"));
}

TEST_CASE("a fault is put, changed, shown and removed") {
  NativeRig rig;
  rig.native("POST", "/v1/proxies", R"({"name":"db","upstream":"127.0.0.1:1"})");
  const std::string faults = "/v1/proxies/db/faults";
  CHECK(rig.native("POST", faults, R"({"kind":"latency","delay":"1s"})").status == 201);
  CHECK(rig.native("POST", faults, R"({"kind":"latency","delay":"1s"})").status == 409);
  CHECK(rig.native("POST", faults, R"({"kind":"latncy"})").status == 400);
  CHECK_THAT(rig.last.body, Contains(R"(did you mean \"latency\"?)"));
  CHECK(rig.native("PATCH", faults + "/latency", R"({"nth":3,"jitter":"10ms"})").status == 200);
  CHECK_THAT(rig.last.body, Contains(R"("delay":"1s","jitter":"10ms")"));
  CHECK_THAT(rig.last.body, Contains(R"("nth":3)"));
  CHECK(rig.native("PATCH", faults + "/latency", R"({"kind":"reset"})").status == 400);
  CHECK(rig.native("PATCH", faults + "/latency", R"({"delay":"-1ms","first":-1})").status == 400);
  CHECK_THAT(rig.last.body, Contains(R"("pointer":"/delay")"));
  CHECK_THAT(rig.last.body, Contains(R"("pointer":"/first")"));
  // What PUT does not name gets its default.
  CHECK(rig.native("PUT", faults + "/latency", R"({"kind":"latency","delay":"2s"})").status == 200);
  CHECK_THAT(rig.last.body, Contains(R"("delay":"2s","jitter":"0s")"));
  CHECK_THAT(rig.last.body, !Contains(R"("nth")"));
  CHECK(rig.native("PUT", faults + "/latency", R"({"kind":"reset"})").status == 200);
  CHECK(rig.native("PUT", faults + "/other", R"({"kind":"reset","id":"o"})").status == 400);
  CHECK(rig.native("PUT", faults + "/other", R"({"kind":"reset"})").status == 201);
  CHECK_THAT(rig.native("GET", faults).body, Contains(R"({"faults":[{"id":"latency")"));
  CHECK(rig.native("DELETE", faults + "/other").status == 204);
  CHECK(rig.native("DELETE", faults + "/other").status == 404);
  CHECK(rig.native("GET", "/v1/proxies/none/faults/other").status == 404);
}

TEST_CASE("leases run out on the monotonic clock, and are renewed") {
  NativeRig rig;
  rig.native("POST", "/v1/proxies", with_fault);
  const std::string slow = "/v1/proxies/db/faults/slow";
  rig.clock += std::chrono::seconds(4);
  CHECK(rig.native("PUT", slow + "/lease", R"({"ttl":"5s"})").status == 200);
  rig.clock += std::chrono::seconds(4);
  CHECK(rig.registry.expire(rig.clock) == rig.clock + std::chrono::seconds(1));
  CHECK(rig.native("GET", slow).status == 200);
  rig.clock += std::chrono::seconds(1);
  CHECK(rig.registry.expire(rig.clock) == never);
  CHECK(rig.native("GET", slow).status == 404);
  CHECK(rig.native("PUT", slow + "/lease", R"({"ttl":"5s"})").status == 404);

  rig.native("PUT", slow, R"({"kind":"reset","ttl":"1s"})");
  for (const char* body :
       {"{}", R"({"ttl":5})", R"({"ttl":"5"})", R"({"ttl":"0s"})", R"({"ttl":"1s","x":1})"}) {
    INFO(body);
    CHECK(rig.native("PUT", slow + "/lease", body).status == 400);
  }
  CHECK(rig.native("PUT", slow + "/lease", R"({"ttl":"none"})").status == 200);
  CHECK(rig.registry.expire(rig.clock + std::chrono::hours(100)) == never);
  CHECK_THAT(rig.native("GET", slow).body, !Contains("expires_in"));
}

TEST_CASE("a leased proxy goes with its faults, unless its owner renews") {
  NativeRig rig;
  const std::string mine =
      R"({"name":"mine","upstream":"127.0.0.1:1","owner":"me","ttl":"5s","faults":[)"
      R"({"kind":"latency","delay":"1ms"}]})";
  const Reply made = rig.native("POST", "/v1/proxies", mine);
  CHECK(made.status == 201);
  CHECK_THAT(made.body, Contains(R"("owner":"me","expires_in":"5s")"));
  rig.native("POST", "/v1/proxies", with_fault);
  rig.native("POST", "/v1/proxies/db/faults", R"({"kind":"reset","owner":"me"})");
  rig.native("POST", "/v1/proxies/db/faults", R"({"kind":"close","owner":"other","ttl":"5s"})");

  rig.clock += std::chrono::seconds(4);
  const Reply renewed = rig.native("PUT", "/v1/leases/me", R"({"ttl":"10s"})");
  CHECK(renewed.status == 200);
  CHECK_THAT(renewed.body, Contains(R"({"proxies":["mine"],"faults":[{"proxy":"db","fault":)"));
  CHECK_THAT(renewed.body, Contains(R"("id":"slow")") && Contains(R"("id":"reset")"));
  CHECK_THAT(renewed.body, !Contains(R"("id":"close")") && !Contains(R"("id":"latency")"));
  CHECK(rig.native("PUT", "/v1/leases/nobody", R"({"ttl":"10s"})").body ==
        "{\"proxies\":[],\"faults\":[]}\n");
  CHECK(rig.native("PUT", "/v1/leases/me", R"({"ttl":"soon"})").status == 400);
  CHECK(rig.native("PUT", "/v1/leases/me", "{}").status == 400);

  // What has no lease got none, and what is another's was not renewed.
  rig.clock += std::chrono::seconds(1);
  CHECK(rig.registry.expire(rig.clock) == rig.clock + std::chrono::seconds(9));
  CHECK(rig.native("GET", "/v1/proxies/db/faults/close").status == 404);
  rig.clock += std::chrono::seconds(9);
  CHECK(rig.registry.expire(rig.clock) == never);
  CHECK(rig.native("GET", "/v1/proxies/mine").status == 404);
  CHECK(rig.native("GET", "/v1/proxies/db/faults/slow").status == 404);
  CHECK(rig.native("GET", "/v1/proxies/db/faults/reset").status == 200);
  CHECK(rig.native("PATCH", "/v1/proxies/db", R"({"ttl":"5s"})").status == 400);
}

TEST_CASE("heal disarms everything, or what one owner armed") {
  NativeRig rig;
  rig.native("POST", "/v1/proxies", with_fault);
  rig.native("POST", "/v1/proxies/db/faults", R"({"kind":"reset"})");
  CHECK(rig.native("POST", "/v1/heal", R"({"owner":"me"})").body ==
        "{\"healed\":[{\"proxy\":\"db\",\"id\":\"slow\"}]}\n");
  CHECK(rig.native("POST", "/v1/heal", R"({"owner":"me"})").body == "{\"healed\":[]}\n");
  CHECK(rig.native("POST", "/v1/heal", R"({"ownr":"me"})").status == 400);
  CHECK(rig.native("POST", "/v1/heal").body ==
        "{\"healed\":[{\"proxy\":\"db\",\"id\":\"reset\"}]}\n");
}

TEST_CASE("unknown paths and methods are told apart") {
  NativeRig rig;
  CHECK(rig.native("GET", "/v1/proxy").status == 404);
  CHECK(rig.native("PUT", "/v1/proxies").status == 405);
  CHECK(rig.field("Allow") == "GET, HEAD, POST");
  CHECK(rig.native("OPTIONS", "/v1/heal").status == 405);
  CHECK(rig.native("DELETE", "/v1/connections/17").status == 404);
  CHECK(rig.native("DELETE", "/v1/connections/x").status == 404);
  CHECK(rig.native("GET", "/v1/connections?proxy=none").status == 404);
  CHECK(rig.native("GET", "/v1/connections").body == "{\"connections\":[]}\n");
  CHECK(rig.native("HEAD", "/healthz").status == 200);
  CHECK(rig.native("GET", "/readyz").body == "{\"ready\":true}\n");
}

TEST_CASE("every kind of fault is told with its parameters") {
  NativeRig rig;
  const std::string told = rig.native("GET", "/v1/faults").body;
  for (const FaultKind* kind : fault_kinds()) {
    CHECK_THAT(told, Contains("{\"name\":\"" + std::string(kind->name) + "\""));
  }
}

TEST_CASE("no kind has a setting that an API or a file means otherwise") {
  std::set<std::string_view> taken{"id",  "name",  "kind",  "on",         "at",      "for",
                                   "ttl", "owner", "toxic", "expires_in", "touched", "number"};
  for (const Parameter& parameter : aim_parameters()) taken.insert(parameter.name);
  for (const FaultKind* kind : fault_kinds()) {
    for (const Parameter& parameter : kind->parameters) {
      INFO(kind->name << " " << parameter.name);
      CHECK(taken.count(parameter.name) == 0);
    }
  }
}

TEST_CASE("another upstream is for new connections; what cannot be changed is told") {
  NativeRig rig;
  rig.native("POST", "/v1/proxies", R"({"name":"db","upstream":"127.0.0.1:1"})");
  const std::string at = rig.listen("db");
  CHECK(rig.native("PATCH", "/v1/proxies/db", R"({"upstream":"127.0.0.1:2"})").status == 200);
  CHECK(rig.listen("db") == at);
  CHECK_THAT(rig.last.body, Contains(R"("upstream":"127.0.0.1:2")"));
  CHECK(rig.native("PATCH", "/v1/proxies/db", R"({"upstream":"nowhere"})").status == 400);
  CHECK(rig.native("PATCH", "/v1/proxies/db", R"({"name":"x","enabled":1})").status == 400);
  CHECK_THAT(rig.last.body, Contains(R"("pointer":"/name")"));
  CHECK_THAT(rig.last.body, Contains(R"("pointer":"/enabled")"));
  CHECK(rig.native("PATCH", "/v1/proxies/db", R"({"enabled":false})").status == 200);
  CHECK_THAT(rig.last.body, Contains(R"("enabled":false)"));
  CHECK(rig.native("DELETE", "/v1/proxies/db").status == 204);
}

TEST_CASE(
    "a proxy rewrites Host where its upstream is a URL, where it is told to, and never else") {
  NativeRig rig;
  const auto made = [&](const std::string& more) {
    const Reply reply = rig.native("POST", "/v1/proxies", R"({"upstream":")" + more + "}");
    CHECK(reply.status == 201);
    return reply.body;
  };
  const std::string shown = R"("rewrite_host":true)";
  CHECK_THAT(made(R"(https://a.test","name":"a","protocol":"http")"), Contains(shown));
  CHECK_THAT(made(R"(a.test:80","name":"b","protocol":"http","rewrite_host":true)"),
             Contains(shown));
  CHECK_THAT(made(R"(a.test:80","name":"c","protocol":"http")"), !Contains("rewrite_host"));
  CHECK_THAT(made(R"(https://a.test","name":"d")"), !Contains("rewrite_host"));
  CHECK_THAT(made(R"(https://a.test","name":"e","protocol":"http","rewrite_host":false)"),
             !Contains("rewrite_host"));
  const Reply refused = rig.native("POST", "/v1/proxies",
                                   R"({"name":"f","upstream":"a.test:80","rewrite_host":true})");
  CHECK(refused.status == 400);
  CHECK_THAT(refused.body, Contains(R"("pointer":"/rewrite_host")") && Contains("protocol http"));
  CHECK(rig.native("PATCH", "/v1/proxies/a", R"({"rewrite_host":false})").status == 400);
}

TEST_CASE("a proxy's TLS is created, shown, and cannot be changed") {
  NativeRig rig;
  const Reply made = rig.native("POST", "/v1/proxies",
                                R"({"name":"api","upstream":"https://api.test",)"
                                R"("tls":{"insecure":true,"generate":"a.test"}})");
  CHECK(made.status == 201);
  CHECK_THAT(made.body, Contains(R"("upstream":"https://api.test:443")"));
  CHECK_THAT(made.body, Contains(R"("tls":{"insecure":true,"generate":"a.test","authority":)"
                                 R"("-----BEGIN CERTIFICATE-----)"));
  CHECK(rig.native("PATCH", "/v1/proxies/api", R"({"upstream":"https://b.test"})").status == 200);
  const Reply plain = rig.native("PATCH", "/v1/proxies/api", R"({"upstream":"b.test:80"})");
  CHECK(plain.status == 400);
  CHECK_THAT(plain.body, Contains(R"("pointer":"/upstream")"));

  const Reply refused = rig.native(
      "POST", "/v1/proxies",
      R"({"name":"b","upstream":"a:1","tls":{"insecure":true,"write_ca":"x","key_file":"k"}})");
  CHECK(refused.status == 400);
  for (const char* pointer : {"/tls/insecure", "/tls/write_ca", "/tls/key_file"})
    CHECK_THAT(refused.body, Contains(std::string(R"("pointer":")") + pointer));
  CHECK_FALSE(rig.registry.proxy("b").has_value());
}

TEST_CASE("the API reads and writes no file that its caller names") {
  NativeRig rig;
  // A file that is there and one that is not are the same to it.
  const std::string there = __FILE__;
  for (const std::string& file : {there, std::string("/nowhere")}) {
    const Reply refused =
        rig.native("POST", "/v1/proxies",
                   R"({"name":"b","upstream":"https://a","tls":{"generate":"b","ca_file":")" +
                       file + R"(","certificate_file":")" + file + R"(","key_file":")" + file +
                       R"(","write_ca":")" + file + R"("}})");
    CHECK(refused.status == 400);
    CHECK_THAT(
        refused.body,
        Contains(
            R"(the API reads no file; give what is in it as \"ca\"","pointer":"/tls/ca_file")"));
    for (const char* pointer : {"/tls/certificate_file", "/tls/key_file", "/tls/write_ca"})
      CHECK_THAT(refused.body, Contains(std::string(R"("pointer":")") + pointer));
    CHECK_THAT(refused.body, !Contains(file));
  }
}

TEST_CASE("certificates are given as texts, told again without their key") {
  NativeRig rig;
  const Pair own = pair_for("a.test");
  const auto body = [](const std::string& name, const std::string& tls) {
    return R"({"name":")" + name + R"(","upstream":"https://a.test","tls":)" + tls + "}";
  };
  const std::string certificate = control::json_string(own.certificate);
  const Reply made =
      rig.native("POST", "/v1/proxies",
                 body("given", R"({"ca":)" + certificate + R"(,"certificate":)" + certificate +
                                   R"(,"key":)" + control::json_string(own.key) + "}"));
  CHECK(made.status == 201);
  const Reply told = rig.native("GET", "/v1/proxies/given");
  for (const Reply& reply : {made, told}) {
    CHECK_THAT(reply.body, Contains(R"("ca":)" + certificate));
    CHECK_THAT(reply.body, Contains(R"("certificate":)" + certificate));
    CHECK_THAT(reply.body, !Contains("PRIVATE") && !Contains("\"key"));
  }
  CHECK((*rig.registry.proxy("given"))->tls.key.empty());
  CHECK(std::filesystem::is_empty(rig.texts.path()));  // the engine has read them

  // What OpenSSL finds wrong is said of the text, at its place, without repeating it.
  const Pair other = pair_for("b.test");
  const Reply mixed = rig.native("POST", "/v1/proxies",
                                 body("mixed", R"({"certificate":)" + certificate + R"(,"key":)" +
                                                   control::json_string(other.key) + "}"));
  CHECK(mixed.status == 400);
  CHECK_THAT(mixed.body, Contains("key: cannot use the key of the text given: "));
  CHECK_THAT(mixed.body, Contains(R"("pointer":"/tls/key")") && !Contains("PRIVATE"));
  const Reply garbage =
      rig.native("POST", "/v1/proxies",
                 body("bad", R"({"ca":"-----BEGIN CERTIFICATE-----\nnone\n","certificate":""})"));
  CHECK(garbage.status == 400);
  CHECK_THAT(garbage.body, Contains(R"("pointer":"/tls/certificate")"));
  const Reply unread = rig.native("POST", "/v1/proxies",
                                  body("bad", R"({"ca":"-----BEGIN CERTIFICATE-----\nnone\n"})"));
  CHECK_THAT(unread.body, Contains("ca: cannot read certificates from the text given: "));
  CHECK_THAT(unread.body, Contains(R"("pointer":"/tls/ca")"));
  CHECK_FALSE(rig.registry.proxy("bad").has_value());
  CHECK(std::filesystem::is_empty(rig.texts.path()));
}
