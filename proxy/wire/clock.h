#pragma once

// The only place that tells the time: CLOCK_MONOTONIC, in nanoseconds.

#include "faults/time.h"

namespace faultline::wire {

Instant now();

}  // namespace faultline::wire
