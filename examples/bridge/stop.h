#pragma once

// Waiting with an end. Every wait of the service is on a descriptor, has a deadline, and is over at
// once when the process has been told to stop: that is what makes shutdown a function with an end
// even while a dependency hangs.

#include <atomic>
#include <chrono>

namespace bridge {

using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;
using Deadline = Clock::time_point;

inline constexpr Deadline never = Deadline::max();

inline Deadline within(Millis patience) { return Clock::now() + patience; }

/// Milliseconds left for poll(2): rounded up, 0 when over, -1 for `never`.
int poll_timeout(Deadline deadline);

/// Set once, never cleared; any number of threads may wait on it.
class Stop {
 public:
  Stop();
  ~Stop();
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;

  void request();
  bool requested() const { return requested_.load(); }
  /// Readable from the moment `request` is called, for ever.
  int fd() const { return fd_; }

 private:
  int fd_;
  std::atomic<bool> requested_{false};
};

enum class Waited { ready, expired, stopped };

/// Waits until `fd` has one of the poll(2) `events` (or an error, which counts as ready).
Waited wait_for(int fd, short events, Deadline deadline, const Stop& stop);

/// Sleeps; false when the sleep was cut short by `stop`.
bool sleep_for(Millis duration, const Stop& stop);

}  // namespace bridge
