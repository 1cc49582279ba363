// TLS on one side of the proxy or on both, against OpenSSL itself.

#include <fstream>
#include <future>
#include <string>

#include "proxy/wire/tls_certificate.h"
#include "tests/support/catch.h"
#include "tests/support/folder.h"
#include "tests/support/wire_rig.h"
#include "tests/wire/tls_peer.h"

using namespace faultline;

namespace {

// A CA of the test's own, and a server that it vouches for.
struct Trust {
  explicit Trust(const std::string& host = "api.faultline.test")
      : authority(std::move(*wire::make_authority())),
        own(std::move(*wire::issue(authority, host))) {
    std::ofstream(folder.path() / "ca.pem") << authority.pem();
    tls.upstream = true;
    tls.server_name = "api.faultline.test";
    tls.ca_file = (folder.path() / "ca.pem").string();
  }

  test::Folder folder;
  wire::Certificate authority;
  wire::Certificate own;
  TlsSpec tls;
};

std::string pattern(std::size_t size, std::uint64_t seed) {
  std::string bytes(size, 0);
  for (std::size_t i = 0; i < size; ++i) {
    if (i % 8 == 0) seed = Draw(seed).bits();
    bytes[i] = static_cast<char>(seed >> (8 * (i % 8)));
  }
  return bytes;
}

}  // namespace

TEST_CASE("an upstream in TLS is asked for by its name, and its ends are ends") {
  const Trust trust;
  WireRig rig("tcp", {}, trust.tls);
  Peer client = rig.client();
  TlsPeer server = TlsPeer::server(rig.server(), trust.own);
  REQUIRE(server.shaken());
  CHECK(server.asked_for() == "api.faultline.test");
  client.say("ping");
  CHECK(server.hear(4) == "ping");
  client.finish();
  CHECK(server.ending() == "close_notify");
  server.say("still here");  // half-close lives
  CHECK(client.hear(10) == "still here");
  server.finish();
  server.peer.finish();
  CHECK(client.ending() == "FIN");
  CHECK(rig.events.await(EventKind::connection_closed)[0].text.view() == "ended by client");
}

TEST_CASE("whom the CA does not vouch for is a failed upstream, with the reason") {
  struct Row {
    const char* host;
    bool trusted;
    const char* reason;
  };
  const Row row =
      GENERATE(Row{"other.faultline.test", true, "TLS: hostname mismatch"},
               Row{"api.faultline.test", false, "TLS: unable to get local issuer certificate"});
  const Trust trust(row.host);
  const Trust another;
  TlsSpec tls = trust.tls;
  if (!row.trusted) tls.ca_file = another.tls.ca_file;
  WireRig rig("tcp", {}, tls);
  Peer client = rig.client();
  TlsPeer server = TlsPeer::server(rig.server(), trust.own);
  CHECK(client.ending() == "RST");
  CHECK(rig.events.await(EventKind::upstream_failed)[0].text.view() == row.reason);

  tls.insecure = true;
  tls.ca_file.clear();
  WireRig careless("tcp", {}, tls);
  Peer again = careless.client();
  TlsPeer accepted = TlsPeer::server(careless.server(), trust.own);
  CHECK(accepted.shaken());
  accepted.say("welcome");
  CHECK(again.hear(7) == "welcome");
}

TEST_CASE("bytes are exact with TLS on both sides, piped and staged") {
  const bool staged = GENERATE(false, true);
  Trust trust;
  trust.tls.generate = "localhost";
  WireRig rig(staged ? "http" : "tcp", {}, trust.tls);
  if (staged) rig.arm("latency", {{"delay", "1ms", ""}}, Aim{.directions = Directions::both});
  TlsPeer client = TlsPeer::client(rig.client(), rig.engine->authority(rig.proxy), "localhost");
  REQUIRE(client.shaken());
  CHECK(client.chosen() == "http/1.1");
  TlsPeer server = TlsPeer::server(rig.server(), trust.own);
  REQUIRE(server.shaken());
  const std::string up = pattern(3'000'000, 1), down = pattern(5'000'000, 2);
  auto heard = std::async(std::launch::async, [&] { return server.hear(up.size()); });
  client.say(up);
  CHECK((heard.get() == up));
  auto told = std::async(std::launch::async, [&] { server.say(down); });
  CHECK((client.hear(down.size()) == down));
  told.get();
  server.finish();
  server.peer.finish();
  CHECK(client.ending() == "close_notify");
}

TEST_CASE("an end without close_notify is passed on without one") {
  Trust trust;
  trust.tls.generate = "localhost";
  WireRig rig("tcp", {}, trust.tls);
  TlsPeer client = TlsPeer::client(rig.client(), rig.engine->authority(rig.proxy), "localhost");
  TlsPeer server = TlsPeer::server(rig.server(), trust.own);
  REQUIRE((client.shaken() && server.shaken()));
  server.say("cut");
  server.peer.finish();
  CHECK(client.hear(3) == "cut");
  CHECK(client.ending() == "FIN");
  client.say("and yet it hears");
  CHECK(server.hear(16) == "and yet it hears");
}

TEST_CASE("an RST and a broken record are an RST to the other side") {
  const bool broken = GENERATE(false, true);
  const Trust trust;
  WireRig rig("tcp", {}, trust.tls);
  Peer client = rig.client();
  TlsPeer server = TlsPeer::server(rig.server(), trust.own);
  REQUIRE(server.shaken());
  server.say("last words");
  CHECK(client.hear(10) == "last words");
  if (broken) {
    server.peer.say(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, '!'));
  } else {
    server.peer.reset();
  }
  CHECK(client.ending() == "RST");
}

TEST_CASE("an upstream that does not answer in TLS is one that does not answer") {
  const Trust trust;
  WireRig rig("tcp", {}, trust.tls);
  Peer client = rig.client();
  Peer server = rig.server();
  CHECK(server.hear(1) == "\x16");
  client.reset();
  CHECK(server.ending() == "RST");
  CHECK(rig.events.await(EventKind::connection_closed)[0].text.view() ==
        "client reset before the upstream was connected");
}

TEST_CASE("a client that fails its handshake is told apart from one that leaves") {
  TlsSpec tls;
  tls.generate = "localhost";
  WireRig rig("tcp", {}, tls);
  const Trust another;
  TlsPeer doubtful = TlsPeer::client(rig.client(), another.authority.pem(), "localhost");
  CHECK_FALSE(doubtful.shaken());
  Peer plain = rig.client();
  plain.say("GET / HTTP/1.1\r\n\r\n");
  const auto failed = rig.events.await(EventKind::client_failed, 2);
  CHECK(failed[0].text.view() == "TLS: tlsv1 alert unknown ca");
  CHECK(failed[1].text.view() == "TLS: http request");
}

TEST_CASE("a proxy with TLS goes with its connections") {
  Trust trust;
  trust.tls.generate = "localhost";
  WireRig rig("tcp", {}, trust.tls);
  TlsPeer client = TlsPeer::client(rig.client(), rig.engine->authority(rig.proxy), "localhost");
  TlsPeer server = TlsPeer::server(rig.server(), trust.own);
  REQUIRE((client.shaken() && server.shaken()));
  rig.engine->close(rig.proxy);
  CHECK(client.ending() == "RST");
  CHECK(server.ending() == "RST");
}

TEST_CASE("what is wrong with a proxy's TLS is told before anything listens") {
  ProxySpec spec;
  spec.name = "api";
  spec.upstream = {"127.0.0.1", 1};
  spec.tls.upstream = true;
  spec.tls.ca_file = "/nowhere/ca.pem";
  Errors problems = wire::Engine::tls_problems(spec);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].where == "ca_file");
  CHECK_THAT(problems[0].what, Catch::Contains("\"/nowhere/ca.pem\""));
  WireRig rig;
  spec.listen = {"127.0.0.1", 0};
  const auto refused = rig.engine->open(spec);
  REQUIRE_FALSE(refused.has_value());
  CHECK_THAT(refused.error().text(), Catch::Contains("proxy api: tls: ca_file: cannot read"));
}
