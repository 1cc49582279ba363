// What relaying allocates, counted: nothing, once a connection is under way.

#include <array>
#include <atomic>
#include <cstddef>

#include "tests/support/wire_rig.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FAULTLINE_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FAULTLINE_SANITIZED
#endif

namespace {

std::atomic<std::size_t> allocations{0};

}  // namespace

// Every allocation of the process: of C++ and of C, ours and the libraries'.
#if defined(FAULTLINE_SANITIZED)
extern "C" void __sanitizer_malloc_hook(const volatile void*, std::size_t) {
  allocations.fetch_add(1, std::memory_order_relaxed);
}
#else
extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* malloc(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
#endif

using namespace faultline;

namespace {

constexpr int chunks = 10'000;

// Sends a message and awaits it on the other side, `times` times in both directions.
void exchange(const Peer& from, const Peer& to, std::string_view question, std::string_view answer,
              int times) {
  std::array<char, 256> got;
  const auto carry = [&](const Peer& sender, const Peer& receiver, std::string_view text) {
    if (send(sender.fd(), text.data(), text.size(), MSG_NOSIGNAL) < 0) return false;
    for (std::size_t left = text.size(); left > 0;) {
      const ssize_t n = recv(receiver.fd(), got.data(), std::min(left, got.size()), 0);
      if (n <= 0) return false;
      left -= static_cast<std::size_t>(n);
    }
    return true;
  };
  int done = 0;
  while (done < times && carry(from, to, question) && carry(to, from, answer)) ++done;
  REQUIRE(done == times);
}

struct Talk {
  const char* protocol;
  std::string_view question, answer;
};

// Allocations while so many chunks are relayed after a few that warm up.
std::size_t allocated(WireRig& rig, const Talk& talk) {
  const Peer client = rig.client();
  const Peer server = rig.server();
  exchange(client, server, talk.question, talk.answer, 200);
  rig.events.await(EventKind::upstream_connected);
  rig.events.reserve(2 * chunks);  // what the test keeps is not what it counts
  const std::size_t before = allocations.load();
  exchange(client, server, talk.question, talk.answer, chunks / 2);
  return allocations.load() - before;
}

constexpr Talk plain{"tcp", "sixty-four bytes", "and an answer"};

}  // namespace

TEST_CASE("ten thousand relayed chunks allocate nothing") {
  WireRig rig(plain.protocol, {.workers = 1});
  CHECK(allocated(rig, plain) == 0);
}

TEST_CASE("… nor with a fault that is for other connections") {
  WireRig rig(plain.protocol, {.workers = 1});
  Aim elsewhere;
  elsewhere.nth = 1000;
  rig.arm("latency", {{"delay", "1h", ""}}, elsewhere);
  CHECK(allocated(rig, plain) == 0);
}

TEST_CASE("… nor a codec that looks at them") {
  constexpr Talk http{"http", "GET /a HTTP/1.1\r\nHost: b\r\n\r\n",
                      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"};
  WireRig rig(http.protocol, {.workers = 1});
  CHECK(allocated(rig, http) < 20);  // the journal's batch grows to the busiest moment's size
}

TEST_CASE("what a latency holds is copied, and counted here") {
  WireRig rig(plain.protocol, {.workers = 1});
  rig.arm("latency", {{"delay", "1us", ""}});
  CHECK(allocated(rig, plain) >= chunks);
}
