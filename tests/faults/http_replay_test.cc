// What the HTTP faults that remember, change or repeat make of a request and its response, on the
// two halves of one connection.

#include <set>

#include "faults/http/head.h"
#include "faults/http/json_place.h"
#include "faults/http/rule.h"
#include "tests/support/fault_stage.h"

using namespace faultline;
using namespace faultline::http;
using namespace std::chrono_literals;

namespace {

constexpr Instant noon{12h};

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}
std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// One connection; each exchange is a request and its response, both in one piece.
struct Talk {
  explicit Talk(const Fault& prototype) : halves(prototype.fresh_halves()) {}

  // What the server is given: the request, it twice, or nothing.
  std::string ask(const std::string& request, Duration at = {}) {
    const Moment moment{noon + at, Draw(1), noon};
    const Chunk chunk{request, moment.now, {"GET", ++exchange, true, true}};
    halves.upstream->chunk(moment, chunk, tape);
    if (tape.count(Verb::await_turn) > 0) {
      halves.upstream->turn(moment, exchange, tape);
      halves.upstream->chunk(moment, chunk, tape);
    }
    return gone_on(request);
  }
  // What the client is given of this response.
  std::string respond(const std::string& response, std::uint64_t seed = 1) {
    const Moment moment{noon, Draw(seed), noon};
    halves.downstream->chunk(moment, {response, noon, {"response", exchange, true, true}}, tape);
    return gone_on(response);
  }

  std::string gone_on(const std::string& as_it_came) {
    std::string text;
    answered.clear();
    for (const Said& said : tape.take()) {
      if (said.verb == Verb::pass) text += as_it_came;
      if (said.verb == Verb::replace) text += said.bytes;
      if (said.verb == Verb::answer) answered += said.bytes;
      if (said.verb == Verb::claim) ++claims;
    }
    return text;
  }

  Halves halves;
  Tape tape;
  std::uint64_t exchange = 0;
  std::string answered;  // to the client, at the last request
  int claims = 0;
};

// The body that a response with this one gets.
std::string mutated(const std::vector<RawSetting>& raw, const std::string& body,
                    std::uint64_t seed = 1) {
  Talk talk(*configured("body_mutate", raw));
  talk.ask(get("/"));
  const std::string text = talk.respond(ok(body), seed);
  const std::size_t head = Head::length(text);
  const std::string other = text.substr(head);
  CHECK(Head(std::string_view(text).substr(0, head)).field("Content-Length") ==
        std::to_string(other.size()));
  CHECK(talk.claims == (other == body ? 0 : 1));
  return other;
}

std::vector<RawSetting> how(const std::string& way, const std::string& pointer = "any",
                            const std::string& value = "null") {
  return {{"how", way, "d:1"}, {"pointer", pointer, "d:2"}, {"value", value, "d:3"}};
}

const std::string order = R"({"id": 42, "lines":[{"sku":"x"},true], "note":null})";

}  // namespace

TEST_CASE("the leaves of a JSON text are its values that hold no others") {
  const auto leaves = [](const std::string& text) {
    std::string all;
    for (const JsonPlace& place : json_leaves(text)) {
      all += text.substr(place.from, place.to - place.from) + " without ";
      std::string rest = text;
      all += rest.erase(place.member_from, place.member_to - place.member_from) + "; ";
    }
    return all;
  };
  CHECK(leaves(R"({"a":1,"b":[true,"x"],"c":{}})") ==
        R"(1 without {"b":[true,"x"],"c":{}}; true without {"a":1,"b":["x"],"c":{}}; )"
        R"("x" without {"a":1,"b":[true],"c":{}}; )");
  CHECK(leaves(R"("x")") == R"("x" without ; )");
  CHECK(leaves("[]").empty());
  CHECK(leaves(R"({"a":1,"b":)").empty());  // not whole
  CHECK(leaves("no json").empty());
  CHECK(leaves("1 2 ").empty());
  CHECK(leaves(std::string(1000, '[')).empty());
}

TEST_CASE("a value of a JSON body is set, gets another type, or goes") {
  CHECK(mutated(how("set", "/id", R"("forty-two")"), order) ==
        R"({"id": "forty-two", "lines":[{"sku":"x"},true], "note":null})");
  CHECK(mutated(how("type", "/id"), order) ==
        R"({"id": "42", "lines":[{"sku":"x"},true], "note":null})");
  CHECK(mutated(how("type", "/lines/0/sku"), order) ==
        R"({"id": 42, "lines":[{"sku":["x"]},true], "note":null})");
  CHECK(mutated(how("type", "/lines"), order) ==
        R"({"id": 42, "lines":[[{"sku":"x"},true]], "note":null})");
  CHECK(mutated(how("delete", "/id"), order) == R"({ "lines":[{"sku":"x"},true], "note":null})");
  CHECK(mutated(how("delete", "/note"), order) == R"({"id": 42, "lines":[{"sku":"x"},true]})");
  CHECK(mutated(how("delete", "/lines/1"), order) ==
        R"({"id": 42, "lines":[{"sku":"x"}], "note":null})");
  CHECK(mutated(how("type", ""), "7") == "\"7\"");
}

TEST_CASE("a body without such a value passes, and its request is not counted") {
  CHECK(mutated(how("set", "/none"), order) == order);
  CHECK(mutated(how("set", "/note"), order) == order);  // it is null already
  CHECK(mutated(how("type"), "<html>") == "<html>");
  CHECK(mutated(how("noise"), "").empty());
}

TEST_CASE("which value changes is drawn, the same from the same seed, and leaves JSON") {
  for (const std::string way : {"type", "set", "delete"}) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 64; ++seed) {
      const std::string body = mutated(how(way, "any", "[1]"), order, seed);
      CHECK(body == mutated(how(way, "any", "[1]"), order, seed));
      CHECK_FALSE(json_leaves(body).empty());
      seen.insert(body);
    }
    CHECK(seen.size() == 4);  // the four leaves
  }
  std::set<std::size_t> lengths;
  for (std::uint64_t seed = 0; seed < 64; ++seed)
    lengths.insert(mutated(how("noise"), "<html>", seed).size() - 6);
  CHECK(lengths.size() > 8);
  CHECK(*lengths.begin() >= 1);
  CHECK(*lengths.rbegin() <= 16);
}

TEST_CASE("a response that cannot be made anew passes as it came") {
  for (const std::string& response :
       {std::string("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n42"),
        "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + std::string(20000, '1'),
        "HTTP/1.1 200 OK\r\nX-Long: " + std::string(20000, 'x') +
            "\r\nContent-Length: 2\r\n\r\n42"}) {
    Talk talk(*configured("body_mutate"));
    talk.ask(get("/"));
    CHECK(talk.respond(response) == response);
    CHECK(talk.claims == 0);
  }
}

TEST_CASE("what is wrong with a mutation is told") {
  CHECK(mistake("body_mutate", how("set", "id")).starts_with("d:2: \"id\" is no JSON pointer"));
  for (const std::string value : {"", "nothing here", "{\"a\":", "1 2"})
    CHECK(mistake("body_mutate", how("set", "any", value)).starts_with("d:3: "));
  CHECK(mistake("body_mutate", how("set", "any", "{\"a\": [1]}")).empty());
  CHECK(mistake("duplicate_request", {{"upstream_status", std::string("500"), "d:7"}}) ==
        "d:7: a request is sent twice before the server responds; leave it out");
  CHECK(mistake("stale_reply", {{"upstream_status", std::string("500"), "d:7"}})
            .starts_with("d:7: a request that the server never sees has no status"));
}

TEST_CASE("an earlier response is given again to the same request, on every connection") {
  const auto fault = configured("stale_reply");
  Talk first(*fault), second(*fault);
  CHECK(first.ask(get("/a")) == get("/a"));
  CHECK(first.respond(ok("old")) == ok("old"));
  CHECK(first.ask(get("/b")) == get("/b"));
  CHECK(first.claims == 0);  // asked for the first time: not counted
  CHECK(second.ask(get("/a")).empty());
  CHECK(second.answered == ok("old"));
  second.tape.takes = false;  // whom the aim spares
  CHECK(second.ask(get("/a")) == get("/a"));
  CHECK(second.respond(ok("new")) == ok("new"));
  CHECK(first.ask(get("/a")).empty());
  CHECK(first.answered == ok("old"));  // the first is kept
}

TEST_CASE("only good and whole responses of some age are given again") {
  const auto fault = configured("stale_reply", {{"age", std::string("10s"), ""}});
  Talk talk(*fault);
  const std::string busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
  const std::string part = "HTTP/1.1 206 Part\r\nContent-Length: 1\r\n\r\nx";
  const std::string endless = "HTTP/1.1 200 OK\r\n\r\nto the end";
  for (const std::string& response : {busy, part, endless, ok(std::string(40000, 'x')), ok("x")}) {
    CHECK(talk.ask(get("/"), 20s) == get("/"));  // nothing is remembered so far
    CHECK(talk.respond(response) == response);
  }
  CHECK(talk.ask(get("/"), 9s) == get("/"));
  CHECK(talk.ask(get("/"), 10s).empty());
  CHECK(talk.answered == ok("x"));

  talk.halves.upstream->update(*configured("stale_reply"));
  CHECK(talk.ask(get("/"), 20s) == get("/"));
}

TEST_CASE("a stale reply after the work replaces the new response") {
  const auto fault = configured("stale_reply", {{"phase", std::string("after"), ""}});
  Talk talk(*fault);
  talk.ask(get("/"));
  talk.respond(ok("old"));
  CHECK(talk.ask(get("/")) == get("/"));
  CHECK(talk.respond(ok("brand new")) == ok("old"));
}

TEST_CASE("a request goes on twice, and one of its responses reaches the client") {
  for (const std::string answer : {"first", "second"}) {
    Talk talk(*configured("duplicate_request", {{"answer", answer, ""}}));
    CHECK(talk.ask(get("/")) == get("/") + get("/"));
    const std::string early = "HTTP/1.1 103 Early\r\n\r\n";
    const bool first = answer == "first";
    CHECK(talk.respond(early) == (first ? early : ""));
    CHECK(talk.respond(ok("1")) == (first ? ok("1") : ""));
    CHECK(talk.respond(early) == (first ? "" : early));
    CHECK(talk.respond(ok("2")) == (first ? "" : ok("2")));
    CHECK(talk.ask(get("/")) == get("/") + get("/"));
  }
}

TEST_CASE("what a second copy would break is not repeated") {
  Talk talk(*configured("duplicate_request"));
  for (const std::string& request :
       {std::string("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        std::string("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
                    "2\r\n\r\nab"),
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" + std::string(70000, 'x')})
    CHECK(talk.ask(request) == request);
  CHECK(talk.claims == 0);
}
