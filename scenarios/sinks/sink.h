#pragma once

// The extension point: an auditor that reads where messages ended up, directly and never through a
// proxy, after the load has ended and the sink has come to rest.

#include <functional>
#include <span>
#include <string_view>

#include "scenarios/drill/drill.h"
#include "scenarios/recording/recording.h"

namespace faultline {

struct SinkKind {
  std::string_view name;
  // Blocks until the sink was quiet for plan.quiet or plan.within has passed; `abandoned` is polled
  // at least every 100 ms. A reading that is not complete says why.
  SinkReading (*read)(const SinkPlan& plan, const std::function<bool()>& abandoned) = nullptr;
  // Before the drill: can it be read at all? An Error says what was tried and what would be right.
  Result<void> (*probe)(const SinkPlan& plan) = nullptr;
  // Before the load, when the service is ready: does it hold nothing yet? What was there would make
  // the run invalid in the end, after everything was broken for nothing. Only what was seen there
  // is an error; what cannot be read now is the reading's to tell.
  Result<void> (*find_nothing)(const SinkPlan& plan) = nullptr;
};

std::span<const SinkKind* const> sink_kinds();  // scenarios/sinks/catalogue.cc
const SinkKind* find_sink_kind(std::string_view name);

}  // namespace faultline
