#pragma once

// What the native API's bodies say, made into orders. The keys are those of the [[proxy]] and
// [[fault]] tables of drills and configuration files, and mean the same:
//
//   {"name": "db", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:5432", "faults": [
//     {"id": "slow", "kind": "latency", "delay": "100ms", "share": "5%", "ttl": "30s"}]}
//
// A proxy may have an owner and a lease (ttl) too, and goes when that is over.

#include <optional>
#include <string_view>

#include "proxy/control/native_body.h"
#include "proxy/control/registry.h"

namespace faultline::control {

inline constexpr Duration shortest_lease = std::chrono::milliseconds(1);
inline constexpr Duration longest_lease = std::chrono::hours(10 * 365 * 24);
inline constexpr std::size_t most_faults = 1000;  // of one body

// Nothing when there was an error. `id` is the fault's name in the path, if it has one there.
std::optional<FaultOrder> read_fault(NativeObject& object, std::string_view id, Instant now);
// Changes of `held`: what is named. Its kind, its id and its proxy stay.
std::optional<FaultChange> read_fault_change(NativeObject& object, const HeldFault& held,
                                             Instant now);
// The change that makes a fault what `order` says: what is not named gets its default.
FaultChange replacement(const FaultOrder& order);

std::optional<ProxyOrder> read_proxy_order(NativeObject& object, NativeErrors& errors, Instant now);
std::optional<ProxyChange> read_proxy_change(NativeObject& object, const HeldProxy& held);
// "5s" from now; `never` for "none".
std::optional<Instant> read_lease(NativeObject& object, Instant now);

}  // namespace faultline::control
