// Every one of these must leave the connection opaque, with one desync, however it is split; what
// is forwarded is not the codec's (tests/wire/smuggling_test.cc).

#include "tests/support/smuggling.h"

#include <string>
#include <vector>

#include "tests/proxy/http1_tape.h"
#include "tests/support/catch.h"

using namespace faultline;
using namespace faultline::smuggling;

namespace {

// Long probes are split at few places only: what they test is a limit.
void check_opaque(const std::vector<Step>& steps) {
  const Played played =
      steps.back().bytes.size() < 400 ? play_every_way(steps) : play(steps, {.piece = 1});
  CHECK(played.opaque);
  CHECK(played.desyncs() == 1);
  CHECK(played.slices_add_up);
  CHECK(play(steps).lines == played.lines);
}

}  // namespace

TEST_CASE("http codec gives up on requests that can be read in two ways") {
  for (const Probe& probe : requests()) {
    INFO(probe.name);
    check_opaque({c(probe.bytes)});
  }
}

TEST_CASE("http codec gives up on a bad request behind a good one") {
  const std::string good = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const Probe& probe : requests()) {
    INFO(probe.name);
    check_opaque({c(good + probe.bytes)});
  }
}

TEST_CASE("http codec gives up on responses that can be read in two ways") {
  for (const Probe& probe : responses()) {
    INFO(probe.name);
    check_opaque({c("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), s(probe.bytes)});
  }
}

TEST_CASE("http codec accepts header blocks up to their limits") {
  const std::string good = "GET / HTTP/1.1\r\n";
  CHECK_FALSE(play({c(good + lines(199) + "\r\n")}).opaque);
  CHECK(play({c(good + lines(200) + "\r\n")}).opaque);
  const std::size_t around = good.size() + 3 + 2 + 2;
  CHECK_FALSE(play({c(good + "X: " + std::string(65536 - around, 'a') + "\r\n\r\n")}).opaque);
  CHECK(play({c(good + "X: " + std::string(65537 - around, 'a') + "\r\n\r\n")}).opaque);
}
