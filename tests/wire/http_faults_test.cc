// The HTTP faults on real sockets: what the client sees, what the server sees, what the journal
// says of both, and what was touched.

#include <map>
#include <string>

#include "tests/support/http_line.h"

using namespace faultline;
using namespace faultline::http_line;

TEST_CASE("status before: the server sees nothing, the client is told, the connection goes on") {
  WireRig rig("http");
  const FaultId fault = rig.arm("status", {{"code", "502", ""}, {"route", "/orders/{id}", ""}});
  Line line(rig);
  line.untouched();
  line.client.say(get);
  CHECK(status_of(line.hear_response()) == "502");
  line.untouched();
  CHECK(journal(rig, 3) ==
        Lines{"1 forwarded ack 200", "2 withheld ambiguous 502 fault", "3 forwarded ack 200"});
  CHECK(rig.engine->touched(fault).messages == 1);
  CHECK(rig.engine->touched(fault).connections == 1);
}

TEST_CASE("status after: the server did the work, and its response is replaced") {
  WireRig rig("http");
  rig.arm("status", {{"phase", "after", ""}, {"method", "POST", ""}, {"preset", "nginx_502", ""}});
  Line line(rig);
  line.serve(post, "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
  const std::string heard = line.hear_response();
  CHECK(status_of(heard) == "502");
  CHECK(heard.find("nginx") != heard.npos);
  line.untouched();
  CHECK(journal(rig, 2) == Lines{"1 forwarded ambiguous 502 fault", "2 forwarded ack 200"});
}

TEST_CASE("the body of a request that nobody gets is consumed, whatever its pieces") {
  WireRig rig("http");
  rig.arm("status", {{"body_pointer", "/customer/id=42", ""}, {"code", "429", ""}});
  Line line(rig);
  for (const char c : post) {
    line.client.say(std::string(1, c));
    poll(nullptr, 0, 1);
  }
  CHECK(status_of(line.hear_response()) == "429");
  std::string spared = post;
  spared.replace(spared.find("42"), 2, "43");
  for (const char c : spared) {
    line.client.say(std::string(1, c));
    poll(nullptr, 0, 1);
  }
  line.respond(spared);
  CHECK(line.client.hear(ok.size()) == ok);
}

TEST_CASE("an answer leaves in its place among pipelined responses") {
  WireRig rig("http");
  rig.arm("status", {{"route", "/orders/*", ""}});
  Line line(rig);
  line.client.say(other + get + other + get + get + other);
  line.respond(other);
  CHECK(line.client.hear(ok.size()) == ok);
  CHECK(status_of(line.hear_response()) == "503");
  line.respond(other);
  CHECK(line.client.hear(ok.size()) == ok);
  CHECK(status_of(line.hear_response()) == "503");
  CHECK(status_of(line.hear_response()) == "503");
  line.respond(other);
  CHECK(line.client.hear(ok.size()) == ok);
  CHECK(journal(rig, 6) == Lines{"1 forwarded ack 200", "2 withheld failure 503 fault",
                                 "3 forwarded ack 200", "4 withheld failure 503 fault",
                                 "5 withheld failure 503 fault", "6 forwarded ack 200"});
}

TEST_CASE("what awaits its turn goes on when the connection stops making sense") {
  WireRig rig("http");
  rig.arm("status", {{"route", "/orders/*", ""}});
  Line line(rig);
  line.client.say(other + get);
  line.respond(other, "SSH-2.0-x\r\n");
  CHECK(line.server.hear(get.size()) == get);
}

TEST_CASE("an answer waits for what a later fault still holds") {
  WireRig rig("http");
  rig.arm("status", {{"route", "/orders/*", ""}});
  rig.arm("latency", {{"delay", "100ms", ""}}, Aim{.directions = Directions::downstream});
  Line line(rig);
  line.client.say(other + get);
  line.respond(other);
  CHECK(line.client.hear(ok.size()) == ok);
  CHECK(status_of(line.hear_response()) == "503");
}

TEST_CASE("who asked for the connection to be closed is answered and sent a FIN") {
  WireRig rig("http");
  rig.arm("status");
  Line line(rig);
  line.client.say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(line.hear_response().find("Connection: close\r\n") != std::string::npos);
  CHECK(line.client.ending() == "FIN");
  CHECK(line.server.ending() == "FIN");
}

TEST_CASE("HEAD is answered without a body, and who expects 100 gets it before the answer") {
  WireRig rig("http");
  rig.arm("status");
  Line line(rig);
  line.client.say("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string head;
  while (!head.ends_with("\r\n\r\n")) head += line.client.hear(1);
  CHECK(status_of(head) == "503");
  line.client.say("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  CHECK(status_of(line.hear_response()) == "100");
  line.client.say("abc");
  CHECK(status_of(line.hear_response()) == "503");
}

TEST_CASE("error_after replaces a response in pieces, of the status it is for") {
  WireRig rig("http");
  rig.arm("error_after", {{"code", "504", ""}, {"upstream_status", "2xx", ""}}, Aim{.first = 1});
  Line line(rig);
  line.serve(get, "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno");
  CHECK(status_of(line.hear_response()) == "404");
  line.client.say(get);
  CHECK(line.server.hear(get.size()) == get);
  for (const char c : ok) {
    line.server.say(std::string(1, c));
    poll(nullptr, 0, 1);
  }
  CHECK(status_of(line.hear_response()) == "504");
  line.untouched();
  CHECK(journal(rig, 3) ==
        Lines{"1 forwarded failure 404", "2 forwarded ambiguous 504 fault", "3 forwarded ack 200"});
}

TEST_CASE("lose_response and never_sent look alike and are not") {
  for (const std::string then : {"close", "reset"}) {
    const std::string ending = then == "close" ? "FIN" : "RST";
    {
      WireRig rig("http");
      rig.arm("lose_response", {{"then", then, ""}});
      Line line(rig);
      line.serve(post);
      CHECK(line.client.ending() == ending);
      CHECK(journal(rig, 1) == Lines{"1 forwarded nothing  fault"});
    }
    WireRig rig("http");
    rig.arm("never_sent", {{"then", then, ""}});
    Line line(rig);
    line.client.say(post);
    CHECK(line.client.ending() == ending);
    CHECK(line.server.ending() == ending);
    CHECK(journal(rig, 1) == Lines{"1 withheld nothing  fault"});
  }
}

TEST_CASE("silence lasts until the client gives up, or the fault is disarmed") {
  for (const std::string kind : {"lose_response", "never_sent"}) {
    INFO(kind);
    for (const bool healed : {false, true}) {
      WireRig rig("http");
      const FaultId fault = rig.arm(kind, {{"then", "hang", ""}});
      Line line(rig);
      line.client.say(post);
      if (kind == "lose_response") line.respond(post);
      while (rig.engine->touched(fault).bytes == 0) poll(nullptr, 0, 1);
      CHECK(line.client.silent());
      if (healed) {
        rig.engine->disarm(fault);
        CHECK(line.client.ending() == "RST");
      } else {
        line.client.finish();
        CHECK(line.client.ending() == "FIN");
      }
      const std::string fate = kind == "lose_response" ? "forwarded" : "withheld";
      CHECK(journal(rig, 1) == Lines{"1 " + fate + " nothing  fault"});
    }
  }
}

TEST_CASE("a hanging response goes on after its time, or when the fault is disarmed") {
  for (const std::string place : {"before_headers", "after_headers", "mid_body"}) {
    INFO(place);
    const std::size_t front = place == "before_headers" ? 0 : ok.size() - 5 + (place == "mid_body");
    for (const bool healed : {false, true}) {
      WireRig rig("http");
      const FaultId fault = rig.arm(
          "hang", {{"place", place, ""}, {"time", healed ? "1h" : "50ms", ""}}, Aim{.first = 1});
      Line line(rig);
      line.serve(get);
      CHECK(line.client.hear(front) == ok.substr(0, front));
      if (healed) {
        while (rig.engine->touched(fault).bytes == 0) poll(nullptr, 0, 1);
        CHECK(line.client.silent());
        rig.engine->disarm(fault);
      }
      CHECK(line.client.hear(ok.size() - front) == ok.substr(front));
      line.untouched();
      const Lines lines = journal(rig, 2);
      CHECK(lines[0] == std::string("1 forwarded ack 200") + (healed ? "" : " fault"));
      CHECK(lines[1] == "2 forwarded ack 200");
    }
  }
}

TEST_CASE("a client that finishes while its response hangs is let go") {
  WireRig rig("http");
  rig.arm("hang");
  Line line(rig);
  line.serve(get);
  line.client.finish();
  CHECK(line.client.ending() == "FIN");
  rig.events.await(EventKind::connection_closed);
  CHECK(journal(rig, 1) == Lines{"1 forwarded nothing  fault"});
}

TEST_CASE("a trickling response is whole") {
  WireRig rig("http");
  rig.arm("trickle", {{"rate", "500B", ""}});
  Line line(rig);
  line.serve(get);
  CHECK(line.client.hear(ok.size()) == ok);
  line.serve(get);
  CHECK(line.client.hear(ok.size()) == ok);
  CHECK(journal(rig, 2) == Lines{"1 forwarded ack 200 fault", "2 forwarded ack 200 fault"});
}

TEST_CASE("a truncated response keeps its length, or has none") {
  WireRig rig("http");
  const FaultId fault = rig.arm("truncate", {{"bytes", "2B", ""}});
  {
    Line line(rig);
    line.serve(get);
    CHECK(line.client.hear(99) == ok.substr(0, ok.size() - 3));
  }
  rig.engine->disarm(fault);
  rig.arm("truncate", {{"bytes", "4B", ""}, {"how", "silent", ""}});
  {
    Line line(rig);
    line.serve(get,
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n2\r\nhe\r\n3\r\nl"
               "lo\r\n0\r\n\r\n");
    CHECK(line.client.hear(99) == "HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\nhell");
  }
  CHECK(journal(rig, 2) == Lines{"1 forwarded nothing  fault", "1 forwarded ack 200 fault"});
}

TEST_CASE("exact numbers: each request is hit by one fault at most") {
  WireRig rig("http", {.workers = 2});
  rig.arm("never_sent", {}, Aim{.count = 7, .of = 200});
  rig.arm("status", {{"code", "502", ""}}, Aim{.count = 40, .of = 193});
  rig.arm("error_after", {{"code", "500", ""}}, Aim{.first = 3});
  rig.arm("status", {{"code", "429", ""}}, Aim{.count = 11, .of = 150});
  std::map<std::string, int> heard;
  for (int sent = 0; sent < 200;) {
    Line line(rig);
    while (sent < 200) {
      line.client.say(get);
      ++sent;
      // Either the server is given the request, or the client is told something.
      pollfd either[2] = {{line.client.fd(), POLLIN, 0}, {line.server.fd(), POLLIN, 0}};
      REQUIRE(poll(either, 2, patience_ms) > 0);
      char byte = 0;  // the server may also be told of the end, before the client is
      const bool given = recv(line.server.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
      if (either[0].revents == 0 && given) line.respond(get);
      const std::string response = line.hear_response();
      ++heard[response.empty() ? "nothing" : status_of(response)];
      if (response.empty()) break;
    }
  }
  CHECK(heard == std::map<std::string, int>{
                     {"nothing", 7}, {"502", 40}, {"500", 3}, {"429", 11}, {"200", 139}});
}

TEST_CASE("a fault aimed at nothing touches nothing, even of messages in pieces") {
  WireRig rig("http");
  const FaultId fault = rig.arm("status", {{"route", "/nowhere", ""}});
  const FaultId after = rig.arm("hang", {{"upstream_status", "418", ""}});
  Line line(rig);
  for (int i = 0; i < 3; ++i) {
    for (const char c : post) {
      line.client.say(std::string(1, c));
      poll(nullptr, 0, 1);
    }
    CHECK(line.server.hear(post.size()) == post);
    for (const char c : ok) {
      line.server.say(std::string(1, c));
      poll(nullptr, 0, 1);
    }
    CHECK(line.client.hear(ok.size()) == ok);
  }
  CHECK_FALSE(rig.engine->disarm(fault).in_force == Instant{});
  CHECK_FALSE(rig.engine->touched(fault).any());
  CHECK_FALSE(rig.engine->touched(after).any());
}

TEST_CASE("a connection that stopped making sense is left alone") {
  WireRig rig("http");
  const FaultId fault = rig.arm("status");
  Line line(rig);
  line.client.say("NONSENSE\r\n\r\n" + get);
  CHECK(line.server.hear(12 + get.size()) == "NONSENSE\r\n\r\n" + get);
  line.server.say("what?");
  CHECK(line.client.hear(5) == "what?");
  CHECK_FALSE(rig.engine->touched(fault).any());
}
