#pragma once

// What the parts of the load generator have in common. An error of the system ends the program with
// a message and exit code 1: a load that is not whole measures nothing.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace load {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const char* what);

inline int checked(int result, const char* what) {
  if (result < 0) die(what);
  return result;
}

sockaddr_in loopback(std::uint16_t port);
void send_at_once(int fd);  // TCP_NODELAY

// A blocking connection.
int dial(std::uint16_t port);

void until_stdin_ends();

// Who begins with this byte is poured as much as it takes; everybody else is echoed.
constexpr char pour_word = 'P';

int echo();
int awake();
int pull(std::uint16_t port, std::chrono::seconds lasting, std::size_t connections,
         std::chrono::milliseconds warm);

}  // namespace load
