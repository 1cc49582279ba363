#pragma once

// What a drill needs of this machine before its load can begin. Each step says what is wrong, all
// of it at once, and resolves in the drill what it found out. On the runner's thread.

#include <vector>

#include "scenarios/drill/drill.h"
#include "scenarios/recording/recording.h"
#include "scenarios/run/run_loop.h"
#include "scenarios/venue/venue.h"

namespace faultline {

// A free port for every ${port.NAME}.
Checked<void> find_ports(Drill& drill, Recording& recording);

// The proxies' ids, in the drill's order.
Checked<std::vector<ProxyId>> open_proxies(Drill& drill, Recording& recording, Venue& venue);

// Every upstream of a proxy must accept connections. A disturbance ends the wait, without an error.
Checked<void> probe_upstreams(const Drill& drill, RunLoop& waiting);

}  // namespace faultline
