// What a rewriting proxy changes in heads, and what it leaves.

#include "faults/http/host_rewrite.h"

#include <string>

#include "tests/support/catch.h"

using namespace faultline;
using http::HostRewrite;

namespace {

HostRewrite to_api(std::uint16_t port = 443, bool client_tls = false) {
  return {.names = {"api.example.com", "10.0.0.7"},
          .port = port,
          .upstream_tls = true,
          .client_tls = client_tls};
}

struct Asked {
  std::string head, client_host;
};
Asked asked(const std::string& fields, const HostRewrite& rewrite = to_api(),
            const std::string& start = "GET /a HTTP/1.1") {
  Asked out;
  out.head = rewrite.request(start + "\r\n" + fields + "\r\n", out.client_host);
  return out;
}

// One field of a response, as a client that said `host` gets it; empty: it is gone.
std::string told(const std::string& field, const HostRewrite& rewrite = to_api(),
                 std::string_view host = "127.0.0.1:9000") {
  const std::string start = "HTTP/1.1 302 Found\r\nServer: x\r\n",
                    end = "Content-Length: 0\r\n\r\n";
  const std::string head = rewrite.response(start + field + "\r\n" + end, host);
  REQUIRE(head.starts_with(start));
  REQUIRE(head.ends_with(end));
  const std::string between = head.substr(start.size(), head.size() - start.size() - end.size());
  if (between.empty()) return "";
  REQUIRE(between.ends_with("\r\n"));
  return between.substr(0, between.size() - 2);
}

}  // namespace

TEST_CASE("a request is for the server's name, with its port where that is not the usual one") {
  CHECK(to_api().authority() == "api.example.com");
  CHECK(to_api(8443).authority() == "api.example.com:8443");
  CHECK(HostRewrite{.names = {"::1"}, .port = 8080}.authority() == "[::1]:8080");
  CHECK(HostRewrite{.names = {"a"}, .port = 80}.authority() == "a");
  CHECK(HostRewrite{.names = {"a"}, .port = 443}.authority() == "a:443");

  const Asked one = asked("Accept: */*\r\nhOst:  127.0.0.1:9000 \r\nX-Host: 127.0.0.1:9000\r\n");
  CHECK(one.head ==
        "GET /a HTTP/1.1\r\nAccept: */*\r\nhOst:  api.example.com \r\n"
        "X-Host: 127.0.0.1:9000\r\n\r\n");
  CHECK(one.client_host == "127.0.0.1:9000");
  CHECK(asked("Host:\r\n").head == "GET /a HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
}

TEST_CASE("a request without Host gets one, and a target that is a whole URL becomes a path") {
  CHECK(asked("", to_api(), "GET / HTTP/1.0").head ==
        "GET / HTTP/1.0\r\nHost: api.example.com\r\n\r\n");
  const Asked whole = asked("Host: b\r\n", to_api(), "GET http://proxy:9/x?y=//z HTTP/1.1");
  CHECK(whole.head == "GET /x?y=//z HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
  CHECK(whole.client_host == "proxy:9");
  CHECK(asked("Host: b\r\n", to_api(), "GET http://b?q HTTP/1.1").head.starts_with("GET /?q HTTP"));
  CHECK(asked("Host: b\r\n", to_api(), "GET /go?to=http://b/ HTTP/1.1")
            .head.starts_with("GET /go?to=http://b/ HTTP/1.1\r\n"));
  CHECK(asked("Host: b\r\n", to_api(), "OPTIONS * HTTP/1.1").head ==
        "OPTIONS * HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
  const std::string tunnel = "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n";
  CHECK(asked("Host: b:443\r\n", to_api(), "CONNECT b:443 HTTP/1.1").head == tunnel);
}

TEST_CASE("a Location that is the server's own leads to where the client was") {
  CHECK(told("Location: https://api.example.com/a?b#c") == "Location: http://127.0.0.1:9000/a?b#c");
  CHECK(told("location:https://API.example.com:443/") == "location:http://127.0.0.1:9000/");
  CHECK(told("Location: https://10.0.0.7/") == "Location: http://127.0.0.1:9000/");
  CHECK(told("Location: //api.example.com/a") == "Location: //127.0.0.1:9000/a");
  CHECK(told("Location: https://api.example.com", to_api(443, true)) ==
        "Location: https://127.0.0.1:9000");
  CHECK(told("Location: https://api.example.com:8443/a", to_api(8443)) ==
        "Location: http://127.0.0.1:9000/a");
  CHECK(told("Location: https://api.example.com/a", to_api(), "") == "Location: /a");
  CHECK(told("Location: https://api.example.com?a", to_api(), "") == "Location: /?a");
  const HostRewrite v6{.names = {"::1"}, .port = 8080};
  CHECK(told("Location: http://[::1]:8080/a", v6) == "Location: http://127.0.0.1:9000/a");
}

TEST_CASE("another Location stays as it is") {
  for (const char* field : {
           "Location: /a",
           "Location: a//b",
           "Location: ",
           "Location: https://other.example.com/",
           "Location: https://api.example.com.evil.test/",
           "Location: https://api.example.com:8443/",
           "Location: https://api.example.com:x/",
           "Location: https://user@api.example.com/",
           "Location: http://api.example.com/",
           "Location: /go?to=https://api.example.com/",
           "X-Location: https://api.example.com/",
           "Content-Location: https://api.example.com/",
       }) {
    CHECK(told(field) == field);
  }
  CHECK(told("Location: https://api.example.com/", to_api(8443)) ==
        "Location: https://api.example.com/");
}

TEST_CASE("a cookie of the server's is one of the proxy's") {
  CHECK(told("Set-Cookie: s=1; Domain=api.example.com; Path=/; HttpOnly") ==
        "Set-Cookie: s=1; Path=/; HttpOnly");
  CHECK(told("Set-Cookie: s=1;domain=.Example.com") == "Set-Cookie: s=1");
  CHECK(told("Set-Cookie: s=1; Secure; Path=/") == "Set-Cookie: s=1; Path=/");
  CHECK(told("Set-Cookie: s=1; Secure; Path=/", to_api(443, true)) ==
        "Set-Cookie: s=1; Secure; Path=/");
  CHECK(told("Set-Cookie: Secure=Domain; SameSite=Lax") ==
        "Set-Cookie: Secure=Domain; SameSite=Lax");
  for (const char* field : {"Set-Cookie: s=1; Domain=other.com", "Set-Cookie: s=1; Domain",
                            "Set-Cookie: s=1; Domain=ample.com", "Set-Cookie: s=1; Domain=.",
                            "Set-Cookie: domain=api.example.com", "Set-Cookie: s", "Set-Cookie:"}) {
    CHECK(told(field) == field);
  }
}

TEST_CASE("what leads past the proxy goes") {
  CHECK(told("Alt-Svc: h3=\":443\"").empty());
  CHECK(told("Strict-Transport-Security: max-age=1").empty());
  CHECK(told("X: a:b") == "X: a:b");
}
