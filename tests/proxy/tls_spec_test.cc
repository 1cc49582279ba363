#include "proxy/tls_spec.h"

#include <vector>

#include "tests/support/catch.h"

using namespace faultline;
using Catch::Contains;

TEST_CASE("a fault in TLS needs a proxy that terminates it, and perhaps one whose CA is here") {
  TlsSpec plain, generated, given;
  plain.upstream = true;
  generated.generate = "localhost";
  given.certificate_file = "own.pem";
  given.key_file = "own.key";
  for (const TlsSpec& tls : {plain, generated, given}) CHECK(lacks(tls, NeedsTls::nothing).empty());
  CHECK(lacks(generated, NeedsTls::terminated).empty());
  CHECK(lacks(generated, NeedsTls::issued_here).empty());
  CHECK(lacks(given, NeedsTls::terminated).empty());
  CHECK_THAT(std::string(lacks(given, NeedsTls::issued_here)), Contains("given"));
  CHECK_THAT(std::string(lacks(plain, NeedsTls::terminated)), Contains("does not speak TLS"));
  CHECK_THAT(std::string(lacks(plain, NeedsTls::issued_here)), Contains("generate"));
}

TEST_CASE("an upstream in TLS is written with its scheme, and has a port of its own") {
  struct Row {
    const char* written;
    const char* address;
    bool tls;
  };
  for (const Row& row : std::vector<Row>{
           {"db:5432", "db:5432", false},
           {"https://api.example.com", "api.example.com:443", true},
           {"https://api.example.com/", "api.example.com:443", true},
           {"https://api.example.com:8443", "api.example.com:8443", true},
           {"https://[::1]", "[::1]:443", true},
           {"https://[::1]:8443", "[::1]:8443", true},
           {"https://127.0.0.1:${port.api}", "127.0.0.1:${port.api}", true},
           {"https://${proxy.api.listen}", "${proxy.api.listen}", true},
           {"no port", "no port", false},  // which is for address_from to say
       }) {
    INFO(row.written);
    const auto read = upstream_from(row.written);
    REQUIRE(read.has_value());
    CHECK(read->address == row.address);
    CHECK(read->tls == row.tls);
  }
}

TEST_CASE("what is no upstream is told with what would be right") {
  for (const auto& [written, said] : std::vector<std::pair<const char*, const char*>>{
           {"https://", "has no host"},
           {"https:///", "has no host"},
           {"https://a/path", "more than a host and a port"},
           {"https://user@a", "more than a host and a port"},
           {"http://a", "https://host for TLS"},
           {"tcp://a:1", "has the scheme \"tcp\""},
       }) {
    INFO(written);
    const auto read = upstream_from(written);
    REQUIRE_FALSE(read.has_value());
    CHECK_THAT(read.error().what, Contains(said));
  }
}

TEST_CASE("settings that contradict each other are all told, each by its key") {
  TlsSpec tls;
  tls.server_name = "a";
  tls.insecure = true;
  tls.ca_file = "ca.pem";
  tls.key_file = "key.pem";
  tls.write_ca = "own.pem";
  std::vector<std::string> keys;
  for (const Error& error : contradictions(tls)) keys.push_back(error.where);
  CHECK(keys == std::vector<std::string>{"server_name", "ca_file", "insecure", "insecure",
                                         "key_file", "write_ca"});
  CHECK(contradictions({}).empty());
  tls = {};
  tls.upstream = true;
  tls.server_name = "a";
  tls.ca_file = "ca.pem";
  tls.generate = "localhost";
  tls.write_ca = "own.pem";
  CHECK(contradictions(tls).empty());
  tls.generate = "localhost,DNS:elsewhere";
  REQUIRE(contradictions(tls).size() == 1);
  CHECK_THAT(contradictions(tls)[0].what, Contains("neither a host name"));
  tls.generate = "localhost";
  tls.certificate_file = "own.pem";
  tls.key_file = "own.key";
  REQUIRE(contradictions(tls).size() == 1);
  CHECK(contradictions(tls)[0].where == "generate");
}

TEST_CASE("certificates as texts follow the rules of files, and a text is never repeated") {
  const std::string pem = "-----BEGIN SECRET-----\n";
  TlsSpec tls;
  tls.ca = pem;
  tls.key = pem;
  tls.generate = "localhost";
  std::vector<std::string> keys;
  for (const Error& error : contradictions(tls)) keys.push_back(error.where);
  CHECK(keys == std::vector<std::string>{"ca", "key"});  // no upstream in TLS; no certificate
  tls.certificate = pem;
  CHECK(tls.terminates());
  CHECK(contradictions(tls).back().where == "generate");
  tls.generate.clear();
  tls.upstream = true;
  CHECK(contradictions(tls).empty());
  tls.insecure = true;
  CHECK(contradictions(tls).at(0).what ==
        "verifies nothing, so ca would not be read; leave one out");

  tls = {};
  tls.certificate = "/etc/ssl/own.pem";  // a path, where a text belongs
  tls.key = "SECRET" + std::string(longest_pem, 'x');
  const Errors errors = contradictions(tls);
  REQUIRE(errors.size() == 2);
  CHECK_THAT(errors[0].text(), Contains("certificate: is no PEM"));
  CHECK_THAT(errors[1].text(), Contains("key: has 262150 bytes; at most 262144"));
  for (const Error& error : errors) CHECK_THAT(error.text(), !Contains("SECRET"));
}
