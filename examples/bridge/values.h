#pragma once

// Values as people write them on the command line: whole numbers, durations with a unit, addresses,
// limits such as 10/1m.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stop.h"

namespace bridge {

std::optional<std::uint64_t> whole_number(std::string_view text);

/// `800ms`, `5s`, `2m`; at most a day.
std::optional<Millis> duration(std::string_view text);

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

/// HOST:PORT; an IPv6 address stands in brackets.
std::optional<Address> address(std::string_view text);

/// So many requests in a window of time.
struct Limit {
  std::uint64_t requests = 0;
  Millis window{0};
};

/// `10/1m`: both above zero.
std::optional<Limit> limit(std::string_view text);

}  // namespace bridge
