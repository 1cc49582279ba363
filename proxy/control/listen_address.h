#pragma once

// What a user wrote as a listening address, made into numbers the engine can bind: by the rules of
// Toxiproxy, whose clients write "localhost:0", ":8080", "0.0.0.0:8080" or nothing at all.

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/spec.h"

namespace faultline::control {

// Why an address cannot be listened on: something in its text, or what the kernel said.
struct ListenRefusal {
  enum class Why : std::uint8_t {
    no_port,          // "local373"
    too_many_colons,  // "a:b:1", and brackets that do not match
    bad_port,         // "127.0.0.1:99999"; the address is the port's digits
    unknown_port,     // "127.0.0.1:http"; likewise
    no_such_host,     // the address is the host
    kernel,           // `code` says what
  };
  Why why = Why::kernel;
  std::string address;
  int code = 0;
};

struct ListenAddress {
  Address numeric;        // "::" for every address of this machine
  bool wildcard = false;  // no host was named, or 0.0.0.0, or [::]
  std::string spoken;     // with the host in numbers as it was meant: ":8080", "0.0.0.0:8080"

  bool same_place(const ListenAddress& other) const {
    return numeric == other.numeric && numeric.port != 0;
  }
};

// Name to numbers, of this machine; empty if there are none. It answers within a bounded time.
using Lookup = std::function<std::vector<std::string>(const std::string& host)>;

std::expected<ListenAddress, ListenRefusal> listen_address(std::string_view text,
                                                           const Lookup& lookup);

// An upstream as written; what cannot be an address becomes one that no name service knows, so that
// connections fail as they would with a name that does not exist.
Address upstream_address(std::string_view text);

}  // namespace faultline::control
