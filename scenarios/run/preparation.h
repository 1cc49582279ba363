#pragma once

// What a drill needs of this machine before its load can begin. Each step says what is wrong, all
// of it at once, and resolves in the drill what it found out. On the runner's thread.

#include <memory>
#include <vector>

#include "scenarios/drill/drill.h"
#include "scenarios/recording/recording.h"
#include "scenarios/run/run_loop.h"
#include "scenarios/venue/venue.h"
#include "scenarios/xray/wire_bench.h"

namespace faultline {

// A free port for every ${port.NAME}.
Checked<void> find_ports(Drill& drill, Recording& recording);

// The proxies' ids, in the drill's order, but for the one in whose place an X-ray stands: its
// address is chosen, and nothing listens there yet.
Checked<std::vector<ProxyId>> open_proxies(Drill& drill, Recording& recording, Venue& venue);

// The stand of a drill's X-ray, at the address of its proxy, and who calls the service.
Result<std::unique_ptr<xray::WireBench>> open_bench(const Drill& drill, RunLoop& waiting);

// Every upstream of a proxy must accept connections. A disturbance ends the wait, without an error.
Checked<void> probe_upstreams(const Drill& drill, RunLoop& waiting);

}  // namespace faultline
