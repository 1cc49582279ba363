#include "scenarios/run/planned_faults.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "scenarios/drill/fault_spec.h"
#include "scenarios/recording/recording_write.h"

namespace faultline {

std::vector<Step> timeline(const Drill& drill) {
  std::vector<Step> steps;
  const auto add = [&steps](Step step) {  // behind those of the same instant
    const auto later = std::upper_bound(steps.begin(), steps.end(), step,
                                        [](const Step& a, const Step& b) { return a.at < b.at; });
    steps.insert(later, std::move(step));
  };
  add({Duration::zero(), Step::Change::none, 0, "warm-up"});
  add({drill.timing.warmup, Step::Change::none, 0, "baseline"});
  Duration last_end{};
  for (std::size_t i = 0; i < drill.faults.size(); ++i) {
    const FaultPlan& plan = drill.faults[i];
    const Duration end = fault_end(drill, plan);
    add({plan.at, Step::Change::arm, i, "fault " + plan.id});
    add({end, Step::Change::disarm, i, ""});
    last_end = std::max(last_end, end);
  }
  if (!drill.faults.empty()) add({last_end, Step::Change::none, 0, "recovery"});
  return steps;
}

Checked<PlannedFaults> PlannedFaults::from(const Drill& drill) {
  PlannedFaults faults;
  Errors errors;
  for (const ProxySpec& proxy : drill.proxies) faults.proxy_names_.push_back(proxy.name);
  for (const FaultPlan& plan : drill.faults) {
    Checked<FaultSpec> spec = fault_spec(plan);
    if (!spec) {
      std::move(spec.error().begin(), spec.error().end(), std::back_inserter(errors));
      continue;
    }
    faults.plans_.push_back(plan);
    faults.specs_.push_back(std::move(*spec));
    FaultRecord& record = faults.records_.emplace_back();
    record.id = plan.id;
    record.kind = plan.kind;
    record.on = plan.on;
    record.planned_on = Instant(plan.at);
    record.planned_off = Instant(fault_end(drill, plan));
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return faults;
}

void PlannedFaults::use(Venue& venue, Recorder& recorder, std::vector<ProxyId> proxies) {
  venue_ = &venue;
  recorder_ = &recorder;
  proxies_ = std::move(proxies);
}

Result<void> PlannedFaults::arm(std::size_t fault) {
  FaultRecord& record = records_[fault];
  std::vector<ProxyId> on;
  for (std::size_t i = 0; i < proxies_.size(); ++i) {
    if (std::find(record.on.begin(), record.on.end(), proxy_names_[i]) != record.on.end()) {
      on.push_back(proxies_[i]);
    }
  }
  const Result<wire::ArmedFault> armed = venue_->arm({plans_[fault], specs_[fault]}, on);
  if (!armed) return std::unexpected(armed.error());
  record.armed_as = armed->id;
  record.commanded = since_zero(armed->receipt.commanded);
  record.armed = since_zero(armed->receipt.in_force);
  recorder_->write_faults(records_);
  return {};
}

bool PlannedFaults::in_force(const FaultRecord& record) const {
  return venue_ != nullptr && record.armed_as != 0 && record.disarmed == Instant{};
}

Result<void> PlannedFaults::disarm(std::size_t fault) {
  FaultRecord& record = records_[fault];
  if (!in_force(record)) return {};
  const Result<Venue::Disarmed> disarmed = venue_->disarm(record.armed_as);
  if (!disarmed) return std::unexpected(disarmed.error());
  record.disarm_commanded = since_zero(disarmed->receipt.commanded);
  record.disarmed = since_zero(disarmed->receipt.in_force);
  record.touched = since(zero_, disarmed->touched);
  recorder_->write_faults(records_);
  return {};
}

void PlannedFaults::heal() {
  if (venue_ == nullptr) return;
  for (std::size_t i = 0; i < records_.size(); ++i) (void)disarm(i);
  venue_->heal();
}

std::vector<ActiveFault> PlannedFaults::active() const {
  std::vector<ActiveFault> all;
  for (const FaultRecord& record : records_) {
    if (!in_force(record)) continue;
    const Touched touched = venue_->touched(record.armed_as);
    all.push_back({record.id, record.kind, touched.connections, touched.messages});
  }
  return all;
}

}  // namespace faultline
