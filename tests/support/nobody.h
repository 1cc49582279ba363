#pragma once

// An address on loopback at which nobody listens, for as long as this lives: the port is held
// without listening, so that nobody else can be given it meanwhile. Who connects is refused.

#include <sys/socket.h>

#include <string>

#include "proxy/wire/socket.h"
#include "tests/support/catch.h"

namespace faultline {

class Nobody {
 public:
  Nobody() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    wire::SocketAddress loopback;
    wire::numeric({"127.0.0.1", 0}, loopback);
    REQUIRE(bind(socket_.get(), loopback.get(), loopback.length) == 0);
  }

  Address address() const { return {"127.0.0.1", wire::local_address(socket_.get()).port()}; }
  std::string port() const { return std::to_string(address().port); }

 private:
  wire::Descriptor socket_;
};

}  // namespace faultline
