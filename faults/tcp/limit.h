#pragma once

// What limit is made of, for whoever names its terms in other words.

#include <cstdint>
#include <memory>

#include "faults/fault.h"

namespace faultline {

struct LimitTerms {
  enum class Then : std::uint8_t { close, reset, stall, drop };

  std::uint64_t bytes = UINT64_MAX;  // of each direction
  Duration time = Duration::max();   // since the fault came into force on the connection
  Then then = Then::close;
};

std::unique_ptr<Fault> make_limit(const LimitTerms& terms);

}  // namespace faultline
