#pragma once

// An address prefix, as an aim names clients: "10.0.0.7", "10.0.0.0/8", "2001:db8::/32". An IPv4
// address that reached an IPv6 socket ("::ffff:10.0.0.7") is the IPv4 address (RFC 4291, 2.5.5.2).

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "faults/result.h"

namespace faultline {

class Prefix {
 public:
  // Errors say what was found; `where` is the place of the text.
  static Result<Prefix> from(std::string_view text, const std::string& where);

  // `address` is numeric and without its port; false for what is none.
  bool covers(std::string_view address) const;

  bool operator==(const Prefix&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};  // IPv4 as ::ffff:a.b.c.d
  unsigned bits_ = 0;                     // of the sixteen bytes
};

}  // namespace faultline
