#include "scenarios/drill/serve_file.h"

#include "tests/support/catch.h"

namespace faultline {
namespace {

Checked<ServeFile> read(const std::string& text) {
  return read_serve_file({"faultline.toml", text, {}, {}});
}

constexpr const char* small_file = R"([[proxy]]
name = "db"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:5432"
protocol = "postgres"
[[proxy]]
name = "cache"
listen = "127.0.0.1:0"
upstream = "cache.test:6379"
enabled = false
[[fault]]
id = "slow"
kind = "latency"
on = ["db", "cache"]
delay = "100ms"
share = "5%"
)";

TEST_CASE("a configuration is read with its defaults") {
  const auto file = read(small_file);
  REQUIRE(file.has_value());
  REQUIRE(file->proxies.size() == 2);
  CHECK(file->proxies[0].protocol == "postgres");
  CHECK(file->proxies[0].enabled);
  CHECK(file->proxies[0].where == "faultline.toml:1:1");
  CHECK_FALSE(file->proxies[1].enabled);
  CHECK(file->proxies[1].protocol == "tcp");
  REQUIRE(file->faults.size() == 1);
  CHECK(file->faults[0].on == std::vector<std::string>{"db", "cache"});
  REQUIRE(file->faults[0].parameters.size() == 1);
  CHECK(file->faults[0].parameters[0].name == "delay");
  CHECK(file->faults[0].aim.size() == 1);
  CHECK(read("")->proxies.empty());
}

TEST_CASE("every mistake in a configuration is told with its place") {
  const auto file = read(R"([[proxy]]
name = "db"
listen = "nowhere"
upstrem = "127.0.0.1:1"
enabled = "yes"
[[proxy]]
name = "db"
listen = "127.0.0.1:1"
upstream = "127.0.0.1:0"
[[fault]]
id = "slow"
kind = "latency"
on = "dbb"
dely = "1ms"
at = "1s"
[[fault]]
id = "other"
kind = "reset"
on = "db"
pattern = "FX"
[listen]
)");
  REQUIRE_FALSE(file.has_value());
  std::string all;
  for (const Error& error : file.error()) all += error.text() + "\n";
  INFO(all);
  for (const char* told :
       {"faultline.toml:3:10: listen: \"nowhere\"", "faultline.toml:4:1: unknown key \"upstrem\"",
        "did you mean \"upstream\"?", "faultline.toml:5:11: enabled: found a string",
        "faultline.toml:7:8: name: \"db\" is taken", "faultline.toml:9:12: upstream: port 0",
        "faultline.toml:13:6: on: there is no proxy \"dbb\"; did you mean \"db\"?",
        "faultline.toml:14:1: unknown key \"dely\"", "faultline.toml:15:1: unknown key \"at\"",
        "faultline.toml:20:11: \"FX\" is no pattern",
        "faultline.toml:21:2: unknown key \"listen\""}) {
    INFO(told);
    CHECK(all.find(told) != std::string::npos);
  }
}

TEST_CASE("whether a proxy rewrites Host is read, and is for protocol http") {
  const std::string proxy = R"([[proxy]]
name = "api"
listen = "127.0.0.1:0"
upstream = "https://api.test"
)";
  CHECK_FALSE(read(proxy)->proxies[0].rewrite_host.has_value());
  CHECK(read(proxy + "protocol = \"http\"\nrewrite_host = false\n")->proxies[0].rewrite_host ==
        false);
  const auto refused = read(proxy + "rewrite_host = true\n");
  REQUIRE_FALSE(refused.has_value());
  CHECK_THAT(refused.error().front().text(),
             Catch::Contains("faultline.toml:5:16: rewrite_host: is for protocol http"));
}

TEST_CASE("a proxy's TLS is read, and what contradicts itself has its place") {
  const auto file = read(R"([[proxy]]
name = "api"
listen = "127.0.0.1:0"
upstream = "https://api.test"
tls = { ca_file = "ca.pem", generate = "localhost", write_ca = "own.pem" }
)");
  REQUIRE(file.has_value());
  CHECK(file->proxies[0].upstream == "api.test:443");
  const TlsSpec& tls = file->proxies[0].tls;
  CHECK(tls.upstream);
  CHECK(tls.ca_file == "ca.pem");
  CHECK(tls.generate == "localhost");
  CHECK(tls.write_ca == "own.pem");

  const auto refused = read(R"([[proxy]]
name = "api"
listen = "127.0.0.1:0"
upstream = "https://api.test/v1"
[[proxy]]
name = "db"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:5432"
tls = { insecure = 1, ca_fil = "x", key_file = "" }
[[proxy]]
name = "cache"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:6379"
tls = { insecure = true }
)");
  REQUIRE_FALSE(refused.has_value());
  std::string all;
  for (const Error& error : refused.error()) all += error.text() + "\n";
  for (const char* said :
       {"faultline.toml:4:12: upstream: \"https://api.test/v1\" has more than a host and a port",
        "faultline.toml:9:20: ", "expected true or false", "did you mean \"ca_file\"?",
        "key_file: is empty", "faultline.toml:14:20: insecure: is for an upstream in TLS"})
    CHECK_THAT(all, Catch::Contains(said));
}

}  // namespace
}  // namespace faultline
