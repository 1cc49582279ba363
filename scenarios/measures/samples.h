#pragma once

// Requests of a workload and exchanges of a proxy, seen alike.

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/measures/phases.h"

namespace faultline {

struct Sample {
  Duration latency{};  // what never was answered enters at its age
  bool answered = false;
  bool failed = false;
  std::string_view code;         // "202", "timeout", "57P01"; lives as long as the recording
  std::optional<Duration> wait;  // in the service, if its answer says so
};

struct Samples {
  std::vector<Sample> all;
  Duration length{};  // of the phase
};

// The source is a workload or a kind of request of its mix, written WORKLOAD.KIND (requests, from
// their scheduled start), or else a proxy (its exchanges, from the request's first byte to the
// response's last). The error: why there are none.
std::expected<Samples, std::string> samples_of(const Recording& recording, std::string_view source,
                                               std::string_view phase);

// "hooks.oura"
std::string kind_name(const WorkloadPlan& workload, const RequestPlan& kind);

bool is_source(const Drill& drill, std::string_view name);

// "202", "503", or the name of the outcome when there was no answer.
std::string_view code_of(const Request& request);

}  // namespace faultline
