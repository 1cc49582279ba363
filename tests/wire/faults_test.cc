// The kinds of fault on real sockets, in both directions: armed, updated and disarmed on a live
// connection.

#include <chrono>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/virtual_link.h"
#include "tests/support/wire_rig.h"

using namespace faultline;
using namespace std::chrono_literals;

namespace {

using Raw = std::vector<RawSetting>;

FaultSpec spec_of(std::unique_ptr<Fault> fault, const FaultKind* kind, Aim aim) {
  FaultSpec spec;
  spec.name = "fault";
  spec.kind = kind;
  spec.prototype = std::move(fault);
  spec.aim = aim;
  return spec;
}

FaultSpec native_spec(std::string_view kind, const Raw& raw, Directions directions) {
  return spec_of(native(kind, raw), find_fault_kind(kind), Aim{.directions = directions});
}

FaultSpec toxic_spec(std::string_view kind, const std::vector<Attribute>& given,
                     Directions directions, double toxicity = 1) {
  return spec_of(toxic(kind, given), find_toxic_kind(kind),
                 Aim{.directions = directions, .share = toxicity});
}

// One connection through the proxy, seen along one direction.
struct Line {
  explicit Line(WireRig& rig, Directions along)
      : client(rig.client()),
        server(rig.server()),
        sender(along == Directions::upstream ? client : server),
        receiver(along == Directions::upstream ? server : client) {}

  Peer client, server;
  Peer& sender;
  Peer& receiver;
};

std::string letters(std::size_t count, char first) {
  std::string text(count, 0);
  for (std::size_t i = 0; i < count; ++i)
    text[i] = static_cast<char>(first + static_cast<char>(i % 23));
  return text;
}

// A fault that loses nothing, before and after an update.
struct Gentle {
  std::string what;
  FaultSpec before, after;
};

std::vector<Gentle> gentle_faults(Directions along) {
  std::vector<Gentle> all;
  const auto add = [&](std::string_view kind, const Raw& before, const Raw& after) {
    all.push_back(
        {std::string(kind), native_spec(kind, before, along), native_spec(kind, after, along)});
  };
  const auto add_toxic = [&](std::string_view kind, const std::vector<Attribute>& before,
                             const std::vector<Attribute>& after) {
    all.push_back({"toxic " + std::string(kind), toxic_spec(kind, before, along),
                   toxic_spec(kind, after, along)});
  };
  for (const char* spread : {"uniform", "normal", "pareto", "table"}) {
    add("latency",
        {{"delay", "5ms", ""},
         {"jitter", "5ms", ""},
         {"distribution", spread, ""},
         {"table", "50%:1ms 100%:9ms", ""}},
        {{"delay", "1h", ""}});
  }
  add("latency", {{"delay", "2ms", ""}, {"wave", "saw", ""}, {"amplitude", "2ms", ""}},
      {{"delay", "1ms", ""}});
  add("bandwidth", {{"rate", "10KB", ""}}, {{"rate", "1MB", ""}});
  add("bandwidth", {{"rate", "1MB", ""}, {"per", "proxy", ""}}, {{"rate", "1KB", ""}});
  add("slice", {{"size", "100B", ""}, {"pause", "100us", ""}}, {{"size", "1B", ""}});
  add("stall", {}, {});
  add("limit", {{"bytes", "10B", ""}, {"then", "stall", ""}},
      {{"bytes", "70KB", ""}, {"then", "stall", ""}});
  add_toxic("noop", {}, {});
  add_toxic("latency", {{"latency", 5}, {"jitter", 5}}, {{"latency", 100'000}});
  add_toxic("bandwidth", {}, {{"rate", 500}});
  add_toxic("slow_close", {{"delay", 1}}, {{"delay", 1}});
  add_toxic("slicer", {{"average_size", 1000}, {"delay", 10}}, {});
  add_toxic("limit_data", {{"bytes", 1'000'000}}, {{"bytes", 2'000'000}});
  add_toxic("packet_loss", {}, {});
  return all;
}

constexpr Directions each_direction[] = {Directions::upstream, Directions::downstream};

}  // namespace

TEST_CASE("arming, updating and disarming a gentle fault on live traffic loses no byte") {
  for (const Directions along : each_direction) {
    for (const Gentle& fault : gentle_faults(along)) {
      INFO(fault.what << (along == Directions::upstream ? " upstream" : " downstream"));
      WireRig rig;
      Line line(rig, along);
      const std::string sent[] = {letters(9, 'a'), letters(100'000, 'A'), letters(50'000, 'a'),
                                  letters(70'000, 'A')};
      line.sender.say(sent[0]);
      CHECK(line.receiver.hear(9) == sent[0]);
      const FaultId id = rig.engine->arm(fault.before, {rig.proxy}).id;
      line.sender.say(sent[1]);
      rig.engine->update(id, fault.after);
      line.sender.say(sent[2]);
      rig.engine->disarm(id);
      line.sender.say(sent[3]);
      line.sender.finish();
      CHECK((line.receiver.hear(220'001) == sent[1] + sent[2] + sent[3]));
      CHECK(line.receiver.ending() == "FIN");
      line.receiver.say("and back");  // the half-closed connection lives on
      CHECK(line.sender.hear(8) == "and back");
    }
  }
}

TEST_CASE("bandwidth is no faster than its rate, and a shared rate is shared across workers") {
  const bool shared = GENERATE(false, true);
  for (const Directions along : each_direction) {
    wire::EngineOptions options;
    options.workers = 2;
    WireRig rig("tcp", options);
    Line one(rig, along), two(rig, along);
    rig.engine->arm(
        native_spec("bandwidth",
                    {{"rate", "1MB", ""}, {"per", shared ? "proxy" : "connection", ""}}, along),
        {rig.proxy});
    const auto from = std::chrono::steady_clock::now();
    one.sender.say(letters(200'000, 'a'));
    two.sender.say(letters(200'000, 'A'));
    CHECK((one.receiver.hear(200'000) == letters(200'000, 'a')));
    CHECK((two.receiver.hear(200'000) == letters(200'000, 'A')));
    CHECK(std::chrono::steady_clock::now() - from >= (shared ? 395ms : 195ms));
  }
}

TEST_CASE("rate 0 cuts a connection and its removal mends it, both ways") {
  for (const Directions along : each_direction) {
    WireRig rig;
    Line line(rig, along);
    const FaultId id = rig.engine->arm(toxic_spec("bandwidth", {}, along), {rig.proxy}).id;
    line.sender.say("held");
    line.sender.finish();
    rig.events.await(EventKind::peer_ended);
    CHECK(line.receiver.silent());
    rig.engine->disarm(id);
    CHECK(line.receiver.hear(5) == "held");
    CHECK(rig.engine->touched(id).bytes == 4);
  }
}

TEST_CASE("a limit ends the connection as it was told to, behind the bytes that passed") {
  for (const Directions along : each_direction) {
    for (const std::string then : {"close", "reset", "drop"}) {
      INFO(then);
      WireRig rig;
      Line line(rig, along);
      const FaultId id =
          rig.engine
              ->arm(native_spec("limit", {{"bytes", "100KB", ""}, {"then", then, ""}}, along),
                    {rig.proxy})
              .id;
      line.sender.say(letters(99'999, 'a'));
      CHECK((line.receiver.hear(99'999) == letters(99'999, 'a')));
      line.sender.say("bcd");
      if (then == "close") {
        CHECK(line.receiver.hear(2) == "b");
        CHECK(line.receiver.ending() == "FIN");
        CHECK(line.sender.ending() == "FIN");
      } else {
        if (then == "drop") {
          CHECK(line.receiver.hear(1) == "b");
          line.sender.say("efg");
          rig.engine->disarm(id);
        }
        CHECK(line.sender.ending() == "RST");
        CHECK(line.receiver.ending() == "RST");
      }
    }
  }
}

TEST_CASE("limit_data 0 closes a connection with its first chunk and leaves idle ones alone") {
  for (const Directions along : each_direction) {
    WireRig rig;
    Line idle(rig, along), line(rig, along);
    const FaultId id = rig.engine->arm(toxic_spec("limit_data", {}, along), {rig.proxy}).id;
    line.sender.say("x");
    CHECK(line.receiver.hear(1).empty());
    CHECK(line.sender.ending() == "FIN");
    rig.engine->disarm(id);
    idle.sender.say("x");
    CHECK(idle.receiver.hear(1) == "x");
  }
}

TEST_CASE("the timeout toxic drops, and closes after its time or when it is removed") {
  for (const Directions along : each_direction) {
    for (const std::int64_t timeout : {0, 50}) {
      WireRig rig;
      Line line(rig, along);
      const FaultId id =
          rig.engine->arm(toxic_spec("timeout", {{"timeout", timeout}}, along), {rig.proxy}).id;
      line.sender.say("lost");
      if (timeout == 0) {
        rig.events.await(EventKind::fault_touched);
        line.receiver.say("the other direction goes on");
        CHECK(line.sender.hear(27) == "the other direction goes on");
        rig.engine->disarm(id);
      }
      CHECK(line.receiver.hear(1).empty());
      CHECK(line.receiver.ending() == "FIN");
      CHECK(line.sender.ending() == "FIN");
    }
  }
}

// "RST not sent on existing connections", "toxicity 0 still resets":
// https://github.com/Shopify/toxiproxy/issues/603, https://github.com/Shopify/toxiproxy/issues/465
TEST_CASE("reset_peer resets live connections, idle ones too, and new ones when they are used") {
  for (const Directions along : each_direction) {
    WireRig rig;
    Line idle(rig, along);
    const FaultId id = rig.engine->arm(toxic_spec("reset_peer", {}, along), {rig.proxy}).id;
    CHECK(idle.client.ending() == "RST");
    CHECK(idle.server.ending() == "RST");
    Line fresh(rig, along);
    fresh.sender.say("x");
    CHECK(fresh.client.ending() == "RST");
    CHECK(fresh.server.ending() == "RST");
    rig.engine->disarm(id);

    const FaultId spared = rig.engine->arm(toxic_spec("reset_peer", {}, along, 0), {rig.proxy}).id;
    Line line(rig, along);
    line.sender.say("x");
    CHECK(line.receiver.hear(1) == "x");
    line.sender.close();
    CHECK(line.receiver.ending() == "FIN");
    CHECK(rig.engine->touched(spared).connections == 0);
  }
}

TEST_CASE("removing a reset_peer that waits never waits itself") {
  WireRig rig;
  Line line(rig, Directions::upstream);
  const FaultId id =
      rig.engine
          ->arm(toxic_spec("reset_peer", {{"timeout", 3'600'000}}, Directions::upstream),
                {rig.proxy})
          .id;
  line.client.say("lost");
  rig.events.await(EventKind::fault_touched);
  rig.engine->disarm(id);
  CHECK(line.client.ending() == "RST");
}

TEST_CASE("slow_close delays the FIN alone, until it is removed") {
  for (const Directions along : each_direction) {
    WireRig rig;
    Line line(rig, along);
    const FaultId id =
        rig.engine->arm(toxic_spec("slow_close", {{"delay", 3'600'000}}, along), {rig.proxy}).id;
    line.sender.say("x");
    line.sender.finish();
    CHECK(line.receiver.hear(1) == "x");
    rig.events.await(EventKind::fault_touched);
    CHECK(line.receiver.silent());
    rig.engine->disarm(id);
    CHECK(line.receiver.ending() == "FIN");
  }
}

TEST_CASE("half_close ends one direction of a connection and the other goes on") {
  for (const Directions along : each_direction) {
    WireRig rig;
    Line line(rig, along);
    rig.engine->arm(native_spec("half_close", {}, along), {rig.proxy});
    CHECK(line.receiver.ending() == "FIN");
    line.receiver.say("still here");
    CHECK(line.sender.hear(10) == "still here");
  }
}

TEST_CASE("corrupt alters bytes and keeps their number") {
  for (const Directions along : each_direction) {
    WireRig rig;
    Line line(rig, along);
    const FaultId id =
        rig.engine->arm(native_spec("corrupt", {{"interval", "10B", ""}}, along), {rig.proxy}).id;
    const std::string sent = letters(10'000, 'a');
    line.sender.say(sent);
    const std::string heard = line.receiver.hear(sent.size());
    REQUIRE(heard.size() == sent.size());
    std::size_t differing = 0;
    for (std::size_t i = 0; i < sent.size(); ++i) differing += heard[i] != sent[i] ? 1 : 0;
    CHECK(differing == 1000);
    CHECK(rig.engine->touched(id).bytes == 1000);
    rig.engine->disarm(id);
    line.sender.say(sent);
    CHECK((line.receiver.hear(sent.size()) == sent));
  }
}
