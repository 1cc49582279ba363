#include <algorithm>
#include <future>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/wire_rig.h"

using namespace faultline;

namespace {

std::string pattern(std::size_t size, std::uint64_t seed) {
  std::string bytes(size, 0);
  for (std::size_t i = 0; i < size; ++i) {
    if (i % 8 == 0) seed = Draw(seed).bits();
    bytes[i] = static_cast<char>(seed >> (8 * (i % 8)));
  }
  return bytes;
}

}  // namespace

TEST_CASE("bytes arrive as they were sent, in both directions, in every mode") {
  const std::string protocol = GENERATE("tcp", "http", "postgres");
  const bool staged = GENERATE(false, true);
  WireRig rig(protocol);
  if (staged) rig.arm("latency", {{"delay", "1ms", ""}}, Aim{.directions = Directions::both});
  Peer client = rig.client();
  Peer server = rig.server();
  const std::string up = pattern(3'000'000, 1), down = pattern(5'000'000, 2);
  auto uploading = std::async(std::launch::async, [&] {
    client.say(up);
    client.finish();
  });
  auto downloading = std::async(std::launch::async, [&] {
    server.say(down);
    server.finish();
  });
  auto heard = std::async(std::launch::async, [&] { return server.hear(up.size() + 1); });
  CHECK(client.hear(down.size() + 1) == down);
  CHECK(heard.get() == up);
  const Event closed = rig.events.await(EventKind::connection_closed)[0];
  CHECK(closed.count == up.size());
  CHECK(closed.more == down.size());
}

TEST_CASE("bulk that was spliced goes on without a gap when a fault is armed on it") {
  WireRig rig;
  Peer client = rig.client();
  Peer server = rig.server();
  const std::string down = pattern(64'000'000, 3);
  auto sending = std::async(std::launch::async, [&] { server.say(down); });
  std::string heard = client.hear(16'000'000);
  const FaultId fault = rig.arm("latency", {{"delay", "5ms", ""}});
  heard += client.hear(16'000'000);
  rig.engine->disarm(fault);
  heard += client.hear(down.size() - heard.size());
  CHECK((heard == down));
  CHECK(rig.engine->touched(fault).any());
}

TEST_CASE("a stall holds live traffic and its release delivers all of it, in order") {
  WireRig rig;
  Peer client = rig.client();
  Peer server = rig.server();
  client.say("before ");
  CHECK(server.hear(7) == "before ");
  const FaultId fault = rig.arm("stall");
  client.say("held");
  client.finish();
  rig.events.await(EventKind::peer_ended);
  CHECK(server.silent());
  rig.engine->disarm(fault);
  CHECK(server.hear(5) == "held");
  CHECK(server.ending() == "FIN");
  const Touched touched = rig.engine->touched(fault);
  CHECK(touched.connections == 1);
  CHECK(touched.bytes == 4);
  CHECK(touched.first <= touched.last);
}

TEST_CASE("reset reaches live connections, idle ones too, and new ones while it is armed") {
  WireRig rig;
  Peer idle = rig.client();
  Peer idle_server = rig.server();
  const FaultId fault = rig.arm("reset");
  CHECK(idle.ending() == "RST");
  CHECK(idle_server.ending() == "RST");
  Peer fresh = rig.client();
  CHECK(fresh.ending() == "RST");
  CHECK_FALSE(rig.dialed());
  rig.engine->disarm(fault);
  CHECK(rig.engine->touched(fault).connections == 2);
  Peer after = rig.client();
  Peer after_server = rig.server();
  after.say("x");
  CHECK(after_server.hear(1) == "x");
}

TEST_CASE("refuse turns new connections away and leaves live ones alone") {
  WireRig rig;
  Peer live = rig.client();
  Peer live_server = rig.server();
  rig.arm("refuse");
  CHECK(rig.client().ending() == "RST");
  CHECK_FALSE(rig.dialed());
  live.say("x");
  CHECK(live_server.hear(1) == "x");
}

TEST_CASE("a blackhole swallows what is sent, and closes the connection when it is disarmed") {
  WireRig rig;
  Peer client = rig.client();
  Peer server = rig.server();
  Peer untouched = rig.client();
  Peer untouched_server = rig.server();
  const FaultId fault = rig.arm("blackhole");
  client.say("lost");
  rig.events.await(EventKind::fault_touched);
  CHECK(server.silent());
  rig.engine->disarm(fault);
  CHECK(client.ending() == "RST");
  CHECK(server.ending() == "RST");
  untouched.say("x");
  CHECK(untouched_server.hear(1) == "x");
}

TEST_CASE("close ends live connections with a FIN on both sides") {
  WireRig rig;
  Peer client = rig.client();
  Peer server = rig.server();
  client.say("x");
  CHECK(server.hear(1) == "x");
  rig.arm("close");
  CHECK(client.ending() == "FIN");
  CHECK(server.ending() == "FIN");
}

TEST_CASE("an upstream that refuses gives the client an RST and the journal the reason") {
  WireRig rig;
  rig.stop_listening();
  CHECK(rig.client().ending() == "RST");
  CHECK(rig.events.await(EventKind::upstream_failed)[0].text.view() == "ECONNREFUSED");
}

TEST_CASE("a name is resolved without a numeric address, and one that does not exist is told") {
  WireRig rig;
  ProxySpec spec;
  spec.name = "nowhere";
  spec.listen = {"127.0.0.1", 0};
  // No label is so long, so that the answer is known without asking a name server.
  spec.upstream = {std::string(64, 'a') + ".invalid", 1};
  auto opened = rig.engine->open(spec);
  REQUIRE(opened.has_value());
  CHECK(Peer::to(opened->listening).ending() == "RST");
  CHECK(rig.events.await(EventKind::upstream_failed)[0].text.view() == "no such address");
}

TEST_CASE("a taken port is an error that says so, and leaves nothing behind") {
  WireRig rig;
  ProxySpec spec;
  spec.name = "second";
  spec.listen = rig.front;
  spec.upstream = {"127.0.0.1", 1};
  const auto opened = rig.engine->open(spec);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().text().find("proxy second: cannot listen on") != std::string::npos);
  rig.engine->close(rig.proxy);
  CHECK(rig.engine->open(spec).has_value());
}

TEST_CASE("faults armed and disarmed at random under traffic lose, double and reorder nothing") {
  const std::string protocol = GENERATE("tcp", "http");
  WireRig rig(protocol);
  Peer client = rig.client();
  Peer server = rig.server();
  constexpr std::size_t piece = 16'384, rounds = 400;
  const std::string up = pattern(rounds * piece, 4), down = pattern(rounds * piece, 5);
  auto at_server = std::async(std::launch::async, [&] { return server.hear(up.size()); });
  auto at_client = std::async(std::launch::async, [&] { return client.hear(down.size()); });
  std::vector<FaultId> armed, all;
  for (std::size_t i = 0; i < rounds; ++i) {
    client.say(ByteView(up).substr(i * piece, piece));
    server.say(ByteView(down).substr(i * piece, piece));
    const Draw dice = Draw(6).about(i);
    const Aim aim{.directions = static_cast<Directions>(dice.between(1, 3))};
    if (armed.size() < 3 && dice.about(1).unit() < 0.6) {
      const bool stall = dice.about(2).unit() < 0.4;
      armed.push_back(stall
                          ? rig.arm("stall", {}, aim)
                          : rig.arm("latency", {{"delay", "2ms", ""}, {"jitter", "2ms", ""}}, aim));
      all.push_back(armed.back());
    } else if (!armed.empty()) {
      rig.engine->disarm(armed.front());
      armed.erase(armed.begin());
    }
  }
  rig.engine->heal();
  CHECK((at_server.get() == up));
  CHECK((at_client.get() == down));
  const auto met = [&](FaultId fault) { return rig.engine->touched(fault).any(); };
  CHECK(std::count_if(all.begin(), all.end(), met) > 20);
}

TEST_CASE("an upstream that does not answer is given up after the connect timeout") {
  // A listener whose backlog is full drops further handshakes in silence.
  wire::SocketAddress any;
  REQUIRE(wire::numeric({"127.0.0.1", 0}, any));
  auto silent = wire::listen_on(any);
  REQUIRE(silent.has_value());
  REQUIRE(listen(silent->get(), 0) == 0);
  const wire::SocketAddress target = wire::local_address(silent->get());
  std::vector<wire::Dialing> filling;
  for (int i = 0; i < 8; ++i) filling.push_back(wire::dial(target));

  WireRig rig;
  ProxySpec spec;
  spec.name = "silent";
  spec.listen = {"127.0.0.1", 0};
  spec.upstream = {"127.0.0.1", target.port()};
  spec.connect_timeout = std::chrono::milliseconds(200);
  const auto opened = rig.engine->open(spec);
  REQUIRE(opened.has_value());
  CHECK(Peer::to(opened->listening).ending() == "RST");
  CHECK(rig.events.await(EventKind::upstream_failed)[0].text.view() == "ETIMEDOUT");
}

TEST_CASE("an RST after a FIN reaches the other side, which need not write to learn of it") {
  const bool staged = GENERATE(false, true);
  WireRig rig;
  Peer client = rig.client();
  Peer server = rig.server();
  if (staged) rig.arm("latency", {{"delay", "20ms", ""}}, Aim{.directions = Directions::both});
  client.say("x");
  client.finish();
  CHECK(server.hear(2) == "x");
  client.reset();
  pollfd gone{server.fd(), 0, 0};
  CHECK(poll(&gone, 1, patience_ms) == 1);
  CHECK((gone.revents & POLLERR) != 0);
}

TEST_CASE("what a stall held is dropped when the direction was ended meanwhile") {
  WireRig rig;
  Peer client = rig.client();
  Peer server = rig.server();
  const Aim downstream{.directions = Directions::downstream};
  rig.arm("stall", {}, downstream);
  server.say("held");
  rig.events.await(EventKind::fault_touched);
  rig.arm("close", {}, downstream);
  CHECK(client.ending() == "FIN");
  rig.engine->heal();
  client.say("still open");
  CHECK(server.hear(10) == "still open");
}

TEST_CASE("a client that leaves while its upstream is dialed is noticed") {
  WireRig rig;
  {
    Peer client = rig.client();
    client.reset();
  }
  const Event closed = rig.events.await(EventKind::connection_closed)[0];
  CHECK(closed.count == 0);
}

TEST_CASE("latency delays and never releases early") {
  WireRig rig;
  rig.arm("latency", {{"delay", "30ms", ""}});
  Peer client = rig.client();
  Peer server = rig.server();
  for (int i = 0; i < 10; ++i) {
    client.say("q");
    CHECK(server.hear(1) == "q");
    const auto sent = std::chrono::steady_clock::now();
    server.say("r");
    CHECK(client.hear(1) == "r");
    CHECK(std::chrono::steady_clock::now() - sent >= std::chrono::milliseconds(30));
  }
}

TEST_CASE("an aim at nobody leaves everybody alone") {
  WireRig rig;
  const FaultId fault = rig.arm("reset", {}, Aim{.nth = 7});
  Peer client = rig.client();
  Peer server = rig.server();
  client.say("x");
  CHECK(server.hear(1) == "x");
  CHECK_FALSE(rig.engine->touched(fault).any());
}

TEST_CASE("connections spread over several workers behave as over one") {
  WireRig rig("tcp", {.workers = 3});
  std::vector<Peer> clients, servers;
  for (int i = 0; i < 30; ++i) {
    clients.push_back(rig.client());
    servers.push_back(rig.server());
    clients.back().say("hello");
    CHECK(servers.back().hear(5) == "hello");
  }
  const FaultId fault = rig.arm("reset");
  for (Peer& client : clients) CHECK(client.ending() == "RST");
  rig.engine->disarm(fault);
  CHECK(rig.engine->touched(fault).connections == 30);
  CHECK(rig.engine->counters(rig.proxy).accepted == 30);
}

namespace {

constexpr std::size_t more_than_buffers = std::size_t{256} << 20;

// Sends until nothing is taken any more; how much that was.
std::size_t flood(Peer& client) {
  const int limit_ms = 300;
  timeval limit{0, limit_ms * 1000};
  setsockopt(client.fd(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const std::string piece(1 << 20, 'x');
  std::size_t sent = 0;
  while (sent < more_than_buffers) {
    const ssize_t n = send(client.fd(), piece.data(), piece.size(), MSG_NOSIGNAL);
    if (n < 0) break;
    sent += static_cast<std::size_t>(n);
  }
  CHECK(errno == EAGAIN);
  return sent;
}

}  // namespace

TEST_CASE("a reader that never reads stops its sender, and memory stays bounded") {
  const bool staged = GENERATE(false, true);
  WireRig rig("tcp", {.link_limit = 1_MiB});
  if (staged) rig.arm("stall");
  Peer client = rig.client();
  Peer server = rig.server();
  CHECK(flood(client) < more_than_buffers);  // it was stopped by the kernel's buffers and ours
}

TEST_CASE("all directions together hold no more than the total, whoever came first") {
  WireRig rig("tcp", {.workers = 1, .link_limit = 1_MiB, .total_limit = 2_MiB});
  rig.arm("stall");
  std::vector<Peer> clients, servers;
  std::uint64_t held = 0;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(rig.client());
    servers.push_back(rig.server());
    CHECK(flood(clients.back()) < more_than_buffers);
    held = 0;
    for (const wire::LiveConnection& live : rig.engine->connections(rig.proxy)) {
      CHECK(live.held_upstream > 0);
      held += live.held_upstream;
    }
  }
  CHECK(held >= (2_MiB).count / 2);
  CHECK(held <= (2_MiB).count + 6 * wire::least_link_limit.count);
}
