#pragma once

// A name made into numbers while somebody waits, for the rare names in listening addresses. (What
// connections dial goes through the Resolver, which makes nobody wait.)

#include <string>
#include <vector>

#include "faults/time.h"

namespace faultline::wire {

// In the name service's order; empty if there are none, or no answer within `limit`.
std::vector<std::string> look_up(const std::string& host, Duration limit);

}  // namespace faultline::wire
