// Takes what the server pours, and says at what rate it came and in what bursts: the measure of a
// bandwidth limit is the receiving side, because kernels on the way swallow megabytes first.
//
// A byte's time is the kernel's (SO_TIMESTAMPNS), of the moment when the segment arrived: read by
// our own clock, whoever waits for a core here would call what piled up meanwhile a burst.
//
// The time that counts begins with the first arrival after the warm-up, whose bytes do not count,
// and ends with the last: so a rate that comes in few large pieces is not wrong by one of them.

#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <span>
#include <vector>

#include "load.h"

namespace load {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using Stamp = std::chrono::sys_time<std::chrono::nanoseconds>;  // of the kernel, for a segment

// Bytes per millisecond.
class Arrivals {
 public:
  void add(Stamp at, std::uint64_t bytes) {
    last_ = std::max(last_, at);  // of several connections, read in another order
    if (start_ == Stamp{}) {
      start_ = at;
      return;
    }
    const auto slot = static_cast<std::size_t>(std::max(at - start_, 0ns) / 1ms);
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

  Stamp start_{};
  Stamp last_{};
  std::uint64_t total_ = 0;
  std::vector<std::uint64_t> slots_;
};

// Bytes read at once, and when the last of them had arrived; nothing for what came before the
// kernel began to tell.
struct Read {
  std::uint64_t bytes = 0;
  std::optional<Stamp> at;
};

std::optional<Read> read_some(int fd, std::span<char> buffer) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(timespec))];
  iovec into{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return std::nullopt;
  if (got <= 0) die("recvmsg");
  Read read{static_cast<std::uint64_t>(got), {}};
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_TIMESTAMPNS) return read;
  timespec time{};
  memcpy(&time, CMSG_DATA(header), sizeof time);
  read.at = Stamp(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
  return read;
}

}  // namespace

int pull(std::uint16_t port, std::chrono::seconds lasting, std::size_t connections,
         milliseconds warm) {
  const int set = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  for (std::size_t i = 0; i < connections; ++i) {
    const int fd = dial(port);
    const int on = 1;
    checked(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on), "SO_TIMESTAMPNS");
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
      const std::optional<Read> read = read_some(event.data.fd, buffer);
      now = Clock::now();
      if (!read || now < begin) continue;
      if (!read->at) die("bytes without a time of arrival");
      arrivals.add(*read->at, read->bytes);
    }
  }
  arrivals.print();
  return 0;
}

}  // namespace load
