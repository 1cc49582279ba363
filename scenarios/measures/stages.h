#pragma once

// The stages of a load as spans of drill time: the phases of a drill whose load changes. A stage
// holds what was sent in it, whenever it was answered; the warm-up is cut off. A ramp is told from
// a plateau, since what is measured on a ramp holds of no load in particular.

#include <optional>
#include <string_view>
#include <vector>

#include "scenarios/measures/phases.h"

namespace faultline {

struct Stage {
  const WorkloadPlan* workload = nullptr;
  std::size_t index = 0;  // of the workload in the drill
  const LoadStage* plan = nullptr;
  double from = 0;  // requests per second, or users, at its begin
  Span span;        // warm-up cut off; may be empty

  bool plateau() const { return from == plan->target; }
};

// Those that last, in order; steps are not among them.
std::vector<Stage> stages_of(const Drill& drill, std::size_t workload);
std::optional<Stage> find_stage(const Drill& drill, std::string_view name);

// A plateau between lower ones, with what surrounds it.
struct Spike {
  Stage before;  // the plateau before it
  Stage spike;
  Stage after;  // the plateau after it; ramps in between count to the time after the spike
  Span aftermath() const { return {spike.span.to, after.span.to}; }
};
std::vector<Spike> spikes_of(const Drill& drill, std::size_t workload);

}  // namespace faultline
