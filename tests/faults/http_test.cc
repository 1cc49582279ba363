// What the HTTP faults read: header blocks, aims, JSON places, chunks; and what they tell of time.

#include "faults/http/chunked.h"
#include "faults/http/http_date.h"
#include "faults/http/json_place.h"
#include "faults/http/request_aim.h"
#include "faults/http/rule.h"
#include "tests/support/fault_stage.h"

using namespace faultline;
using namespace faultline::http;
using namespace std::chrono_literals;

namespace {

const std::string order =
    "POST /orders/7?page=2&sort HTTP/1.1\r\nHost: api\r\nX-Tenant: acme\r\nContent-Length: "
    "9\r\n\r\n";

Checked<RequestAim> aim_from_raw(const std::vector<RawSetting>& raw) {
  return RequestAim::from(read_settings(request_aim_parameters, raw, "d:1").value());
}

RequestAim::Match match(const std::vector<RawSetting>& raw, std::string_view body = "",
                        bool whole = true) {
  const auto aim = aim_from_raw(raw);
  REQUIRE(aim.has_value());
  const Head head(order);
  return aim->matches({head, body, whole});
}

bool takes(const std::string& key, const std::string& value) {
  return match({{key, value, ""}}) == RequestAim::Match::yes;
}

std::string found(std::string_view text, std::string_view pointer) {
  const JsonPlace place = json_place(text, pointer);
  if (place.state == JsonPlace::State::absent) return "absent";
  if (place.state == JsonPlace::State::incomplete) return "incomplete";
  return std::string(text.substr(place.from, place.to - place.from));
}

}  // namespace

TEST_CASE("an aim by the request asks method, route, query and header") {
  CHECK(takes("method", "any"));
  CHECK(takes("method", "PUT,POST"));
  CHECK_FALSE(takes("method", "GET"));
  CHECK(takes("route", "/orders/{id}"));
  CHECK(takes("route", "/orders/7"));
  CHECK(takes("route", "/orders/*"));
  CHECK(takes("route", "/*"));
  CHECK_FALSE(takes("route", "/orders"));
  CHECK_FALSE(takes("route", "/orders/{id}/items"));
  CHECK_FALSE(takes("route", "/{a}/8"));
  CHECK(takes("query", "page"));
  CHECK(takes("query", "sort&page=2"));
  CHECK_FALSE(takes("query", "page=3"));
  CHECK_FALSE(takes("query", "pag"));
  CHECK(takes("header", "x-tenant"));
  CHECK(takes("header", "X-Tenant: acme"));
  CHECK_FALSE(takes("header", "X-Tenant: other"));
  CHECK_FALSE(takes("header", "X-Other"));
}

TEST_CASE("an aim by the body waits for it, and no longer than there is one") {
  using enum RequestAim::Match;
  const std::vector<RawSetting> raw = {{"body_pointer", std::string("/a/b=42"), ""}};
  CHECK(match(raw, R"({"a":{"b":42}})") == yes);
  CHECK(match(raw, R"({"a":{"b":"42"}})") == yes);
  CHECK(match(raw, R"({"a":{"b":43}})") == no);
  CHECK(match(raw, R"({"a":{"c":42}})") == no);
  CHECK(match(raw, R"({"a":{"b":4)", false) == needs_more);
  CHECK(match(raw, R"({"a":{"b":4)", true) == no);
  CHECK(match(raw, "no json", false) == no);
}

TEST_CASE("a share of keys is the same keys every time") {
  int hit = 0;
  for (int key = 0; key < 1000; ++key) {
    const auto aim = aim_from_raw({{"route", std::string("/orders/{id}"), ""},
                                   {"key", std::string("{id}"), ""},
                                   {"key_share", 0.3, ""}});
    REQUIRE(aim.has_value());
    const std::string block = "GET /orders/" + std::to_string(key) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    const Head head(block);
    const auto first = aim->matches({head, "", true});
    CHECK(first == aim->matches({head, "", true}));
    hit += first == RequestAim::Match::yes ? 1 : 0;
  }
  CHECK(hit > 250);
  CHECK(hit < 350);
}

TEST_CASE("a mistake in an aim by the request is told with what would be right") {
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"method", "get"},
                                                        {"route", "orders"},
                                                        {"query", "=2"},
                                                        {"header", ": x"},
                                                        {"body_pointer", "id"},
                                                        {"upstream_status", "2x"},
                                                        {"upstream_status", "500-400"},
                                                        {"key", "{id}"}}) {
    INFO(key << " " << value);
    const auto aim = aim_from_raw({{key, value, "d:7"}});
    REQUIRE_FALSE(aim.has_value());
    CHECK(aim.error().front().text().starts_with("d:7: \"" + value + "\" is no"));
  }
  CHECK(mistake("status", {{"upstream_status", std::string("500"), "d:7"}}) ==
        "d:7: a request that the server never sees has no status; write phase = \"after\", or "
        "leave it out");
}

TEST_CASE("a status is taken by number, class or range") {
  const auto of = [](const std::string& text, std::uint16_t status) {
    return aim_from_raw({{"upstream_status", text, ""}})->takes_status(status);
  };
  CHECK(of("any", 200));
  CHECK(of("2xx", 299));
  CHECK_FALSE(of("2xx", 300));
  CHECK(of("500-503", 503));
  CHECK_FALSE(of("500-503", 504));
  CHECK(of("404", 404));
}

TEST_CASE("a JSON pointer finds its value where it lies") {
  const std::string text = R"( {"a": [1, {"b/c": "x\"y"}, null], "d":{"e":true} ,"":7} )";
  CHECK(found(text, "/a/0") == "1");
  CHECK(found(text, "/a/1/b~1c") == R"("x\"y")");
  CHECK(found(text, "/a/2") == "null");
  CHECK(found(text, "/d/e") == "true");
  CHECK(found(text, "/") == "7");
  CHECK(found(text, "/d") == R"({"e":true})");
  CHECK(found(text, "/a/3") == "absent");
  CHECK(found(text, "/a/x") == "absent");
  CHECK(found(text, "/d/e/f") == "absent");
  CHECK(found(text, "/zz") == "absent");
  for (std::size_t cut = 0; cut + 1 < text.find("true") + 4; ++cut)
    CHECK(found(text.substr(0, cut), "/d/e") == "incomplete");
  CHECK(found(std::string(1000, '['), "/0/0") == "absent");  // deeper than is looked
}

TEST_CASE("the content of chunks is taken out of them, however they are split") {
  const std::string body = "4\r\nWiki\r\n5;x=y\r\npedia\r\nA\r\n in chunks\r\n0\r\nT: v\r\n\r\n";
  for (const std::size_t size : {std::size_t{1}, std::size_t{3}, body.size()}) {
    Chunked chunked;
    std::string content;
    for (std::size_t from = 0; from < body.size(); from += size)
      chunked.read(std::string_view(body).substr(from, size), content);
    CHECK(content == "Wikipedia in chunks");
    CHECK(chunked.over());
  }
}

TEST_CASE("a response is framed as its request needs it") {
  Request request{.exchange = 1, .method = "GET", .target = "/", .host = "a"};
  CHECK(response(request, 503, "A: b\r\n", "hey") ==
        "HTTP/1.1 503 Service Unavailable\r\nA: b\r\nContent-Length: 3\r\n\r\nhey");
  CHECK(response(request, 599, "", "") == "HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n");
  CHECK(response(request, 204, "", "hey") == "HTTP/1.1 204 No Content\r\n\r\n");
  request.method = "HEAD";
  request.keeps_alive = false;
  CHECK(response(request, 500, "", "hey") ==
        "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
}

namespace {

// A request at that time: what it was told, or "passed"; "early " before it.
std::string asked_at(Fault& half, Duration at, std::uint64_t exchange) {
  Tape tape;
  const Instant noon{12h};
  const Moment moment{noon + at, Draw(1), noon, "10.0.0.1"};
  static const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const Chunk chunk{get, moment.now, {"GET", exchange, true, true}};
  half.chunk(moment, chunk, tape);
  const std::string early = tape.count(Verb::early) > 0 ? "early " : "";
  if (tape.count(Verb::await_turn) == 0) return early + "passed";
  half.turn(moment, exchange, tape);
  half.chunk(moment, chunk, tape);
  for (const Said& said : tape.said) {
    if (said.verb != Verb::answer) continue;
    const Head head(said.bytes);
    return early + std::string(head.field("Retry-After").value_or("none"));
  }
  return "nothing";
}

}  // namespace

TEST_CASE("a rate limit counts per window and who comes back before the time it was told") {
  const auto fault = configured(
      "rate_limit", {{"limit", std::string("2"), ""}, {"window", std::string("10s"), ""}});
  const Halves first = fault->fresh_halves(), second = fault->fresh_halves();
  CHECK(asked_at(*first.upstream, 1s, 1) == "passed");
  CHECK(asked_at(*second.upstream, 2s, 1) == "passed");  // one limit for all connections
  CHECK(asked_at(*first.upstream, 3500ms, 2) == "7");
  CHECK(asked_at(*second.upstream, 4s, 2) == "early 6");
  CHECK(asked_at(*second.upstream, 10s, 3) == "passed");
}

TEST_CASE("what Retry-After says may be missing, a lie or no time at all") {
  const auto told = [](const std::string& how) {
    const auto fault = configured("rate_limit", {{"limit", std::string("0"), ""},
                                                 {"window", std::string("10s"), ""},
                                                 {"retry_after", how, ""}});
    const Halves halves = fault->fresh_halves();
    const std::string first = asked_at(*halves.upstream, 1s, 1);
    return first + ", " + asked_at(*halves.upstream, 60s, 2);
  };
  CHECK(told("missing") == "none, none");
  CHECK(told("0") == "0, 0");
  CHECK(told("garbage") == "soon, perhaps, soon, perhaps");
  CHECK(told("86400") == "86400, early 86400");
  const std::string date = told("http_date").substr(0, 29);
  CHECK(http::http_date_from(date).has_value());
}

TEST_CASE("who comes back before the date that it was told is early") {
  const auto fault = configured("rate_limit", {{"limit", std::string("0"), ""},
                                               {"window", std::string("10s"), ""},
                                               {"retry_after", std::string("http_date"), ""}});
  const Halves halves = fault->fresh_halves();
  // The window ends at 10 s, and the date is the first whole second of the wall clock after it.
  const auto early = [&](Duration at, std::uint64_t ordinal) {
    return asked_at(*halves.upstream, at, ordinal).starts_with("early ");
  };
  CHECK_FALSE(early(1s, 1));
  CHECK(early(2s, 2));
  CHECK(early(9900ms, 3));
  CHECK_FALSE(early(11s, 4));  // and is told of 20 s
  CHECK(early(19900ms, 5));
  CHECK_FALSE(early(21s, 6));
}
