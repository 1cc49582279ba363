#pragma once

// Two ends of one TCP connection within this process, over loopback: what stands between a relay
// and a TLS leg. Not a socketpair(2), because that has no RST: with TCP the relay sees FIN, RST,
// half-close and back-pressure of the far side exactly as on a socket of its own, and need not know
// that there is a leg. The kernel holds at most `held` bytes in each direction.

#include <expected>

#include "proxy/wire/socket.h"

namespace faultline::wire {

struct LocalPair {
  Descriptor near;
  Descriptor far;
};

class LocalPairs {
 public:
  static constexpr int held = 256 * 1024;  // asked of the kernel for each of the four buffers

  // An errno where there is no descriptor or port left. Whoever else connects to the listener is
  // turned away: the two ends have told each other their addresses.
  std::expected<LocalPair, int> make();

 private:
  Descriptor listener_;  // from the first pair on
  SocketAddress address_;
};

}  // namespace faultline::wire
