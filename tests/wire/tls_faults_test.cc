// Faults in TLS, as OpenSSL meets them: the client is the one under test, so each is looked at by
// the very error that the client has, and by a client before and after it that has none.

#include <openssl/err.h>

#include <future>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/wire_rig.h"
#include "tests/wire/tls_peer.h"

using namespace faultline;

namespace {

constexpr const char* host = "api.faultline.test";

TlsSpec generated() {
  TlsSpec tls;
  tls.generate = host;
  return tls;
}

struct Rig : WireRig {
  Rig() : WireRig("tcp", {}, generated()) {}

  TlsPeer connect() { return TlsPeer::client(client(), engine->authority(proxy), host); }
  std::uint64_t hit(FaultId fault) const { return engine->touched(fault).connections; }
  // Waits until the fault has hit so many connections.
  bool has_hit(FaultId fault, std::uint64_t count) const {
    for (int waited = 0; waited < patience_ms && hit(fault) < count; ++waited) poll(nullptr, 0, 1);
    return hit(fault) == count;
  }
};

}  // namespace

TEST_CASE("a certificate is refused for the one point in which it is wrong") {
  struct Row {
    const char* kind;
    long verdict;
    const char* reason;  // what the proxy heard of it
  };
  const Row row = GENERATE(
      Row{"tls_expired", X509_V_ERR_CERT_HAS_EXPIRED, "TLS: sslv3 alert certificate expired"},
      Row{"tls_wrong_host", X509_V_ERR_HOSTNAME_MISMATCH, "TLS: sslv3 alert bad certificate"},
      Row{"tls_self_signed", X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
          "TLS: tlsv1 alert unknown ca"});
  INFO(row.kind);
  Rig rig;
  const TlsPeer before = rig.connect();
  CHECK(before.shaken());
  const FaultId fault = rig.arm(row.kind);
  CHECK_FALSE(rig.engine->touched(fault).any());
  const TlsPeer during = rig.connect();
  CHECK_FALSE(during.shaken());
  CHECK(during.verdict() == row.verdict);
  CHECK(rig.events.await(EventKind::client_failed)[0].text.view() == row.reason);
  const Event touched = rig.events.await(EventKind::fault_touched)[0];
  CHECK((touched.fault == fault && touched.connection == 2));
  const TlsPeer careless = TlsPeer::client(rig.client(), "", host);
  CHECK(careless.shaken());
  CHECK(rig.hit(fault) == 2);
  rig.engine->disarm(fault);
  CHECK(rig.connect().shaken());
  CHECK(rig.hit(fault) == 2);
  CHECK(rig.engine->touched(fault).bytes == 0);
}

TEST_CASE("a ClientHello is answered with the alert that was asked for") {
  const auto [name, number] = GENERATE(table<std::string, int>({{"handshake_failure", 40},
                                                                {"access_denied", 49},
                                                                {"protocol_version", 70},
                                                                {"insufficient_security", 71},
                                                                {"internal_error", 80},
                                                                {"unrecognized_name", 112},
                                                                {"no_application_protocol", 120}}));
  INFO(name);
  Rig rig;
  const FaultId fault = rig.arm("tls_alert", {{"alert", name, ""}});
  const TlsPeer refused = rig.connect();
  CHECK_FALSE(refused.shaken());
  CHECK(refused.failure() == SSL_AD_REASON_OFFSET + number);
  CHECK_THAT(std::string(rig.events.await(EventKind::client_failed)[0].text.view()),
             Catch::Contains("TLS: a fault sent the alert "));
  CHECK(rig.server().ending() == "RST");
  rig.engine->disarm(fault);
  CHECK(rig.connect().shaken());
  CHECK(rig.hit(fault) == 1);
}

TEST_CASE("a stalled handshake goes on when the fault is taken out, and not before") {
  Rig rig;
  const FaultId fault = rig.arm("tls_stall");
  Peer connected = rig.client();
  const std::string authority = rig.engine->authority(rig.proxy);
  auto waits = std::async(std::launch::async,
                          [&] { return TlsPeer::client(std::move(connected), authority, host); });
  const bool hit = rig.has_hit(fault, 1);
  REQUIRE(hit);
  CHECK(waits.wait_for(std::chrono::milliseconds(0)) == std::future_status::timeout);
  Peer server = rig.server();
  rig.engine->disarm(fault);
  TlsPeer client = waits.get();
  REQUIRE(client.shaken());
  client.say("at last");
  CHECK(server.hear(7) == "at last");
  CHECK(rig.hit(fault) == 1);
}

TEST_CASE("a client that gives up a stalled handshake is told of, and its connection is over") {
  Rig rig;
  const FaultId fault = rig.arm("tls_stall");
  Peer patient = rig.client();  // one that only says hello, and goes in either way
  TlsPeer::say_hello(patient);
  REQUIRE(rig.has_hit(fault, 1));
  CHECK(patient.silent());
  const bool rst = GENERATE(false, true);
  if (rst) {
    patient.reset();
  } else {
    patient.close();
  }
  const Event failed = rig.events.await(EventKind::client_failed)[0];
  CHECK(failed.text.view() ==
        (rst ? "TLS: ECONNRESET" : "TLS: the connection ended during the handshake"));
  rig.events.await(EventKind::connection_closed);
  CHECK(rig.engine->connections(rig.proxy).empty());
}

TEST_CASE("a connection that ends without close_notify is whole up to its end") {
  // Who ends first: the server, or the client whose connection is over with it.
  const bool server_first = GENERATE(true, false);
  Rig rig;
  TlsPeer client = rig.connect();
  Peer server = rig.server();
  REQUIRE(client.shaken());
  client.say("ask");
  CHECK(server.hear(3) == "ask");
  const FaultId fault = rig.arm("tls_no_close_notify");  // on a live connection
  server.say("all of it");
  if (server_first) {
    server.finish();
    CHECK(client.hear(9) == "all of it");
    CHECK(client.ending() == "FIN");
  } else {
    CHECK(client.hear(9) == "all of it");
    client.finish();
    client.peer.finish();
    CHECK(server.ending() == "FIN");
    server.close();
    CHECK(client.ending() == "FIN");
  }
  CHECK(rig.has_hit(fault, 1));
  rig.engine->disarm(fault);
  TlsPeer after = rig.connect();
  rig.server().finish();
  CHECK(after.ending() == "close_notify");
  CHECK(rig.hit(fault) == 1);
  CHECK(rig.engine->touched(fault).bytes == 0);
}

TEST_CASE("the aim chooses whose TLS it is, and an update chooses others") {
  Rig rig;
  const FaultId fault = rig.arm("tls_alert", {}, Aim{.every = 2});
  CHECK(rig.connect().shaken());
  CHECK_FALSE(rig.connect().shaken());
  CHECK(rig.connect().shaken());
  CHECK_FALSE(rig.connect().shaken());
  CHECK(rig.hit(fault) == 2);
  rig.engine->disarm(fault);

  const FaultId elsewhere =
      rig.arm("tls_alert", {}, Aim{.client = *Prefix::from("10.0.0.0/8", "")});
  CHECK(rig.connect().shaken());
  CHECK_FALSE(rig.engine->touched(elsewhere).any());
}

TEST_CASE("of two faults the older one is met, and charged") {
  Rig rig;
  const FaultId older = rig.arm("tls_expired");
  const FaultId younger = rig.arm("tls_alert");
  CHECK(rig.connect().verdict() == X509_V_ERR_CERT_HAS_EXPIRED);
  rig.engine->disarm(older);
  CHECK(rig.connect().failure() == SSL_AD_REASON_OFFSET + 40);
  CHECK(rig.hit(older) == 1);
  CHECK(rig.hit(younger) == 1);
}

TEST_CASE("where no TLS is terminated there is nothing to alter") {
  WireRig rig;
  std::vector<FaultId> faults;
  for (const FaultKind* kind : fault_kinds()) {
    if (kind->needs_tls != NeedsTls::nothing) faults.push_back(rig.arm(kind->name));
  }
  CHECK(faults.size() == 6);
  Peer client = rig.client();
  Peer server = rig.server();
  client.say("plain");
  CHECK(server.hear(5) == "plain");
  server.finish();
  CHECK(client.ending() == "FIN");
  for (const FaultId fault : faults) CHECK_FALSE(rig.engine->touched(fault).any());
}
