#include "scenarios/run/load.h"

#include <algorithm>
#include <cassert>
#include <chrono>

namespace faultline {

namespace {

std::uint64_t this_run() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count());
}

}  // namespace

void Load::prepare(const Drill& drill, RequestReader& reader) {
  const std::uint64_t run = this_run();
  for (std::size_t i = 0; i < drill.workloads.size(); ++i) {
    const WorkloadPlan& plan = drill.workloads[i];
    const WorkloadKind* const kind = find_workload_kind(plan.kind);
    assert(kind != nullptr && (plan.target || !plan.through.empty()));  // the drill was checked
    WorkloadSetting setting{plan, static_cast<std::uint16_t>(i), {}, drill.seed, run};
    if (plan.target) setting.target = *plan.target;
    for (const ProxySpec& proxy : drill.proxies) {
      if (proxy.name == plan.through) setting.target = proxy.listen;
    }
    workloads_.push_back(kind->make(setting, reader));
  }
}

void Load::start(Instant zero) {
  started_ = true;
  for (const auto& workload : workloads_) workload->start(zero);
}

void Load::stop() {
  for (const auto& workload : workloads_) workload->stop();
}

bool Load::finished() const {
  return std::all_of(workloads_.begin(), workloads_.end(),
                     [](const auto& workload) { return workload->finished(); });
}

void Load::cut() { workloads_.clear(); }

LoadProgress Load::progress() const {
  LoadProgress sum;
  for (const auto& workload : workloads_) {
    const LoadProgress one = workload->progress();
    sum.offered += one.offered;
    sum.completed += one.completed;
    sum.failed += one.failed;
    sum.in_flight += one.in_flight;
    sum.rate += one.rate;
    sum.p50 = std::max(sum.p50, one.p50);
    sum.p99 = std::max(sum.p99, one.p99);
    sum.errors += one.errors;
  }
  return sum;
}

}  // namespace faultline
