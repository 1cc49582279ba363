// A full listen queue: what the kernel does to clients that connect, and what is counted of it.

#include <fcntl.h>
#include <netinet/tcp.h>

#include <algorithm>

#include "tests/support/catch.h"
#include "tests/support/wire_rig.h"

using namespace faultline;

namespace {

// A client whose connect is under way.
struct Caller {
  wire::Descriptor socket;

  explicit Caller(const Address& address) {
    wire::SocketAddress target;
    REQUIRE(wire::numeric(address, target));
    wire::Dialing dialing = wire::dial(target);
    REQUIRE(dialing.error == 0);
    socket = std::move(dialing.socket);
  }
  bool connected(int limit_ms) const {
    pollfd poll_for{socket.get(), POLLOUT, 0};
    return poll(&poll_for, 1, limit_ms) == 1;
  }
  // Waits until the kernel has sent the SYN again: the first was dropped for certain.
  bool repeats_its_syn() const {
    tcp_info info{};
    for (int waited = 0; waited < patience_ms && info.tcpi_total_retrans == 0; waited += 10) {
      poll(nullptr, 0, 10);
      socklen_t length = sizeof info;
      getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &length);
    }
    return info.tcpi_total_retrans > 0;
  }
  // Connected, and blocking from now on.
  Peer peer() {
    REQUIRE(connected(patience_ms));
    REQUIRE(wire::take_error(socket.get()) == 0);
    const int fd = socket.give_up();
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    return Peer(fd);
  }
};

// Waits until the fault has been charged with a dropped SYN. Callers repeat theirs after a second.
Touched await_drop(WireRig& rig, FaultId fault) {
  Touched touched;
  for (int waited = 0; waited < patience_ms && !touched.any(); waited += 10) {
    poll(nullptr, 0, 10);
    touched = rig.engine->touched(fault);
  }
  if (!touched.any()) FAIL("no SYN was dropped in time");
  return touched;
}

void exchange(Peer& client, Peer& server) {
  client.say("ping");
  CHECK(server.hear(4) == "ping");
  server.say("pong");
  CHECK(client.hear(4) == "pong");
}

std::size_t accepted(WireRig& rig) {
  const auto all = rig.events.all();
  return static_cast<std::size_t>(
      std::ranges::count(all, EventKind::connection_accepted, &Event::kind));
}

}  // namespace

TEST_CASE("a full backlog keeps new clients out and live ones in, until it is disarmed") {
  WireRig rig("tcp", {.workers = 2});
  Peer live = rig.client();
  Peer live_server = rig.server();
  exchange(live, live_server);
  const FaultId fault = rig.arm("backlog_full");
  Caller caller(rig.front);
  const Touched so_far = await_drop(rig, fault);
  CHECK_FALSE(caller.connected(0));
  CHECK(so_far.first <= so_far.last);
  CHECK(so_far.bytes == 0);
  exchange(live, live_server);
  CHECK_FALSE(rig.dialed());

  rig.engine->disarm(fault);
  Peer client = caller.peer();
  Peer server = rig.server();
  exchange(client, server);
  CHECK_FALSE(rig.dialed());
  CHECK(rig.engine->counters(rig.proxy).accepted == 2);
  rig.events.await(EventKind::upstream_connected, 2);
  CHECK(accepted(rig) == 2);
  const Touched in_all = rig.engine->touched(fault);
  CHECK(in_all.connections >= so_far.connections);
  CHECK(in_all.first == so_far.first);
  const Event disarmed = rig.events.await(EventKind::fault_disarmed)[0];
  CHECK(disarmed.touched.connections == in_all.connections);
}

TEST_CASE("a full backlog that nobody met has touched nothing, and no plug is counted") {
  WireRig rig;
  for (int i = 0; i < 20; ++i) {
    const FaultId fault = rig.arm("backlog_full");
    rig.engine->disarm(fault);
    CHECK_FALSE(rig.engine->touched(fault).any());
    rig.engine->forget(fault);
  }
  Peer client = rig.client();
  Peer server = rig.server();
  exchange(client, server);
  CHECK(rig.engine->counters(rig.proxy).accepted == 1);
  CHECK_FALSE(rig.dialed());
}

TEST_CASE("a proxy that is enabled under a full backlog begins with a full one") {
  WireRig rig;
  const FaultId fault = rig.arm("backlog_full");
  rig.engine->disable(rig.proxy);
  const auto again = rig.engine->enable(rig.proxy, rig.front);
  REQUIRE(again.has_value());
  Caller caller(*again);
  await_drop(rig, fault);
  CHECK_FALSE(caller.connected(0));
  rig.engine->disarm(fault);
  Peer client = caller.peer();
  Peer server = rig.server();
  exchange(client, server);
  CHECK(rig.engine->counters(rig.proxy).accepted == 1);
}

TEST_CASE("what was dropped and not read yet is counted when the proxy is disabled") {
  WireRig rig;
  const FaultId fault = rig.arm("backlog_full");
  Caller caller(rig.front);
  REQUIRE(caller.repeats_its_syn());
  rig.engine->disable(rig.proxy);
  CHECK(rig.engine->touched(fault).any());
  rig.engine->disarm(fault);
  CHECK(rig.engine->touched(fault).any());
}

TEST_CASE("the older of two full backlogs is charged, then the other goes on") {
  WireRig rig;
  const FaultId older = rig.arm("backlog_full");
  const FaultId younger = rig.arm("backlog_full");
  Caller caller(rig.front);
  await_drop(rig, older);
  CHECK_FALSE(rig.engine->touched(younger).any());
  rig.engine->disarm(older);
  const Touched later = await_drop(rig, younger);
  CHECK(later.first >= rig.engine->touched(older).last);
  CHECK_FALSE(caller.connected(0));
  rig.engine->disarm(younger);
  Peer client = caller.peer();
  Peer server = rig.server();
  exchange(client, server);
}

TEST_CASE("many callers get through a backlog that is free again") {
  WireRig rig("tcp", {.workers = 2});
  const FaultId fault = rig.arm("backlog_full");
  std::vector<Caller> callers;
  for (int i = 0; i < 30; ++i) callers.emplace_back(rig.front);
  await_drop(rig, fault);
  CHECK(std::ranges::none_of(callers, [](const Caller& one) { return one.connected(0); }));
  rig.engine->disarm(fault);
  // They get in with a repeated SYN each, in any order.
  std::vector<Peer> clients, servers;
  for (Caller& caller : callers) clients.push_back(caller.peer());
  for (std::size_t i = 0; i < clients.size(); ++i) clients[i].say(std::to_string(10 + i));
  for (std::size_t i = 0; i < clients.size(); ++i) {
    servers.push_back(rig.server());
    servers.back().say(servers.back().hear(2));
  }
  for (std::size_t i = 0; i < clients.size(); ++i)
    CHECK(clients[i].hear(2) == std::to_string(10 + i));
  CHECK(rig.engine->counters(rig.proxy).accepted == 30);
}
