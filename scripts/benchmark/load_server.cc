// The server of our own loads. One thread echoes; each connection that asks to be poured to gets a
// thread of its own, so that bulk does not delay the echoes of others here: what is to be seen is
// whether it does so in a proxy.

#include <sys/epoll.h>

#include <array>
#include <cstdio>
#include <span>
#include <thread>

#include "load.h"

namespace load {
namespace {

// Until the client goes.
void pour(int fd) {
  static const std::array<char, 256 * 1024> block{};
  while (send(fd, block.data(), block.size(), MSG_NOSIGNAL) > 0) {
  }
  close(fd);
}

}  // namespace

int echo() {
  const int listener =
      checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  checked(bind(listener, reinterpret_cast<sockaddr*>(&address), length), "bind");
  checked(listen(listener, 4096), "listen");
  checked(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), "getsockname");
  std::printf("listening %u\n", ntohs(address.sin_port));
  std::fflush(stdout);

  const int set = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  for (const int fd : {listener, STDIN_FILENO}) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    checked(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  }
  static char buffer[1 << 16];
  while (true) {
    epoll_event events[256];
    const int ready = checked(epoll_wait(set, events, 256, -1), "epoll_wait");
    for (const epoll_event& event : std::span(events, static_cast<std::size_t>(ready))) {
      const int fd = event.data.fd;
      if (fd == STDIN_FILENO) return 0;
      if (fd == listener) {
        for (int peer; (peer = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
          send_at_once(peer);
          epoll_event added{.events = EPOLLIN, .data = {.fd = peer}};
          checked(epoll_ctl(set, EPOLL_CTL_ADD, peer, &added), "epoll_ctl");
        }
        continue;
      }
      const ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
      if (got > 0 && buffer[0] == pour_word) {
        checked(epoll_ctl(set, EPOLL_CTL_DEL, fd, nullptr), "epoll_ctl");
        std::thread(pour, fd).detach();
        continue;
      }
      const bool sent =
          got > 0 && send(fd, buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
      if (!sent && !(got < 0 && errno == EAGAIN)) close(fd);
    }
  }
}

}  // namespace load
