// Faults that do away with connections or with time, on real sockets and in both directions.

#include <array>
#include <future>

#include "tests/support/catch.h"
#include "tests/support/wire_rig.h"

using namespace faultline;

namespace {

// A connection as its sender and its receiver in one direction.
struct Line {
  Line(WireRig& rig, Directions along)
      : client(rig.client()),
        server(rig.server()),
        sender(along == Directions::upstream ? client : server),
        receiver(along == Directions::upstream ? server : client) {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void exchange() {
    client.say("ping");
    CHECK(server.hear(4) == "ping");
    server.say("pong");
    CHECK(client.hear(4) == "pong");
  }

  Peer client, server;
  Peer& sender;
  Peer& receiver;
};

constexpr std::array each_direction = {Directions::upstream, Directions::downstream};

// Tries until a phase of a millisecond is over, which is long before the last.
constexpr int many = 100'000;

Aim toward(Directions along) { return {.directions = along}; }

std::vector<RawSetting> flapping(const std::string& how) {
  return {{"up", "1ms", ""}, {"down", "1h", ""}, {"how", how, ""}};
}

}  // namespace

TEST_CASE("reset after so many bytes passes those and resets both sides, in each direction") {
  for (const Directions along : each_direction) {
    WireRig rig;
    Line idle(rig, along), old(rig, along);
    const FaultId fault = rig.arm("reset", {{"after", "5B", ""}}, toward(along));
    Line fresh(rig, along);
    for (Line* line : {&old, &fresh}) {
      line->sender.say("hell");
      CHECK(line->receiver.hear(4) == "hell");
      line->receiver.say("the other direction does not count");
      CHECK(line->sender.hear(34).size() == 34);
      line->sender.say("o, world");
      CHECK(line->receiver.hear(1) == "o");
      CHECK(line->receiver.ending() == "RST");
      CHECK(line->sender.ending() == "RST");
    }
    idle.exchange();
    rig.engine->disarm(fault);
    const Touched touched = rig.engine->touched(fault);
    CHECK(touched.connections == 2);
    CHECK(touched.bytes == 14);
    idle.sender.say("and goes on");
    CHECK(idle.receiver.hear(11) == "and goes on");
  }
}

TEST_CASE("slow_accept lets new clients wait with what they say, and live ones go on") {
  for (const Directions along : each_direction) {
    WireRig rig;
    Line live(rig, along);
    const FaultId fault = rig.arm("slow_accept", {{"delay", "1h", ""}}, toward(along));
    Peer client = rig.client();
    client.say("hello");
    client.finish();
    rig.events.await(EventKind::fault_touched);
    live.exchange();
    CHECK_FALSE(rig.dialed());
    rig.engine->disarm(fault);
    Peer server = rig.server();
    CHECK(server.hear(6) == "hello");
    CHECK(server.ending() == "FIN");
    server.say("you are late");
    CHECK(client.hear(12) == "you are late");
    CHECK(rig.engine->touched(fault).connections == 1);
  }
}

TEST_CASE("slow_accept serves by itself when the time has come, an update included") {
  WireRig rig;
  rig.arm("slow_accept", {{"delay", "10ms", ""}, {"jitter", "10ms", ""}});
  Line(rig, Directions::upstream).exchange();

  WireRig updated;
  const FaultId fault = updated.arm("slow_accept", {{"delay", "1h", ""}});
  Peer client = updated.client();
  updated.events.await(EventKind::fault_touched);
  FaultSpec sooner;
  sooner.name = "fault";
  sooner.kind = find_fault_kind("slow_accept");
  const std::vector<RawSetting> soon = {{"delay", "1ms", ""}};
  sooner.prototype =
      std::move(*sooner.kind->make(*read_settings(sooner.kind->parameters, soon, "test")));
  updated.engine->update(fault, sooner);
  client.say("x");
  Peer server = updated.server();
  CHECK(server.hear(1) == "x");
}

TEST_CASE("a client that goes with an RST while it waits is never dialed for") {
  WireRig rig;
  const FaultId fault = rig.arm("slow_accept", {{"delay", "1h", ""}});
  Peer client = rig.client();
  rig.events.await(EventKind::fault_touched);
  client.reset();
  rig.events.await(EventKind::connection_closed);
  rig.engine->disarm(fault);
  CHECK_FALSE(rig.dialed());
}

TEST_CASE("silent_death swallows bytes, FIN and RST of live connections, and new ones live") {
  WireRig rig("tcp", {.workers = 2});
  Line talking(rig, Directions::upstream), finishing(rig, Directions::upstream),
      resetting(rig, Directions::upstream), idle(rig, Directions::upstream);
  const FaultId fault = rig.arm("silent_death");
  Line fresh(rig, Directions::upstream);
  talking.client.say("lost");
  talking.server.say("lost too");
  finishing.client.finish();
  rig.events.await(EventKind::peer_ended);
  resetting.client.reset();
  rig.events.await(EventKind::peer_reset);
  rig.events.await(EventKind::fault_touched, 4);  // both directions of the first, two others
  fresh.exchange();
  for (Line* dead : {&talking, &finishing, &resetting, &idle}) CHECK(dead->server.silent());
  CHECK(talking.client.silent());

  rig.engine->disarm(fault);
  for (Line* dead : {&talking, &finishing, &resetting, &idle})
    CHECK(dead->server.ending() == "RST");
  CHECK(talking.client.ending() == "RST");
  CHECK(idle.client.ending() == "RST");
  fresh.exchange();
  const Touched touched = rig.engine->touched(fault);
  CHECK(touched.connections == 4);
  CHECK(touched.bytes == 12);
}

TEST_CASE("silent_death of one direction leaves the other alive, and new may be the dead") {
  for (const Directions along : each_direction) {
    WireRig rig;
    Line old(rig, along);
    const FaultId fault = rig.arm("silent_death", {{"connections", "new", ""}}, toward(along));
    Line fresh(rig, along);
    fresh.sender.say("lost");
    rig.events.await(EventKind::fault_touched);
    fresh.receiver.say("heard");
    CHECK(fresh.sender.hear(5) == "heard");
    CHECK(fresh.receiver.silent());
    rig.engine->disarm(fault);
    CHECK(fresh.receiver.ending() == "RST");
    CHECK(fresh.sender.ending() == "RST");
    old.exchange();
  }
}

TEST_CASE("flap by stall holds bytes, FIN and new connections while it is down") {
  for (const Directions along : each_direction) {
    WireRig rig;
    Line line(rig, along);
    const FaultId fault = rig.arm("flap", flapping("stall"), toward(along));
    std::string said;
    for (int i = 0; i < many && !rig.engine->touched(fault).any(); ++i) {
      line.sender.say("tick ");
      said += "tick ";
    }
    line.sender.finish();
    rig.events.await(EventKind::peer_ended);
    Peer client = rig.client();
    client.say("hello");
    rig.events.await(EventKind::fault_touched, 2);
    CHECK_FALSE(rig.dialed());
    rig.engine->disarm(fault);
    CHECK(line.receiver.hear(said.size() + 1) == said);
    CHECK(line.receiver.ending() == "FIN");
    Peer server = rig.server();
    CHECK(server.hear(5) == "hello");
  }
}

TEST_CASE("a stream that flaps fast arrives whole") {
  for (const Directions along : each_direction) {
    WireRig rig;
    Line line(rig, along);
    const FaultId fault = rig.arm(
        "flap", {{"up", "3ms", ""}, {"down", "2ms", ""}, {"jitter", "1ms", ""}}, toward(along));
    std::string sent;
    auto speaking = std::async(std::launch::async, [&] {
      for (int i = 0; i < 400; ++i) {
        const std::string part(1000, static_cast<char>('a' + i % 26));
        sent += part;
        line.sender.say(part);
      }
      line.sender.finish();
    });
    const std::string heard = line.receiver.hear(400'001);
    speaking.get();
    CHECK((heard == sent));
    rig.engine->disarm(fault);
  }
}

TEST_CASE("flap by reset ends idle live connections and new ones when it goes down") {
  WireRig rig("tcp", {.workers = 2});
  Line one(rig, Directions::upstream), two(rig, Directions::upstream);
  const FaultId fault = rig.arm("flap", flapping("reset"));
  for (Line* line : {&one, &two}) {
    CHECK(line->client.ending() == "RST");
    CHECK(line->server.ending() == "RST");
  }
  CHECK(rig.client().ending() == "RST");
  CHECK_FALSE(rig.dialed());
  rig.engine->disarm(fault);
  CHECK(rig.engine->touched(fault).connections == 3);
  Line(rig, Directions::upstream).exchange();
}

TEST_CASE("flap by refuse turns new clients away while it is down and lets live ones talk") {
  WireRig rig;
  Line live(rig, Directions::upstream);
  const FaultId fault = rig.arm("flap", flapping("refuse"));
  // A client that came while it was up is served, and its server is among those that wait.
  for (int i = 0; i < many && !rig.engine->touched(fault).any(); ++i) rig.client();
  CHECK(rig.client().ending() == "RST");
  live.exchange();
  rig.engine->disarm(fault);
  live.exchange();
}

TEST_CASE("loss delays and loses nothing, in each direction") {
  for (const Directions along : each_direction) {
    WireRig rig;
    Line line(rig, along);
    const FaultId fault =
        rig.arm("loss", {{"probability", 1.0, ""}, {"rto", "1m", ""}}, toward(along));
    line.sender.say("held");
    line.sender.finish();
    rig.events.await(EventKind::peer_ended);
    rig.events.await(EventKind::fault_touched);
    CHECK(line.receiver.silent());
    line.receiver.say("free");
    CHECK(line.sender.hear(4) == "free");
    rig.engine->disarm(fault);
    CHECK(line.receiver.hear(5) == "held");
    CHECK(line.receiver.ending() == "FIN");
    CHECK(rig.engine->touched(fault).bytes == 4);
  }
}

TEST_CASE("a lossy stream arrives whole and in order by itself") {
  for (const Directions along : each_direction) {
    WireRig rig;
    Line line(rig, along);
    const FaultId fault = rig.arm("loss",
                                  {{"probability", 0.3, ""},
                                   {"correlation", 0.3, ""},
                                   {"rto", "1ms", ""},
                                   {"max", "4ms", ""}},
                                  toward(along));
    std::string sent;
    for (int i = 0; i < 200; ++i) {
      const std::string part(100, static_cast<char>('a' + i % 26));
      sent += part;
      line.sender.say(part);
      // One chunk at a time, so that there are enough of them for chance to hit one.
      CHECK(line.receiver.hear(100) == part);
    }
    const Touched touched = rig.engine->touched(fault);
    CHECK(touched.messages > 20);
    CHECK(touched.messages < 180);
  }
}
