#pragma once

// What relay and serve are told of the data plane they start.

#include <string>
#include <string_view>
#include <vector>

#include "faults/result.h"
#include "proxy/wire/engine.h"
#include "scenarios/cli/arguments.h"

namespace faultline::cli {

// --workers, --seed, --link-limit and --total-limit, added to a verb's own.
std::vector<std::string> with_engine_flags(std::vector<std::string> own);

// Bounds: 1 to 256 workers; limits of 4 KiB to 1 TiB.
wire::EngineOptions read_engine_flags(const Arguments& arguments, Errors& errors);

}  // namespace faultline::cli
