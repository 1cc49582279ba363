#include "proxy/control/listen_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace faultline::control {
namespace {

using Why = ListenRefusal::Why;

std::unexpected<ListenRefusal> refused(Why why, std::string_view address) {
  return std::unexpected(ListenRefusal{why, std::string(address), 0});
}

struct Split {
  std::string_view host;
  std::string_view port;
};

// As Go's net.SplitHostPort.
std::expected<Split, ListenRefusal> split(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refused(Why::no_port, text);
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return refused(Why::too_many_colons, text);
    if (close + 1 == text.size()) return refused(Why::no_port, text);
    if (close + 1 != colon) return refused(Why::too_many_colons, text);
    return Split{text.substr(1, close - 1), text.substr(colon + 1)};
  }
  const std::string_view host = text.substr(0, colon);
  if (host.find(':') != std::string_view::npos) return refused(Why::too_many_colons, text);
  return Split{host, text.substr(colon + 1)};
}

std::expected<std::uint16_t, ListenRefusal> port_from(std::string_view text) {
  if (text.empty()) return std::uint16_t{0};
  std::int64_t port = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, port);
  if (read.ec == std::errc::invalid_argument || read.ptr != end) {
    return refused(Why::unknown_port, text);
  }
  if (read.ec != std::errc() || port < 0 || port > 65535) return refused(Why::bad_port, text);
  return static_cast<std::uint16_t>(port);
}

bool is_v4(const std::string& host) {
  in_addr ignored{};
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1;
}
bool is_v6(const std::string& host) {
  in6_addr ignored{};
  return inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

std::expected<std::string, ListenRefusal> host_in_numbers(std::string_view host,
                                                          const Lookup& lookup) {
  const std::string name(host);
  if (name.find('\0') != std::string::npos) return refused(Why::no_such_host, host);
  if (is_v4(name) || is_v6(name)) return name;
  if (name == "localhost") return std::string("127.0.0.1");
  const std::vector<std::string> known = lookup ? lookup(name) : std::vector<std::string>{};
  const auto v4 = std::find_if(known.begin(), known.end(), is_v4);
  if (v4 != known.end()) return *v4;
  const auto v6 = std::find_if(known.begin(), known.end(), is_v6);
  if (v6 != known.end()) return *v6;
  return refused(Why::no_such_host, host);
}

}  // namespace

std::expected<ListenAddress, ListenRefusal> listen_address(std::string_view text,
                                                           const Lookup& lookup) {
  if (text.empty()) text = ":0";
  const auto parts = split(text);
  if (!parts) return std::unexpected(parts.error());
  const auto port = port_from(parts->port);
  if (!port) return std::unexpected(port.error());

  ListenAddress address;
  address.numeric.port = *port;
  if (!parts->host.empty()) {
    const auto host = host_in_numbers(parts->host, lookup);
    if (!host) return std::unexpected(host.error());
    address.numeric.host = *host;
  }
  address.spoken = address.numeric.text();
  address.wildcard = address.numeric.host.empty() || address.numeric.host == "0.0.0.0" ||
                     address.numeric.host == "::";
  if (address.wildcard) address.numeric.host = "::";
  return address;
}

Address upstream_address(std::string_view text) {
  if (text.starts_with(':')) return upstream_address("localhost" + std::string(text));
  const Result<Address> address = address_from(text);
  return address ? *address : Address{};
}

}  // namespace faultline::control
