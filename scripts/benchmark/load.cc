// The load that scripts/bench makes itself, small enough not to be what is measured.
//
//   load echo
//       echoes, and pours to whoever says so (load_server.cc); prints "listening PORT", runs until
//       stdin ends
//   load ping PORT SECONDS
//       closed loop: one connection, 64 bytes to and fro
//   load paced PORT SECONDS RATE CONNECTIONS
//       open loop: latency from the scheduled instant
//   load churn PORT SECONDS CONNECTIONS
//       connect, 64 bytes to and fro, close, again
//   load idle PORT CONNECTIONS
//       opens them all, prints "ready", holds until stdin ends
//   load pull PORT SECONDS CONNECTIONS WARM
//       takes what the server pours; measures after WARM milliseconds (load_pull.cc)
//   load awake
//       keeps the processors from halting until stdin ends (load_awake.cc)
//
// Everything on 127.0.0.1. Results are one line of JSON; latencies in microseconds.

#include "load.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

namespace load {

void die(const char* what) {
  std::fprintf(stderr, "load: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void send_at_once(int fd) {
  const int on = 1;
  checked(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
}

int dial(std::uint16_t port) {
  const int fd = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const sockaddr_in address = loopback(port);
  checked(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
  send_at_once(fd);
  return fd;
}

void until_stdin_ends() {
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
}

namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::size_t message_size = 64;
using Message = std::array<char, message_size>;

void write_message(int fd, const Message& message) {
  // 64 bytes always fit into a socket buffer whose answers are being read.
  if (send(fd, message.data(), message.size(), MSG_NOSIGNAL) != std::ssize(message)) die("send");
}

void read_message(int fd, Message& message) {
  if (recv(fd, message.data(), message.size(), MSG_WAITALL) != std::ssize(message)) die("recv");
}

void round_trip(int fd) {
  Message message{};
  write_message(fd, message);
  read_message(fd, message);
}

double microseconds(nanoseconds time) { return static_cast<double>(time.count()) / 1000.0; }

void print_latencies(std::vector<nanoseconds>& all, Clock::duration took) {
  std::ranges::sort(all);
  // Nearest rank.
  const auto quantile = [&](double q) {
    const auto rank = static_cast<std::size_t>(q * static_cast<double>(all.size()) + 0.999999);
    return all.empty() ? 0.0 : microseconds(all[std::clamp<std::size_t>(rank, 1, all.size()) - 1]);
  };
  std::printf(
      "{\"n\": %zu, \"rate\": %.1f, \"min\": %.2f, \"p50\": %.2f, \"p90\": %.2f, \"p99\": %.2f, "
      "\"max\": %.2f}\n",
      all.size(), static_cast<double>(all.size()) / std::chrono::duration<double>(took).count(),
      quantile(0), quantile(0.5), quantile(0.9), quantile(0.99), quantile(1));
}

int ping(std::uint16_t port, seconds lasting) {
  const int fd = dial(port);
  for (int i = 0; i < 200; ++i) round_trip(fd);  // warm
  std::vector<nanoseconds> all;
  all.reserve(1 << 20);
  const auto start = Clock::now();
  for (auto now = start; now < start + lasting;) {
    round_trip(fd);
    const auto after = Clock::now();
    all.push_back(after - now);
    now = after;
  }
  print_latencies(all, Clock::now() - start);
  return 0;
}

// Sends on schedule, whatever the answers do; a connection's answers come in order, so that its
// oldest unanswered schedule belongs to the next one.
int paced(std::uint16_t port, seconds lasting, std::int64_t rate, std::size_t connections) {
  struct Connection {
    int fd;
    std::deque<Clock::time_point> unanswered;
    std::size_t received = 0;  // bytes of the answer under way
  };
  std::vector<Connection> all(connections);
  const int set = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  const auto watch = [set](int fd, std::uint64_t tag) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = tag}};
    checked(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].fd = dial(port);
    round_trip(all[i].fd);
    watch(all[i].fd, i);
  }
  // epoll's own timeouts are late by 50 us and more; a timerfd has no such slack.
  const int timer = checked(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), "timerfd_create");
  watch(timer, connections);

  const auto start = Clock::now() + std::chrono::milliseconds(50);
  const std::int64_t total = rate * lasting.count();
  const nanoseconds gap = nanoseconds(seconds(1)) / rate;
  const auto give_up = start + lasting + seconds(5);
  std::vector<nanoseconds> latencies;
  latencies.reserve(static_cast<std::size_t>(total));
  std::int64_t sent = 0;
  const Message message{};
  while (std::ssize(latencies) < total && Clock::now() < give_up) {
    auto now = Clock::now();
    for (; sent < total && now >= start + sent * gap; ++sent) {
      Connection& connection = all[static_cast<std::size_t>(sent) % all.size()];
      write_message(connection.fd, message);
      connection.unanswered.push_back(start + sent * gap);
    }
    const auto next = sent < total ? start + sent * gap : give_up;
    const auto due = next.time_since_epoch();
    const auto whole = std::chrono::duration_cast<seconds>(due);
    const itimerspec at{{}, {whole.count(), nanoseconds(due - whole).count()}};
    checked(timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, nullptr), "timerfd_settime");

    epoll_event events[64];
    const int ready = checked(epoll_wait(set, events, 64, -1), "epoll_wait");
    now = Clock::now();
    for (const epoll_event& event : std::span(events, static_cast<std::size_t>(ready))) {
      if (event.data.u64 == connections) continue;  // arming the timer anew clears it
      Connection& connection = all[event.data.u64];
      char buffer[4096];
      const ssize_t got = recv(connection.fd, buffer, sizeof buffer, MSG_DONTWAIT);
      if (got <= 0) die("recv");
      connection.received += static_cast<std::size_t>(got);
      for (; connection.received >= message_size; connection.received -= message_size) {
        latencies.push_back(now - connection.unanswered.front());
        connection.unanswered.pop_front();
      }
    }
  }
  if (std::ssize(latencies) < total) {
    errno = ETIMEDOUT;
    die("answers are missing");
  }
  print_latencies(latencies, Clock::now() - start);
  return 0;
}

// Each slot connects, makes one round trip and closes; the kernel does the handshakes meanwhile.
int churn(std::uint16_t port, seconds lasting, std::size_t connections) {
  const int set = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  const sockaddr_in address = loopback(port);
  const auto begin = [&] {
    const int fd =
        checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
    send_at_once(fd);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 &&
        errno != EINPROGRESS) {
      die("connect");
    }
    epoll_event event{.events = EPOLLOUT, .data = {.fd = fd}};
    checked(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  };
  for (std::size_t i = 0; i < connections; ++i) begin();

  const auto start = Clock::now();
  std::uint64_t done = 0;
  Message message{};
  while (Clock::now() < start + lasting) {
    epoll_event events[64];
    const int ready = checked(epoll_wait(set, events, 64, 1000), "epoll_wait");
    for (epoll_event& event : std::span(events, static_cast<std::size_t>(ready))) {
      const int fd = event.data.fd;
      if (event.events & EPOLLOUT) {
        write_message(fd, message);
        event.events = EPOLLIN;
        checked(epoll_ctl(set, EPOLL_CTL_MOD, fd, &event), "epoll_ctl");
      } else {
        read_message(fd, message);
        checked(close(fd), "close");
        ++done;
        begin();
      }
    }
  }
  const double took = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("{\"n\": %llu, \"rate\": %.1f}\n", static_cast<unsigned long long>(done),
              static_cast<double>(done) / took);
  return 0;
}

int idle(std::uint16_t port, std::size_t connections) {
  for (std::size_t i = 0; i < connections; ++i) round_trip(dial(port));
  std::puts("ready");
  std::fflush(stdout);
  until_stdin_ends();
  return 0;
}

}  // namespace
}  // namespace load

int main(int count, char** words) {
  using namespace load;
  const std::string_view mode = count > 1 ? words[1] : "";
  const auto number = [&](int i) { return i < count ? std::strtoll(words[i], nullptr, 10) : 0; };
  const auto port = static_cast<std::uint16_t>(number(2));
  if (mode == "echo") return echo();
  if (mode == "awake") return awake();
  if (mode == "ping" && count == 4) return ping(port, seconds(number(3)));
  if (mode == "paced" && count == 6) {
    return paced(port, seconds(number(3)), number(4), static_cast<std::size_t>(number(5)));
  }
  if (mode == "churn" && count == 5) {
    return churn(port, seconds(number(3)), static_cast<std::size_t>(number(4)));
  }
  if (mode == "idle" && count == 4) return idle(port, static_cast<std::size_t>(number(3)));
  if (mode == "pull" && count == 6) {
    return pull(port, seconds(number(3)), static_cast<std::size_t>(number(4)),
                std::chrono::milliseconds(number(5)));
  }
  std::fprintf(stderr, "load: unknown use; the head of load.cc lists them\n");
  return 2;
}
