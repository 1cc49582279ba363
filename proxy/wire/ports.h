#pragma once

// Free TCP ports of the loopback interface, for services that must be told their port. All are held
// until all are found, so they differ; then they are let go, and nothing but luck keeps another
// program from taking one in between (the kernel hands out others first).

#include <cstdint>
#include <vector>

#include "faults/result.h"

namespace faultline::wire {

Result<std::vector<std::uint16_t>> free_ports(std::size_t count);

}  // namespace faultline::wire
