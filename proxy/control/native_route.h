#pragma once

// The routes of the native API: one list, which the requests are matched with, and which the
// document at /openapi.json is compared with.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faultline::control {

struct NativeRoute {
  enum class Does : std::uint8_t {
    list_proxies,
    create_proxy,
    show_proxy,
    change_proxy,
    remove_proxy,
    list_faults,
    create_fault,
    show_fault,
    put_fault,
    change_fault,
    remove_fault,
    renew_lease,
    renew_leases,
    heal,
    list_connections,
    reset_connection,
    list_kinds,
    follow_events,
    follow_journal,
    end_journal,
    reload,
    tell_health,
    tell_readiness,
    tell_metrics,
    tell_document,
  };
  std::string_view method;
  std::string_view path;  // "/v1/proxies/{proxy}"
  Does does;
};

std::span<const NativeRoute> native_routes();

struct NativeMatch {
  const NativeRoute* route = nullptr;  // null: the path is known, but not with this method
  std::vector<std::string> names;      // what stands in the place of {proxy}, {fault} …
  std::string allow;                   // the methods that the path knows: "GET, HEAD, POST"
};

// Nothing when no route has this path. HEAD is GET.
std::optional<NativeMatch> native_match(std::string_view method, std::string_view path);

// The value of a key in a query, decoded.
std::optional<std::string> query_value(std::string_view query, std::string_view key);

}  // namespace faultline::control
