#include "proxy/control/upstreams.h"

#include <algorithm>
#include <charconv>

#include "proxy/control/listen_address.h"
#include "proxy/spec.h"

namespace faultline::control {
namespace {

std::string small(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (out.ends_with('.')) out.pop_back();
  return out;
}

bool looks_numeric(std::string_view host) {
  return host.find(':') != std::string_view::npos || host.find('/') != std::string_view::npos ||
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

Result<void> Upstreams::add(std::string_view pattern, const std::string& where) {
  const std::size_t colon = pattern.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == pattern.size()) {
    return error(where, quoted(pattern) +
                            " names no upstreams; write HOST:PORT, like 10.0.0.0/8:5432 or "
                            "db.internal:*");
  }
  Pattern made;
  std::string_view host = pattern.substr(0, colon);
  const std::string_view port = pattern.substr(colon + 1);
  if (port != "*") {
    std::uint16_t number = 0;
    const char* const end = port.data() + port.size();
    const auto read = std::from_chars(port.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end || number == 0) {
      return error(where, quoted(port) + " is not a port; it is 1 to 65535, or *");
    }
    made.port = number;
  }
  if (host.starts_with('[')) {  // "[fd00::]/8:*", "[::1]:80"
    const std::size_t close = host.find(']');
    if (close == std::string_view::npos) return error(where, quoted(host) + " has no closing ]");
    const std::string inner =
        std::string(host.substr(1, close - 1)) + std::string(host.substr(close + 1));
    auto prefix = Prefix::from(inner, where);
    if (!prefix) return std::unexpected(prefix.error());
    made.prefix = *prefix;
  } else if (looks_numeric(host)) {
    auto prefix = Prefix::from(host, where);
    if (!prefix) return std::unexpected(prefix.error());
    made.prefix = *prefix;
  } else {
    const bool ending = host.starts_with("*.");
    if (ending) host.remove_prefix(1);
    if (host.find('*') != std::string_view::npos) {
      return error(where, quoted(pattern) + ": a * stands for a port, or in front as \"*.\"");
    }
    made.name = small(host);
  }
  patterns_.push_back(std::move(made));
  return {};
}

bool Upstreams::fits(const Pattern& pattern, const std::string& host, std::uint16_t port) {
  if (pattern.port && *pattern.port != port) return false;
  if (pattern.prefix) return pattern.prefix->covers(host);
  return pattern.name.starts_with('.') ? host.ends_with(pattern.name) : host == pattern.name;
}

bool Upstreams::allow(std::string_view upstream) const {
  if (patterns_.empty()) return true;
  const Address address = upstream_address(upstream);
  if (address.host.empty()) return true;  // it is no address, and nothing is ever dialed
  const std::string host = small(address.host);
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [&](const Pattern& pattern) { return fits(pattern, host, address.port); });
}

}  // namespace faultline::control
