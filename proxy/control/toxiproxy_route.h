#pragma once

// Which of Toxiproxy's routes a path is, and which methods it knows. Names are found between the
// slashes of the path as sent and decoded after, so that a name may contain a slash (%2F).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace faultline::control {

struct ToxiproxyRoute {
  enum class Place : std::uint8_t { version, proxies, proxy, toxics, toxic, populate, reset };
  Place place = Place::version;
  std::string proxy = {};
  std::string toxic = {};

  bool knows(std::string_view method) const;
};

std::optional<ToxiproxyRoute> toxiproxy_route(std::string_view path);

// "%2F" and the like made bytes; nothing if what follows a '%' is not two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

// The path without empty, "." and ".." segments; a router redirects to it when it differs.
std::string clean_path(std::string_view path);

}  // namespace faultline::control
