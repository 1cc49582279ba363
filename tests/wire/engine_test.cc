// What a control API asks of the engine while traffic flows.

#include <algorithm>

#include "tests/support/catch.h"
#include "tests/support/wire_rig.h"

using namespace std::chrono_literals;
using namespace faultline;

namespace {

bool refused(const Address& address) {
  wire::SocketAddress target;
  REQUIRE(wire::numeric(address, target));
  const wire::Descriptor socket(::socket(target.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(socket.get(), target.get(), target.length) != 0 && errno == ECONNREFUSED;
}

void exchange(Peer& client, Peer& server) {
  client.say("ping");
  CHECK(server.hear(4) == "ping");
  server.say("pong");
  CHECK(client.hear(4) == "pong");
}

FaultSpec spec_of(std::string_view kind, const std::vector<RawSetting>& raw, Aim aim = {}) {
  FaultSpec spec;
  spec.name = "fault";
  spec.kind = find_fault_kind(kind);
  REQUIRE(spec.kind != nullptr);
  spec.prototype = std::move(*spec.kind->make(*read_settings(spec.kind->parameters, raw, "test")));
  spec.aim = std::move(aim);
  return spec;
}

}  // namespace

TEST_CASE("a disabled proxy refuses, and both sides of its connections see a FIN") {
  WireRig rig("tcp", {.workers = 2});
  Peer client = rig.client();
  Peer server = rig.server();
  exchange(client, server);
  rig.engine->disable(rig.proxy);
  CHECK(client.ending() == "FIN");
  CHECK(server.ending() == "FIN");
  CHECK(refused(rig.front));
}

TEST_CASE("an enabled proxy comes back on its port, with its faults and its counting") {
  WireRig rig;
  rig.arm("reset", {}, Aim{.nth = 2});
  {
    Peer client = rig.client();
    Peer server = rig.server();
    exchange(client, server);
  }
  rig.engine->disable(rig.proxy);
  const auto again = rig.engine->enable(rig.proxy, rig.front);
  REQUIRE(again.has_value());
  CHECK(*again == rig.front);
  Peer second = rig.client();
  CHECK(second.ending() == "RST");
  Peer third = rig.client();
  Peer server = rig.server();
  exchange(third, server);
}

TEST_CASE("enabling what listens there already leaves its connections alone") {
  WireRig rig;
  Peer client = rig.client();
  Peer server = rig.server();
  REQUIRE(rig.engine->enable(rig.proxy, rig.front).has_value());
  exchange(client, server);
}

TEST_CASE("a taken port is told with its address and the kernel's reason") {
  WireRig rig;
  ProxySpec second;
  second.name = "second";
  second.upstream = rig.front;
  const ProxyId id = rig.engine->add(second);
  const auto enabled = rig.engine->enable(id, rig.front);
  REQUIRE_FALSE(enabled.has_value());
  CHECK(enabled.error().address == rig.front.text());
  CHECK(enabled.error().code == EADDRINUSE);
  const auto free = rig.engine->enable(id, {"127.0.0.1", 0});
  REQUIRE(free.has_value());
  CHECK(free->port != rig.front.port);
}

TEST_CASE("a new upstream is for connections from then on") {
  WireRig rig;
  WireRig other;
  Peer old_client = rig.client();
  Peer old_server = rig.server();
  rig.engine->retarget(rig.proxy, other.front);
  Peer client = rig.client();
  Peer server = other.server();
  exchange(client, server);
  exchange(old_client, old_server);
}

TEST_CASE("an unreachable upstream is told as the proxy says: reset or end") {
  const auto told = GENERATE(Unreachable::reset, Unreachable::end);
  WireRig rig;
  rig.stop_listening();
  ProxySpec spec;
  spec.name = "dead";
  spec.listen = {"127.0.0.1", 0};
  spec.upstream = {"127.0.0.1", 1};
  spec.unreachable = told;
  const auto opened = rig.engine->open(spec);
  REQUIRE(opened.has_value());
  Peer client = Peer::to(opened->listening);
  // Unread bytes must not turn the FIN into an RST. (An RST would be told to whoever says more.)
  if (told == Unreachable::end) client.say("bytes that nobody reads");
  CHECK(client.ending() == (told == Unreachable::reset ? "RST" : "FIN"));
}

TEST_CASE("a new connection under `close` gets a FIN though its upstream is dead") {
  WireRig rig;
  rig.stop_listening();
  rig.arm("close");
  Peer client = rig.client();
  CHECK(client.ending() == "FIN");
}

TEST_CASE("an update changes what a fault does and to whom, on live connections") {
  WireRig rig;
  Peer client = rig.client();
  Peer server = rig.server();
  const FaultId fault = rig.arm("stall", {}, Aim{.directions = Directions::downstream});
  server.say("held");
  client.say("seen");
  CHECK(server.hear(4) == "seen");
  CHECK(client.silent());
  rig.engine->update(fault, spec_of("stall", {}, Aim{.directions = Directions::upstream}));
  CHECK(client.hear(4) == "held");
  client.say("later");
  rig.engine->disarm(fault);
  CHECK(server.hear(5) == "later");
  rig.engine->forget(fault);
}

TEST_CASE("counting begins with the oldest connection that is open") {
  WireRig rig;
  {
    Peer gone = rig.client();
    Peer server = rig.server();
    exchange(gone, server);
  }
  rig.events.await(EventKind::connection_closed);
  Peer oldest = rig.client();
  Peer oldest_server = rig.server();
  Peer second = rig.client();
  Peer second_server = rig.server();
  rig.arm("reset", {}, Aim{.first = 1});
  CHECK(oldest.ending() == "RST");
  exchange(second, second_server);
}

TEST_CASE("an aim at other clients leaves this one alone") {
  WireRig rig;
  Peer client = rig.client();
  Peer server = rig.server();
  rig.arm("reset", {}, Aim{.client = *Prefix::from("10.0.0.0/8", "")});
  exchange(client, server);
  rig.arm("reset", {}, Aim{.client = *Prefix::from("127.0.0.0/8", "")});
  CHECK(client.ending() == "RST");
}

TEST_CASE("live connections are listed with what they carry, and can be reset one by one") {
  WireRig rig("tcp", {.workers = 3});
  Peer first = rig.client();
  Peer first_server = rig.server();
  exchange(first, first_server);
  Peer second = rig.client();
  Peer second_server = rig.server();
  second.say("five!");
  CHECK(second_server.hear(5) == "five!");
  const auto live = rig.engine->connections(rig.proxy);
  REQUIRE(live.size() == 2);
  CHECK(live[0].ordinal == 1);
  CHECK(live[0].bytes_upstream == 4);
  CHECK(live[0].bytes_downstream == 4);
  CHECK(live[0].connected);
  CHECK(live[1].bytes_upstream == 5);
  CHECK(live[1].client.starts_with("127.0.0.1:"));
  CHECK(rig.engine->connections(0).size() == 2);
  REQUIRE(rig.engine->reset(live[0].id));
  CHECK(first.ending() == "RST");
  CHECK(first_server.ending() == "RST");
  exchange(second, second_server);
  CHECK_FALSE(rig.engine->reset(4711));
}

TEST_CASE("a closed proxy is forgotten when its last connection has gone") {
  WireRig rig;
  Peer client = rig.client();
  Peer server = rig.server();
  rig.engine->close(rig.proxy);
  CHECK(client.ending() == "RST");
  CHECK(server.ending() == "RST");
  rig.events.await(EventKind::connection_closed);
  CHECK(rig.engine->counters(rig.proxy).accepted == 0);
  CHECK(rig.engine->connections(0).empty());
}

// The wire once looked at the client first, and told an upstream that had accepted a FIN.
TEST_CASE("a client that resets at once is told to the upstream as a reset") {
  WireRig rig;
  for (int i = 0; i < 300; ++i) {
    Peer client = rig.client();
    Peer server = rig.server();
    client.reset();
    REQUIRE(server.ending() == "RST");
  }
}
