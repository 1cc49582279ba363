#pragma once

// What a service made of each demand: the attempts it sent over a link, read off the wire.

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/measures/phases.h"

namespace faultline {

// One exchange on the link.
struct AttemptSeen {
  const Event* event = nullptr;  // of the journal; its exchange

  Instant begun() const { return event->exchange.request_first; }
  Instant ended() const;
  bool failed() const;
};

struct DemandSeen {
  Instant from{};
  Instant to{};
  std::vector<AttemptSeen> attempts;  // that began while it was the only one open, in their order
};

struct Demanded {
  std::vector<DemandSeen> demands;  // sent in the phase, in their order
  std::size_t attempts = 0;         // on the link, begun in the phase
  std::size_t unattributed = 0;     // of these: none or several demands were open
};

// The source is a workload or a proxy, the link a proxy whose codec tells exchanges. The error: why
// nothing can be said.
std::expected<Demanded, std::string> demanded(const Recording& recording, std::string_view source,
                                              std::string_view link, std::string_view phase);

}  // namespace faultline
