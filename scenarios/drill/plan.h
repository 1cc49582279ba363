#pragma once

// The plan: what a run of a drill would do, as text, without doing any of it. Everything is
// resolved that can be known beforehand: defaults, variables, offsets from drill time 0, the number
// of arrivals. Free ports are chosen when the run starts; they stand as ${port.NAME}.

#include <cstdint>
#include <string>

#include "scenarios/drill/drill_toml.h"

namespace faultline {

// Requests that an open workload schedules: the area under its rate, stages climbing linearly from
// the target before them (the first from 0). A closed workload cannot know; it has 0.
std::uint64_t planned_arrivals(const WorkloadPlan& workload);

// Ends with a newline; shows no secret.
std::string plan_text(const ReadDrill& read);

// The same as one JSON object on a line, for programs; scenarios/README.md names its keys.
std::string plan_json(const ReadDrill& read);

}  // namespace faultline
