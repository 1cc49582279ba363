#pragma once

// The last second of a load, for whoever watches: ten tenths in a ring, each with a log-linear
// histogram of latencies (whole microseconds, at most 1.6 % wide), so that its size does not depend
// on the rate. One thread records, any may look; numbers for the report come from the recording.

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

#include "scenarios/workload/workload.h"

namespace faultline {

class LoadWindow {
 public:
  LoadWindow();

  void offered(std::uint64_t count);
  // `ended` and `now` below are of the same clock; `ended` never goes back.
  void completed(Duration latency, bool failed, Instant ended);
  // rate, p50, p99 and errors are those of the ten whole tenths of a second before `now`.
  LoadProgress look(Instant now) const;

 private:
  static constexpr Duration tenth = std::chrono::milliseconds(100);
  static constexpr std::int64_t tenths = 10;

  struct Slot {
    std::int64_t tick = -1;  // tenths of a second on the clock
    std::uint64_t count = 0;
    std::uint64_t errors = 0;
    std::vector<std::uint32_t> histogram;
  };

  mutable std::mutex mutex_;
  LoadProgress sum_;
  std::array<Slot, tenths + 1> slots_;  // the tenth that is not over is one more
};

}  // namespace faultline
