#include "proxy/control/native_route.h"

#include <algorithm>
#include <array>

#include "proxy/control/toxiproxy_route.h"

namespace faultline::control {
namespace {

using Does = NativeRoute::Does;

constexpr auto routes = std::to_array<NativeRoute>({
    {"GET", "/v1/proxies", Does::list_proxies},
    {"POST", "/v1/proxies", Does::create_proxy},
    {"GET", "/v1/proxies/{proxy}", Does::show_proxy},
    {"PATCH", "/v1/proxies/{proxy}", Does::change_proxy},
    {"DELETE", "/v1/proxies/{proxy}", Does::remove_proxy},
    {"GET", "/v1/proxies/{proxy}/faults", Does::list_faults},
    {"POST", "/v1/proxies/{proxy}/faults", Does::create_fault},
    {"GET", "/v1/proxies/{proxy}/faults/{fault}", Does::show_fault},
    {"PUT", "/v1/proxies/{proxy}/faults/{fault}", Does::put_fault},
    {"PATCH", "/v1/proxies/{proxy}/faults/{fault}", Does::change_fault},
    {"DELETE", "/v1/proxies/{proxy}/faults/{fault}", Does::remove_fault},
    {"PUT", "/v1/proxies/{proxy}/faults/{fault}/lease", Does::renew_lease},
    {"PUT", "/v1/leases/{owner}", Does::renew_leases},
    {"POST", "/v1/heal", Does::heal},
    {"GET", "/v1/connections", Does::list_connections},
    {"DELETE", "/v1/connections/{connection}", Does::reset_connection},
    {"GET", "/v1/faults", Does::list_kinds},
    {"GET", "/v1/events", Does::follow_events},
    {"GET", "/v1/journal", Does::follow_journal},
    {"DELETE", "/v1/journal/{record}", Does::end_journal},
    {"POST", "/v1/reload", Does::reload},
    {"GET", "/openapi.json", Does::tell_document},
    {"GET", "/metrics", Does::tell_metrics},
    {"GET", "/healthz", Does::tell_health},
    {"GET", "/readyz", Does::tell_readiness},
});

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> parts;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    parts.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
}

bool fits(const std::vector<std::string_view>& wanted, const std::vector<std::string_view>& parts,
          std::vector<std::string>& names) {
  names.clear();
  if (wanted.size() != parts.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i].starts_with('{')) {
      if (wanted[i] != parts[i]) return false;
      continue;
    }
    std::optional<std::string> name = percent_decoded(parts[i]);
    if (!name || name->empty()) return false;
    names.push_back(std::move(*name));
  }
  return true;
}

}  // namespace

std::span<const NativeRoute> native_routes() { return routes; }

std::optional<NativeMatch> native_match(std::string_view method, std::string_view path) {
  const std::vector<std::string_view> parts = segments(path);
  NativeMatch match;
  bool known = false;
  for (const NativeRoute& route : routes) {
    std::vector<std::string> names;
    if (!fits(segments(route.path), parts, names)) continue;
    known = true;
    match.allow += (match.allow.empty() ? "" : ", ") + std::string(route.method);
    if (route.method == "GET") match.allow += ", HEAD";
    if (route.method != method && !(route.method == "GET" && method == "HEAD")) continue;
    match.route = &route;
    match.names = std::move(names);
  }
  return known ? std::optional(std::move(match)) : std::nullopt;
}

std::optional<std::string> query_value(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (pair.substr(0, equals) != key) continue;
    return percent_decoded(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
  }
  return std::nullopt;
}

}  // namespace faultline::control
