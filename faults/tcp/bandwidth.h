#pragma once

// What bandwidth is made of, for whoever names its rate in other units.

#include <memory>

#include "faults/bytes.h"
#include "faults/fault.h"

namespace faultline {

// Whom a rate is for: each link by itself, or all links that the fault is armed on together.
enum class RateShare : std::uint8_t { each_link, all_links };

inline constexpr Bytes most_rate{10'000'000'000};

inline constexpr Bytes most_burst{1'000'000'000};

// `rate` is bytes per second, at most most_rate; at 0 everything is held. `burst`, at most
// most_burst, may go at once where the line was idle for long enough; 0: a millisecond's worth.
std::unique_ptr<Fault> make_bandwidth(Bytes rate, RateShare share, Bytes burst = {});

}  // namespace faultline
