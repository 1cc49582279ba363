#pragma once

// Where proxies may be pointed at. Without a list anywhere; with one, only there: who can speak to
// the control API could else reach whatever this machine can.
//
//   10.0.0.0/8:5432   addresses of a prefix, one port
//   10.0.0.7:*        one address, any port
//   db.internal:5432  a name, compared as it is written (what it resolves to is not looked at)
//   *.internal:*      names that end so
//
// A name is never covered by a prefix: what it will resolve to is not known when it is allowed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/prefix.h"
#include "faults/result.h"

namespace faultline::control {

class Upstreams {
 public:
  // One more pattern. The error's place is `where`.
  Result<void> add(std::string_view pattern, const std::string& where);

  bool allow(std::string_view upstream) const;

 private:
  struct Pattern {
    std::optional<Prefix> prefix;  // else by name
    std::string name;              // in small letters; ".internal" for every name that ends so
    std::optional<std::uint16_t> port;
  };
  static bool fits(const Pattern& pattern, const std::string& host, std::uint16_t port);

  std::vector<Pattern> patterns_;
};

}  // namespace faultline::control
