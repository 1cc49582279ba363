#pragma once

// What relay is told of TLS: the options for a TlsSpec, and its mistakes in their names.

#include <string>
#include <vector>

#include "faults/result.h"
#include "proxy/spec.h"
#include "scenarios/cli/arguments.h"

namespace faultline::cli {

inline constexpr const char* insecure_flag = "insecure";
std::vector<std::string> with_tls_flags(std::vector<std::string> own);

// After the upstream was read. Looks into the files that are named.
void read_tls_flags(const Arguments& arguments, ProxySpec& proxy, Errors& errors);

}  // namespace faultline::cli
