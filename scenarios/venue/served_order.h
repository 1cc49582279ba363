#pragma once

// What a drill asks of a serving faultline, in the words of its API: paths, bodies, and whether
// what is there already is what the drill means.

#include <string>

#include "proxy/control/json_value.h"
#include "scenarios/drill/drill.h"

namespace faultline {

// Whose the leases of a run are; no two runs are the same.
std::string new_owner(const std::string& drill);

std::string proxy_path(const std::string& proxy);
std::string fault_path(const std::string& proxy, const std::string& fault);

// Its certificates are texts (served_tls.h).
std::string proxy_body(const ProxySpec& spec, const std::string& owner, Duration ttl);
std::string fault_body(const FaultPlan& plan, const std::string& owner, Duration ttl);

// Why a proxy that is there cannot be the drill's; empty if it can.
std::string difference(const ProxySpec& wanted, const control::JsonValue& there);

}  // namespace faultline
