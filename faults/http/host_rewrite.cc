#include "faults/http/host_rewrite.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "faults/http/head.h"

namespace faultline::http {
namespace {

constexpr std::string_view line_end = "\r\n";

std::string_view scheme_of(bool tls) { return tls ? "https" : "http"; }
std::uint16_t usual_port(bool tls) { return tls ? 443 : 80; }

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

// Takes one line with its CRLF off the front.
std::string_view take_line(ByteView& block) {
  const std::size_t end = block.find(line_end);
  const std::size_t length = end == ByteView::npos ? block.size() : end + line_end.size();
  const std::string_view line = block.substr(0, length);
  block.remove_prefix(length);
  return line;
}

// What a line is called and what it says, and the bytes around that, which stay.
struct Field {
  explicit Field(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    name = line.substr(0, colon);
    value = trimmed(line.substr(colon + 1, line.find(line_end) - colon - 1));
    front = value.empty() ? line.substr(0, colon + 1)
                          : line.substr(0, static_cast<std::size_t>(value.data() - line.data()));
    back = line.substr(front.size() + value.size());
  }
  bool is(std::string_view other) const { return same_word(name, other); }
  std::string with(std::string_view other) const {
    return std::string(front).append(other).append(back);
  }

  std::string_view name, value, front, back;
};

// A URL with an authority, in parts: "https" "://" "a:8443" "/b?c".
struct Url {
  std::string_view scheme, authority, rest;
};

std::optional<Url> url_from(std::string_view text) {
  const std::size_t slashes = text.find("//");
  const bool has_scheme = slashes != 0;
  if (slashes == std::string_view::npos || (has_scheme && text[slashes - 1] != ':')) return {};
  Url url;
  if (has_scheme) url.scheme = text.substr(0, slashes - 1);
  if (url.scheme.find_first_of("/?#") != std::string_view::npos) return {};
  const std::string_view behind = text.substr(slashes + 2);
  const std::size_t end = std::min(behind.find_first_of("/?#"), behind.size());
  url.authority = behind.substr(0, end);
  url.rest = behind.substr(end);
  return url;
}

std::string from_root(std::string_view rest) {
  return rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
}

// Whether "host:port", or a host with the usual port, is the server.
bool is_server(std::string_view authority, const HostRewrite& rewrite) {
  std::uint16_t port = usual_port(rewrite.upstream_tls);
  const std::size_t close = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && (close == std::string_view::npos || colon > close)) {
    const std::string_view digits = authority.substr(colon + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return false;
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']'))
    authority = authority.substr(1, authority.size() - 2);
  return port == rewrite.port && std::ranges::any_of(rewrite.names, [&](const std::string& name) {
           return same_word(name, authority);
         });
}

std::optional<std::string> moved(std::string_view location, const HostRewrite& rewrite,
                                 std::string_view client_host) {
  const auto url = url_from(location);
  if (!url || !is_server(url->authority, rewrite)) return {};
  const bool same_scheme = same_word(url->scheme, scheme_of(rewrite.upstream_tls));
  if (!url->scheme.empty() && !same_scheme) return {};
  if (client_host.empty()) return from_root(url->rest);
  std::string out;
  if (!url->scheme.empty()) out.append(scheme_of(rewrite.client_tls)).append(":");
  return out.append("//").append(client_host).append(url->rest);
}

// Whether a cookie for this domain is sent to the server: the domain is its name, or a parent of it
// (RFC 6265 section 5.1.3).
bool covers(std::string_view domain, std::string_view name) {
  if (domain.starts_with('.')) domain.remove_prefix(1);
  if (domain.empty() || domain.size() > name.size()) return false;
  const std::size_t before = name.size() - domain.size();
  return same_word(domain, name.substr(before)) && (before == 0 || name[before - 1] == '.');
}

std::string cookie(std::string_view value, const HostRewrite& rewrite) {
  const auto goes = [&](std::string_view attribute) {
    const std::size_t equals = attribute.find('=');
    const std::string_view name = trimmed(attribute.substr(0, equals));
    if (same_word(name, "Secure")) return !rewrite.client_tls;
    if (!same_word(name, "Domain") || equals == std::string_view::npos) return false;
    const std::string_view domain = trimmed(attribute.substr(equals + 1));
    return std::ranges::any_of(rewrite.names,
                               [&](const std::string& of) { return covers(domain, of); });
  };
  std::size_t end = std::min(value.find(';'), value.size());
  std::string out(value.substr(0, end));
  while (end < value.size()) {
    const std::size_t next = std::min(value.find(';', end + 1), value.size());
    const std::string_view attribute = value.substr(end + 1, next - end - 1);
    if (!goes(attribute)) out.append(";").append(attribute);
    end = next;
  }
  return out;
}

}  // namespace

std::string HostRewrite::authority() const {
  const std::string& name = names.front();
  const bool v6 = name.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + name + "]" : name;
  return port == usual_port(upstream_tls) ? host : host + ":" + std::to_string(port);
}

std::string HostRewrite::request(ByteView block, std::string& client_host) const {
  const Head head(block);
  client_host = head.field("Host").value_or("");
  if (head.method() == "CONNECT") return std::string(block);
  std::string out(take_line(block));
  if (const auto url = head.target().starts_with('/') ? std::nullopt : url_from(head.target())) {
    client_host = url->authority;
    out.replace(head.method().size() + 1, head.target().size(), from_root(url->rest));
  }
  if (!head.field("Host")) out.append("Host: ").append(authority()).append(line_end);
  while (!block.empty()) {
    const std::string_view line = take_line(block);
    const Field field(line);
    if (!field.is("Host")) {
      out += line;
    } else {
      out += field.value.empty() ? "Host: " + authority() + "\r\n" : field.with(authority());
    }
  }
  return out;
}

std::string HostRewrite::response(ByteView block, std::string_view client_host) const {
  std::string out(take_line(block));
  while (!block.empty()) {
    const std::string_view line = take_line(block);
    const Field field(line);
    if (field.is("Alt-Svc") || field.is("Strict-Transport-Security")) continue;
    if (field.is("Location")) {
      const auto other = moved(field.value, *this, client_host);
      out += other ? field.with(*other) : line;
    } else if (field.is("Set-Cookie")) {
      out += field.with(cookie(field.value, *this));
    } else {
      out += line;
    }
  }
  return out;
}

}  // namespace faultline::http
