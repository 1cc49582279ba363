#include "proxy/wire/ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace faultline::wire {

Result<std::vector<std::uint16_t>> free_ports(std::size_t count) {
  std::vector<int> held;
  std::vector<std::uint16_t> ports;
  int why = 0;
  while (ports.size() < count && why == 0) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      why = errno;
      break;
    }
    held.push_back(fd);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(fd, generic, size) != 0 || getsockname(fd, generic, &size) != 0) {
      why = errno;
    } else {
      ports.push_back(ntohs(address.sin_port));
    }
  }
  for (const int fd : held) close(fd);
  if (why != 0) return error("ports", std::string("no free port: ") + strerror(why));
  return ports;
}

}  // namespace faultline::wire
