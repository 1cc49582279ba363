#pragma once

// The sinks of a drill, read by their auditors on a thread of their own while the runner goes on
// watching. A disturbance ends the wait; the reading in hand is abandoned.

#include <vector>

#include "scenarios/drill/drill.h"
#include "scenarios/recording/recording.h"
#include "scenarios/run/run_loop.h"

namespace faultline {

// Before the drill: can they be read? Tells every one that cannot.
Checked<void> probe_sinks(const Drill& drill, RunLoop& waiting);

// When the service is ready and has not been sent anything: what is in them would be taken for
// messages of this run.
Checked<void> expect_empty_sinks(const Drill& drill, RunLoop& waiting);

// After the load, in the drill's order; instants count from `zero`. A disturbed audit returns the
// readings that were complete by then.
std::vector<SinkReading> read_sinks(const Drill& drill, Instant zero, RunLoop& waiting);

}  // namespace faultline
