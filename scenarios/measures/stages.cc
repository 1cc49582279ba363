#include "scenarios/measures/stages.h"

#include <algorithm>

namespace faultline {

std::vector<Stage> stages_of(const Drill& drill, std::size_t workload) {
  const WorkloadPlan& plan = drill.workloads[workload];
  const Instant warm = Instant{} + drill.timing.warmup;
  std::vector<Stage> stages;
  Instant begins{};
  double from = 0;
  for (const LoadStage& stage : plan.stages) {
    const Instant ends = begins + stage.lasting;
    if (ends > begins)
      stages.push_back(
          {&plan, workload, &stage, from, {std::min(std::max(begins, warm), ends), ends}});
    begins = ends;
    from = stage.target;
  }
  return stages;
}

std::optional<Stage> find_stage(const Drill& drill, std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (std::size_t i = 0; i < drill.workloads.size(); ++i)
    for (const Stage& stage : stages_of(drill, i))
      if (stage.plan->name == name) return stage;
  return std::nullopt;
}

std::vector<Spike> spikes_of(const Drill& drill, std::size_t workload) {
  std::vector<Stage> plateaus;
  for (const Stage& stage : stages_of(drill, workload))
    if (stage.plateau()) plateaus.push_back(stage);
  std::vector<Spike> spikes;
  for (std::size_t i = 1; i + 1 < plateaus.size(); ++i) {
    const double load = plateaus[i].plan->target;
    if (load > plateaus[i - 1].plan->target && load > plateaus[i + 1].plan->target)
      spikes.push_back({plateaus[i - 1], plateaus[i], plateaus[i + 1]});
  }
  return spikes;
}

}  // namespace faultline
