// What a drill sends to a server of the TLS of its proxies, and what it makes of what is there.

#include "scenarios/venue/served_tls.h"

#include <fstream>
#include <iterator>

#include "scenarios/venue/served_order.h"
#include "tests/support/catch.h"
#include "tests/support/folder.h"

using namespace faultline;
using Catch::Contains;
using control::JsonValue;

namespace {

struct Files {
  Files() {
    for (const char* name : {"ca.pem", "own.pem", "own.key"})
      std::ofstream(folder.path() / name) << "-----BEGIN " << name << "\nsecond \"line\"\n";
  }
  std::string at(const char* name) const { return (folder.path() / name).string(); }

  test::Folder folder;
};

JsonValue read(const std::string& text) {
  const auto value = control::read_json(text);
  REQUIRE(value.has_value());
  return *value;
}

}  // namespace

TEST_CASE("the files of a drill are sent as texts, and no path of them") {
  const Files files;
  ProxySpec spec;
  spec.name = "api";
  spec.upstream = {"api.test", 443};
  spec.tls.upstream = true;
  spec.tls.server_name = "other.test";
  spec.tls.ca_file = files.at("ca.pem");
  spec.tls.certificate_file = files.at("own.pem");
  spec.tls.key_file = files.at("own.key");
  const Result<TlsSpec> tls = with_texts(spec.tls);
  REQUIRE(tls.has_value());
  spec.tls = *tls;
  const std::string body = proxy_body(spec, "me", std::chrono::seconds(5));
  const JsonValue sent = read(body);
  const auto text = [&](std::size_t i, const char* key) {
    CHECK(sent.members[3].members.at(i).key == key);
    return sent.members[3].members.at(i).text;
  };
  CHECK(sent.members[2].text == "https://api.test:443");
  REQUIRE(sent.members[3].key == "tls");
  CHECK(text(0, "server_name") == "other.test");
  CHECK(text(1, "ca") == "-----BEGIN ca.pem\nsecond \"line\"\n");
  CHECK(text(2, "certificate") == "-----BEGIN own.pem\nsecond \"line\"\n");
  CHECK(text(3, "key") == "-----BEGIN own.key\nsecond \"line\"\n");
  CHECK_THAT(body, !Contains(files.folder.path().string()));
}

TEST_CASE("a proxy without certificates has nothing of them in its order") {
  ProxySpec spec;
  CHECK(tls_body(spec.tls).empty());
  spec.tls.upstream = true;  // the system's CAs, the upstream's own name
  CHECK(tls_body(spec.tls).empty());
  spec.tls.insecure = true;
  CHECK(tls_body(spec.tls) == R"({"insecure":true})");
}

TEST_CASE("a file that cannot be sent is told with its key") {
  const Files files;
  std::ofstream(files.at("empty"));
  std::ofstream(files.at("big")) << std::string(longest_pem + 1, 'x');
  for (const auto& [name, said] : {std::pair("absent", "No such file"), std::pair("empty", "empty"),
                                   std::pair("big", "more than 262144 bytes")}) {
    TlsSpec tls;
    tls.ca_file = files.at(name);
    const Result<TlsSpec> refused = with_texts(tls);
    REQUIRE_FALSE(refused.has_value());
    CHECK_THAT(refused.error().what, Contains("tls: ca_file: ") && Contains(said));
  }
}

TEST_CASE("the CA that the server made is written where the drill wants it") {
  const Files files;
  TlsSpec tls;
  tls.generate = "localhost";
  const JsonValue there = read(R"({"tls":{"generate":"localhost","authority":"the\nCA"}})");
  CHECK(write_authority(tls, read("{}")).has_value());  // nothing is wanted
  tls.write_ca = files.at("written");
  REQUIRE(write_authority(tls, there).has_value());
  std::ifstream file(files.at("written"));
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == "the\nCA");
  CHECK_THAT(write_authority(tls, read("{}")).error().what, Contains("does not tell its CA"));
  tls.write_ca = files.at("absent/file");
  CHECK_THAT(write_authority(tls, there).error().what, Contains("write_ca: cannot write"));
}

TEST_CASE("a proxy that is there must have the TLS of the drill") {
  const Files files;
  ProxySpec plain, verified, named, unverified, own, made;
  for (ProxySpec* spec : {&plain, &verified, &named, &unverified, &own, &made})
    spec->upstream = {"api.test", 443};
  verified.tls.upstream = named.tls.upstream = unverified.tls.upstream = true;
  named.tls.server_name = "other.test";
  named.tls.ca_file = files.at("ca.pem");
  unverified.tls.insecure = true;
  own.tls.certificate_file = files.at("own.pem");
  own.tls.key_file = files.at("own.key");
  made.tls.generate = "localhost";
  const std::string ca = R"("ca":"-----BEGIN ca.pem\nsecond \"line\"\n")";
  const std::string certificate = R"("certificate":"-----BEGIN own.pem\nsecond \"line\"\n")";
  const auto with = [](const std::string& tls) { return read(R"({"tls":{)" + tls + "}}"); };

  CHECK(tls_difference(plain, read("{}")).empty());
  CHECK(tls_difference(verified, with(R"("insecure":false)")).empty());
  CHECK(tls_difference(named, with(R"("server_name":"other.test",)" + ca)).empty());
  CHECK(tls_difference(named, with(R"("server_name":"other.test","ca_file":"x")")).empty());
  CHECK(tls_difference(unverified, with(R"("insecure":true)")).empty());
  CHECK(tls_difference(own, with(certificate)).empty());
  CHECK(tls_difference(own, with(R"("certificate_file":"x","key_file":"y")")).empty());
  CHECK(tls_difference(made, with(R"("generate":"localhost")")).empty());

  struct Row {
    const ProxySpec& wanted;
    std::string tls, said;
  };
  for (const Row& row : std::vector<Row>{
           {plain, certificate, "it speaks TLS with its clients"},
           {own, "", "it speaks plain with its clients"},
           {own, R"("certificate":"another")", "its certificate is not what is in"},
           {made, "", "its certificate is none, the drill's is one made for localhost"},
           {made, R"("generate":"b")", "one made for b, the drill's is one made for localhost"},
           {plain, R"("generate":"b")", "the drill's is none"},
           {verified, R"("insecure":true)", "it does not verify its upstream's certificate"},
           {unverified, R"("insecure":false)", "it verifies its upstream's certificate"},
           {verified, R"("server_name":"b")", "verified to be b, the drill's api.test"},
           {named, ca, "verified to be api.test, the drill's other.test"},
           {named, R"("server_name":"other.test")", "with the system's CAs"},
           {verified, ca, "with a CA of its own"},
       }) {
    INFO(row.tls);
    CHECK_THAT(tls_difference(row.wanted, with(row.tls)), Contains(row.said));
  }
}
