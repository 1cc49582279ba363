#include "proxy/control/admission.h"

#include "proxy/control/site.h"
#include "tests/support/catch.h"

using namespace faultline;
using namespace faultline::control;

namespace {

HttpRequest request_for(std::string host, std::vector<HttpField> fields = {}) {
  HttpRequest request;
  request.method = "POST";
  request.path = "/proxies";
  request.host = std::move(host);
  request.fields = std::move(fields);
  request.fields.push_back({"Host", request.host});
  return request;
}

int status_of(const Admission& admission, const HttpRequest& request) {
  const auto refusal = admission.refuses(request);
  return refusal ? refusal->status : 0;
}

}  // namespace

TEST_CASE("only this server's own names are answered to") {
  Admission admission;
  admission.hosts = {"Chaos.Test"};
  for (const char* host : {"localhost", "localhost:8474", "LOCALHOST.", "127.0.0.1:1", "[::1]:8474",
                           "10.1.2.3", "chaos.test:8474", "a.localhost"}) {
    INFO(host);
    CHECK(status_of(admission, request_for(host)) == 0);
  }
  for (const char* host : {"", "evil.com", "localhost.evil.com", "127.0.0.1.evil.com", "toxiproxy",
                           "notlocalhost", "[::1", "chaos.test.evil.com", "127.1"}) {
    INFO(host);
    CHECK(status_of(admission, request_for(host)) == 421);
  }
}

TEST_CASE("beyond loopback, names that only a private network has are its own, too") {
  Admission admission;
  admission.private_names = true;
  CHECK(status_of(admission, request_for("toxiproxy:8474")) == 0);
  CHECK(status_of(admission, request_for("toxiproxy.ns.svc.cluster.local:8474")) == 0);
  CHECK(status_of(admission, request_for("evil.com")) == 421);
}

TEST_CASE("web pages are refused whatever they pretend") {
  Admission admission;
  admission.origins = {"http://ui.test"};
  const auto with = [](std::string name, std::string value) {
    return request_for("localhost", {{std::move(name), std::move(value)}});
  };
  CHECK(status_of(admission, with("Origin", "http://evil.com")) == 403);
  CHECK(status_of(admission, with("Origin", "null")) == 403);
  CHECK(status_of(admission, with("origin", "http://localhost:8474")) == 403);
  CHECK(status_of(admission, with("Origin", "http://ui.test")) == 0);
  CHECK(status_of(admission, with("Sec-Fetch-Site", "cross-site")) == 403);
  CHECK(status_of(admission, with("Sec-Fetch-Site", "same-site")) == 403);
  CHECK(status_of(admission, with("Sec-Fetch-Site", "none")) == 0);
  CHECK(status_of(admission, with("Sec-Fetch-Mode", "cors")) == 0);  // Node's fetch
}

TEST_CASE("where a token is set, every request carries it") {
  Admission admission;
  admission.token = "0123456789abcdef";
  const auto with = [&](std::string value) {
    return status_of(admission, request_for("localhost", {{"Authorization", std::move(value)}}));
  };
  CHECK(with("Bearer 0123456789abcdef") == 0);
  CHECK(status_of(admission, request_for("localhost")) == 401);
  for (const char* value : {"", "Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0",
                            "Bearer 1123456789abcdef", "Basic 0123456789abcdef",
                            "Bearer 0123456789abcdef0123456789abcdef"}) {
    INFO(value);
    CHECK(with(value) == 401);
  }
}

TEST_CASE("the native API takes changes as JSON only; the compatible one takes anything") {
  const Admission admission;
  HttpRequest request =
      request_for("localhost", {{"Content-Type", "application/x-www-form-urlencoded"}});
  request.body = "{}";
  CHECK(status_of(admission, request) == 0);
  request.path = "/v1/proxies";
  CHECK(status_of(admission, request) == 415);
  request.fields[0].value = "Application/JSON; charset=utf-8";
  CHECK(status_of(admission, request) == 0);
  request.fields.clear();
  CHECK(status_of(admission, request) == 415);
  request.body.clear();
  CHECK(status_of(admission, request) == 0);
}

TEST_CASE("a unix socket's clients are not browsers") {
  HttpRequest request = request_for("whatever", {{"Origin", "http://evil.com"}});
  request.through_unix_socket = true;
  CHECK(status_of(Admission{}, request) == 0);
}

TEST_CASE("a site asks its routes in turn, cleans paths, and knows nothing else") {
  const Site site({}, {[](const HttpRequest& request) -> std::optional<HttpResponse> {
                         if (request.path != "/a") return std::nullopt;
                         return HttpResponse{.status = 200, .body = "first"};
                       },
                       [](const HttpRequest& request) -> std::optional<HttpResponse> {
                         if (request.path != "/a" && request.path != "/b") return std::nullopt;
                         return HttpResponse{.status = 200, .body = "second"};
                       }});
  HttpRequest request = request_for("localhost");
  request.path = "/a";
  CHECK(site.answer(request).body == "first");
  request.path = "/b";
  CHECK(site.answer(request).body == "second");
  request.path = "/c";
  CHECK(site.answer(request).status == 404);
  CHECK(site.answer(request).body == "404 page not found\n");
  request.path = "//a/./x/../";
  request.query = "q=1";
  CHECK(site.answer(request).status == 301);
  CHECK(site.answer(request).fields[0].value == "/a/?q=1");
}
