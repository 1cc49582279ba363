#pragma once

// The pace of a rate, as the instant when the line is free. Whoever wants to send books a slot
// behind all slots before it, and sends when its slot is over: so many links share one pace in the
// order they asked, none starves, and a timer that fires late costs nothing, because the next slot
// begins where the last one ended and not when somebody woke up.
//
//       booked by A     booked by B
//   ├───────────────┼─────────────────┤ free
//                   A sends           B sends
//
// Links of several workers may book at once; one compare-and-swap does it.

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "faults/bytes.h"
#include "faults/time.h"

namespace faultline {

class Pace {
 public:
  // How long so many bytes take, rounded up; fewer than 2^33 of them.
  static Duration cost(std::uint64_t bytes, Bytes rate) {
    return Duration(static_cast<std::int64_t>((bytes * billion + rate.count - 1) / rate.count));
  }
  // How many bytes so much time is worth, at least one.
  static std::uint64_t worth(Duration time, Bytes rate) {
    const auto bytes = static_cast<std::uint64_t>(time.count()) * rate.count / billion;
    return std::max<std::uint64_t>(bytes, 1);
  }

  void set_free(Instant free) {
    free_.store(free.time_since_epoch().count(), std::memory_order_relaxed);
  }
  Instant free() const { return Instant(Duration(free_.load(std::memory_order_relaxed))); }

  struct Slot {
    Instant from, to;
  };
  // The next slot of this length that does not begin before `earliest`.
  Slot book(Duration length, Instant earliest) {
    std::int64_t free = free_.load(std::memory_order_relaxed);
    while (true) {
      const std::int64_t from = std::max(free, earliest.time_since_epoch().count());
      const std::int64_t to = from + length.count();
      if (free_.compare_exchange_weak(free, to, std::memory_order_relaxed))
        return {Instant(Duration(from)), Instant(Duration(to))};
    }
  }
  // Whether that slot would be over by `now`; if so it is booked.
  bool book_if_over(Duration length, Instant earliest, Instant now) {
    std::int64_t free = free_.load(std::memory_order_relaxed);
    while (true) {
      const std::int64_t to = std::max(free, earliest.time_since_epoch().count()) + length.count();
      if (to > now.time_since_epoch().count()) return false;
      if (free_.compare_exchange_weak(free, to, std::memory_order_relaxed)) return true;
    }
  }

 private:
  static constexpr std::uint64_t billion = 1'000'000'000;

  std::atomic<std::int64_t> free_ = 0;  // nanoseconds of the monotonic clock
};

}  // namespace faultline
