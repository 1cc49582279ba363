// Takes what the server pours, and says at what rate it came and in what bursts: the measure of a
// bandwidth limit is the receiving side, because kernels on the way swallow megabytes first.
//
// The time that counts begins with the first arrival after the warm-up, whose bytes do not count,
// and ends with the last: so a rate that comes in few large pieces is not wrong by one of them.

#include <sys/epoll.h>

#include <algorithm>
#include <cstdio>
#include <span>
#include <vector>

#include "load.h"

namespace load {
namespace {

using std::chrono::milliseconds;

// Bytes per millisecond.
class Arrivals {
 public:
  void add(Clock::time_point at, std::uint64_t bytes) {
    last_ = at;
    if (start_ == Clock::time_point{}) {
      start_ = at;
      return;
    }
    const auto slot = static_cast<std::size_t>((at - start_) / milliseconds(1));
    if (slot >= slots_.size()) slots_.resize(slot + 1);
    slots_[slot] += bytes;
    total_ += bytes;
  }

  void print() const {
    const double took = std::chrono::duration<double>(last_ - start_).count();
    std::printf("{\"n\": %llu, \"seconds\": %.6f, \"rate\": %.1f, \"worst_10ms\": %llu}\n",
                static_cast<unsigned long long>(total_), took,
                took > 0 ? static_cast<double>(total_) / took : 0.0,
                static_cast<unsigned long long>(worst(10)));
  }

 private:
  // The most that came in so many neighbouring milliseconds.
  std::uint64_t worst(std::size_t width) const {
    std::uint64_t here = 0;
    std::uint64_t most = 0;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      here += slots_[i];
      if (i >= width) here -= slots_[i - width];
      most = std::max(most, here);
    }
    return most;
  }

  Clock::time_point start_{};
  Clock::time_point last_{};
  std::uint64_t total_ = 0;
  std::vector<std::uint64_t> slots_;
};

}  // namespace

int pull(std::uint16_t port, std::chrono::seconds lasting, std::size_t connections,
         milliseconds warm) {
  const int set = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  for (std::size_t i = 0; i < connections; ++i) {
    const int fd = dial(port);
    if (send(fd, &pour_word, 1, MSG_NOSIGNAL) != 1) die("send");
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    checked(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  }
  static char buffer[256 * 1024];
  Arrivals arrivals;
  const auto begin = Clock::now() + warm;
  for (auto now = Clock::now(); now < begin + lasting; now = Clock::now()) {
    epoll_event events[64];
    const int ready = checked(epoll_wait(set, events, 64, 10), "epoll_wait");
    for (const epoll_event& event : std::span(events, static_cast<std::size_t>(ready))) {
      const ssize_t got = recv(event.data.fd, buffer, sizeof buffer, MSG_DONTWAIT);
      if (got == 0 || (got < 0 && errno != EAGAIN)) die("recv");
      now = Clock::now();
      if (got > 0 && now >= begin) arrivals.add(now, static_cast<std::uint64_t>(got));
    }
  }
  arrivals.print();
  return 0;
}

}  // namespace load
