// The HTTP faults that remember, change or repeat, on real sockets: what both sides see, and what
// the journal says of it.

#include <algorithm>
#include <string>

#include "tests/support/http_line.h"

using namespace faultline;
using namespace faultline::http_line;

namespace {

std::string created(const std::string& body) {
  return "HTTP/1.1 201 Created\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

void in_pieces(Peer& peer, const std::string& text) {
  for (const char c : text) {
    peer.say(std::string(1, c));
    poll(nullptr, 0, 1);
  }
}

const std::string failed = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";

}  // namespace

TEST_CASE("a duplicated request reaches the server twice, and its client hears the first") {
  WireRig rig("http");
  const FaultId fault = rig.arm("duplicate_request", {{"method", "POST", ""}}, Aim{.first = 1});
  Line line(rig);
  line.client.say(post);
  line.respond(post + post, created("one"));
  CHECK(line.client.hear(created("one").size()) == created("one"));
  line.server.say(failed);
  line.untouched(other);
  line.untouched(post);
  CHECK(journal(rig, 3) ==
        Lines{"1 repeated ack 201 fault", "2 forwarded ack 200", "3 forwarded ack 200"});
  CHECK(rig.engine->touched(fault).messages == 1);
  CHECK(rig.engine->touched(fault).connections == 1);
}

TEST_CASE("or it hears the second, whatever the first was") {
  WireRig rig("http");
  rig.arm("duplicate_request", {{"answer", "second", ""}}, Aim{.first = 1});
  Line line(rig);
  in_pieces(line.client, post);
  line.respond(post + post, failed);
  line.server.say(created("two"));
  CHECK(line.client.hear(created("two").size()) == created("two"));
  line.untouched();
  CHECK(journal(rig, 2) == Lines{"1 repeated ack 201 fault", "2 forwarded ack 200"});
}

TEST_CASE("a copy goes before the requests that follow, and both responses before theirs") {
  WireRig rig("http");
  rig.arm("duplicate_request", {{"method", "POST", ""}});
  rig.arm("status", {{"route", "/orders/*", ""}});
  Line line(rig);
  line.client.say(post + get + other);
  CHECK(line.server.hear(2 * post.size()) == post + post);
  in_pieces(line.server, created("one"));
  CHECK(line.client.hear(created("one").size()) == created("one"));
  CHECK(line.client.silent());
  in_pieces(line.server, created("two"));
  CHECK(status_of(line.hear_response()) == "503");
  line.respond(other);
  CHECK(line.client.hear(ok.size()) == ok);
  CHECK(journal(rig, 3) ==
        Lines{"1 repeated ack 201 fault", "2 withheld failure 503 fault", "3 forwarded ack 200"});
}

TEST_CASE("a response that nobody asked for costs the connection when the fault is disarmed") {
  for (const bool late : {false, true}) {
    WireRig rig("http");
    const FaultId fault = rig.arm("duplicate_request", {}, Aim{.first = 1});
    Line line(rig);
    line.client.say(post);
    line.respond(post + post, created("one"));
    CHECK(line.client.hear(created("one").size()) == created("one"));
    if (late) {
      line.server.say(created("two"));
      line.untouched();  // so the second has come
    }
    rig.engine->disarm(fault);
    if (late) {
      line.untouched();
    } else {
      CHECK(line.client.ending() == "RST");
    }
  }
}

TEST_CASE("a server that closes behind its first response is heard") {
  WireRig rig("http");
  rig.arm("duplicate_request", {{"answer", "second", ""}});
  Line line(rig);
  line.client.say(post);
  const std::string last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  line.respond(post + post, last);
  line.server.finish();
  CHECK(line.client.hear(last.size()) == last);
  CHECK(line.client.ending() == "FIN");
  line.client.finish();
  CHECK(journal(rig, 1) == Lines{"1 repeated ack 200 fault"});
}

TEST_CASE("a stale reply is the earlier response, and the server never sees the request") {
  WireRig rig("http", {.workers = 2});
  const FaultId fault = rig.arm("stale_reply", {{"method", "GET", ""}}, Aim{.first = 2});
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nold\r\n0\r\nT: v\r\n\r\n";
  Line line(rig);
  line.client.say(get);
  CHECK(line.server.hear(get.size()) == get);
  in_pieces(line.server, chunked);
  CHECK(line.client.hear(chunked.size()) == chunked);
  line.untouched();  // another request: nothing earlier
  line.client.say(get);
  CHECK(line.client.hear(chunked.size()) == chunked);
  Line second(rig);
  second.client.say(get);
  CHECK(second.client.hear(chunked.size()) == chunked);
  second.untouched(get);  // whom the aim spares
  line.untouched(get);
  Lines lines = journal(rig, 6);
  std::ranges::sort(lines);
  CHECK(lines == Lines{"1 forwarded ack 200", "1 withheld ack 200 fault", "2 forwarded ack 200",
                       "2 forwarded ack 200", "3 withheld ack 200 fault", "4 forwarded ack 200"});
  CHECK(rig.engine->touched(fault).messages == 2);
  CHECK(rig.engine->touched(fault).connections == 2);
}

TEST_CASE("a stale reply after the work hides what the server says now") {
  WireRig rig("http");
  rig.arm("stale_reply", {{"phase", "after", ""}}, Aim{.nth = 2});
  Line line(rig);
  line.untouched(get);
  line.serve(get, created("new"));
  CHECK(line.client.hear(created("new").size()) == created("new"));
  line.serve(get, failed);
  CHECK(line.client.hear(ok.size()) == ok);
  line.untouched(get);
  CHECK(journal(rig, 4) == Lines{"1 forwarded ack 200", "2 forwarded ack 201",
                                 "3 forwarded ack 200 fault", "4 forwarded ack 200"});
}

TEST_CASE("a mutated body has its right length, in one piece or in many") {
  WireRig rig("http");
  const FaultId fault = rig.arm(
      "body_mutate", {{"how", "set", ""}, {"pointer", "/price", ""}, {"value", "\"a lot\"", ""}},
      Aim{.first = 2});
  Line line(rig);
  line.untouched();  // no JSON: not counted
  line.serve(get, created(R"({"price":1})"));
  CHECK(line.hear_response() == created(R"({"price":"a lot"})"));
  line.client.say(get);
  CHECK(line.server.hear(get.size()) == get);
  in_pieces(line.server, created(R"({"price":1,"x":2})"));
  CHECK(line.hear_response() == created(R"({"price":"a lot","x":2})"));
  line.serve(get, created(R"({"price":1})"));
  CHECK(line.hear_response() == created(R"({"price":1})"));
  CHECK(journal(rig, 4) == Lines{"1 forwarded ack 200", "2 forwarded ack 201 fault",
                                 "3 forwarded ack 201 fault", "4 forwarded ack 201"});
  CHECK(rig.engine->touched(fault).messages == 2);
}

TEST_CASE("a mutated body in chunks is one chunk, and its trailers stay") {
  WireRig rig("http");
  rig.arm("body_mutate", {{"how", "delete", ""}, {"pointer", "/b", ""}});
  Line line(rig);
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n";
  line.serve(get, head + "7\r\n{\"a\":1,\r\n6;e=f\r\n\"b\":2}\r\n0\r\nT: v\r\n\r\n");
  const std::string mutated = head + "7\r\n{\"a\":1}\r\n0\r\nT: v\r\n\r\n";
  CHECK(line.client.hear(mutated.size()) == mutated);
  line.untouched();
}

TEST_CASE("a response that is too long to be awaited flows while it comes") {
  WireRig rig("http");
  const FaultId fault = rig.arm("body_mutate", {{"how", "noise", ""}});
  Line line(rig);
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string chunk = "1000\r\n" + std::string(4096, 'x') + "\r\n";
  std::string said = head;
  for (int i = 0; i < 5; ++i) said += chunk;
  line.serve(get, said);
  CHECK(line.client.hear(said.size()) == said);
  line.server.say("0\r\n\r\n");
  CHECK(line.client.hear(5) == "0\r\n\r\n");
  CHECK(journal(rig, 1) == Lines{"1 forwarded ack 200"});
  CHECK_FALSE(rig.engine->touched(fault).any());
}
