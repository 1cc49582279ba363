#include "stop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <system_error>

namespace bridge {

int poll_timeout(Deadline deadline) {
  if (deadline == never) return -1;
  const auto left = std::chrono::ceil<Millis>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

Stop::Stop() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Stop::~Stop() { ::close(fd_); }

void Stop::request() {
  requested_.store(true);
  const std::uint64_t one = 1;
  // A full counter would mean that it is readable already, which is all that is wanted.
  [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
}

Waited wait_for(int fd, short events, Deadline deadline, const Stop& stop) {
  pollfd watched[2] = {{fd, events, 0}, {stop.fd(), POLLIN, 0}};
  for (;;) {
    const int ready = ::poll(watched, 2, poll_timeout(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (stop.requested()) return Waited::stopped;
    if (ready == 0) return Waited::expired;
    return Waited::ready;
  }
}

bool sleep_for(Millis duration, const Stop& stop) {
  return wait_for(-1, 0, within(duration), stop) == Waited::expired;
}

}  // namespace bridge
