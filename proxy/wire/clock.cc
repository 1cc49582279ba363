#include "proxy/wire/clock.h"

#include <time.h>

namespace faultline::wire {

Instant now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return Instant(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

}  // namespace faultline::wire
