// Ambiguous streams through a proxy whose codec looks at them: what comes out is what went in.

#include <string>
#include <thread>

#include "tests/support/smuggling.h"
#include "tests/support/wire_rig.h"

using namespace faultline;

namespace {

std::string heard_to_end(Peer& peer) {
  std::string all, more;
  while (!(more = peer.hear(1)).empty()) all += more;
  return all;
}

// The probe from one side, its end behind it, and what the other side heard.
std::string carried(Peer& from, Peer& to, const std::string& bytes) {
  std::thread speaker([&] {
    from.say(bytes);
    from.finish();
  });
  std::string heard = heard_to_end(to);
  speaker.join();
  return heard;
}

}  // namespace

TEST_CASE("there are two hundred smuggling probes and more") {
  CHECK(smuggling::requests().size() >= 180);
  CHECK(smuggling::requests().size() + smuggling::responses().size() >= 250);
}

TEST_CASE("ambiguous requests are forwarded byte for byte, and their connection goes opaque") {
  WireRig rig("http");
  if (GENERATE(false, true)) rig.arm("latency", {{"delay", "1us", ""}});  // staged, cut into chunks
  std::size_t opaque = 0;
  for (const smuggling::Probe& probe : smuggling::requests()) {
    INFO(probe.name);
    Peer client = rig.client();
    Peer server = rig.server();
    CHECK(carried(client, server, probe.bytes) == probe.bytes);
    CHECK(carried(server, client, "anything\r\n") == "anything\r\n");
    ++opaque;
  }
  CHECK(rig.events.await(EventKind::desync, opaque).size() == opaque);
}

TEST_CASE("ambiguous responses are forwarded byte for byte, and their connection goes opaque") {
  WireRig rig("http");
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  std::size_t opaque = 0;
  for (const smuggling::Probe& probe : smuggling::responses()) {
    INFO(probe.name);
    Peer client = rig.client();
    Peer server = rig.server();
    client.say(request);
    CHECK(server.hear(request.size()) == request);
    CHECK(carried(server, client, probe.bytes) == probe.bytes);
    ++opaque;
  }
  CHECK(rig.events.await(EventKind::desync, opaque).size() == opaque);
}
