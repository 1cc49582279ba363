#include "proxy/spec.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace faultline {
namespace {

constexpr std::size_t longest_host = 253;
constexpr std::size_t longest_quote = 64;  // of what the user wrote, in a message

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_byte(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
         c == '_';
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, longest_quote)) out += c < ' ' || c > '~' ? '?' : c;
  return out + (text.size() > longest_quote ? "…\"" : "\"");
}

std::unexpected<Error> refused(std::string_view text, std::string_view why) {
  return error("", quoted(text) + " " + std::string(why));
}

Result<std::uint16_t> port_from(std::string_view text, std::string_view digits) {
  std::uint32_t port = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, fault] = std::from_chars(digits.data(), end, port);
  if (fault != std::errc() || stop != end || !is_digit(digits.front()) || port > 65535) {
    return refused(text, "has the port " + quoted(digits) + "; a port is a number from 0 to 65535");
  }
  return static_cast<std::uint16_t>(port);
}

// An IPv6 address, perhaps with a zone: "fe80::1%eth0".
bool is_ipv6(std::string_view host) {
  const std::size_t zone = host.find('%');
  const std::string digits(host.substr(0, zone));
  in6_addr ignored{};
  if (digits.find('\0') != std::string::npos) return false;
  if (inet_pton(AF_INET6, digits.c_str(), &ignored) != 1) return false;
  if (zone == std::string_view::npos) return true;
  const std::string_view scope = host.substr(zone + 1);
  return !scope.empty() && std::ranges::all_of(scope, is_name_byte);
}

Result<Address> bracketed(std::string_view text) {
  const std::size_t close = text.find(']');
  if (close == std::string_view::npos)
    return refused(text, "has no closing \"]\"; write [v6]:port");
  const std::string_view host = text.substr(1, close - 1);
  if (host.size() > longest_host || !is_ipv6(host)) {
    return refused(text, "has no IPv6 address in its brackets; an example is [::1]:5432");
  }
  const std::string_view rest = text.substr(close + 1);
  if (rest.size() < 2 || rest.front() != ':') {
    return refused(text, "has no port; write [v6]:port, for example [::1]:5432");
  }
  const auto port = port_from(text, rest.substr(1));
  if (!port) return std::unexpected(port.error());
  return Address{std::string(host), *port};
}

}  // namespace

std::string Address::text() const {
  const std::string number = std::to_string(port);
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? "[" + host + "]:" + number : host + ":" + number;
}

std::string_view rewrite_problem(const std::optional<bool>& rewrite_host,
                                 std::string_view protocol) {
  if (!rewrite_host.value_or(false) || protocol == "http") return "";
  return "is for protocol http, whose messages it rewrites; add that, or leave it out";
}

http::HostRewrite host_rewrite(const ProxySpec& spec) {
  http::HostRewrite rewrite;
  if (!spec.tls.server_name.empty()) rewrite.names.push_back(spec.tls.server_name);
  rewrite.names.push_back(spec.upstream.host);
  rewrite.port = spec.upstream.port;
  rewrite.upstream_tls = spec.tls.upstream;
  rewrite.client_tls = spec.tls.terminates();
  return rewrite;
}

Result<Address> address_from(std::string_view text) {
  if (text.starts_with('[')) return bracketed(text);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) {
    return refused(text, "has no port; write host:port, for example 127.0.0.1:5432");
  }
  const std::string_view host = text.substr(0, colon);
  if (host.empty())
    return refused(text, "has no host; write host:port, for example 127.0.0.1:5432");
  if (host.find(':') != std::string_view::npos) {
    return refused(text, "has more than one colon; an IPv6 address goes in brackets: [::1]:5432");
  }
  if (host.size() > longest_host) {
    return refused(text, "has a host of " + std::to_string(host.size()) +
                             " bytes; a host name has at most " + std::to_string(longest_host));
  }
  if (!std::ranges::all_of(host, is_name_byte)) {
    return refused(text, "has a host with other bytes than letters, digits, '.', '-' and '_'");
  }
  const auto port = port_from(text, text.substr(colon + 1));
  if (!port) return std::unexpected(port.error());
  return Address{std::string(host), *port};
}

}  // namespace faultline
