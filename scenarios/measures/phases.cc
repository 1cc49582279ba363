#include "scenarios/measures/phases.h"

#include <algorithm>
#include <cassert>

#include "scenarios/measures/stages.h"

namespace faultline {
namespace {

Instant warm(const Recording& recording) { return Instant{} + recording.drill.timing.warmup; }

// Just behind the last request, which may have been sent late.
Instant end_of_load(const Recording& recording) {
  Instant last = recording.load_ended;
  for (const Request& request : recording.requests) last = std::max(last, request.sent);
  return last + Duration(1);
}

bool was_armed(const FaultRecord& fault) { return fault.armed_as != 0; }

bool was_taken_out(const FaultRecord& fault) { return fault.disarmed > fault.commanded; }

Instant end_of(const Recording& recording, const FaultRecord& fault) {
  return was_taken_out(fault) ? fault.disarmed : std::max(end_of_load(recording), fault.commanded);
}

// Where phases place a fault that may have touched nothing.
Instant start_of(const FaultRecord& fault) {
  return fault.touched.any() ? fault.touched.first : fault.armed;
}

const FaultPlan* plan_of(const Drill& drill, std::string_view id) {
  for (const FaultPlan& plan : drill.faults)
    if (plan.id == id) return &plan;
  return nullptr;
}

// The time before the fault in which no fault was in force or ordered.
Span calm_before(const Recording& recording, Instant on) {
  Span calm{warm(recording), on};
  for (const FaultRecord& fault : recording.faults)
    if (was_armed(fault) && fault.commanded <= on && end_of(recording, fault) > on)
      calm.to = std::min(calm.to, fault.commanded);
  for (const FaultRecord& fault : recording.faults)
    if (was_armed(fault) && end_of(recording, fault) <= calm.to)
      calm.from = std::max(calm.from, end_of(recording, fault));
  calm.to = std::max(calm.from, calm.to);
  return calm;
}

Phase baseline(const Recording& recording) {
  const Instant end = end_of_load(recording);
  Instant first = end;
  for (const FaultRecord& fault : recording.faults)
    if (was_armed(fault)) first = std::min(first, start_of(fault));
  const bool cut = first < end;
  return {{{warm(recording), first}}, cut};
}

std::expected<Phase, std::string> recovery(const Recording& recording) {
  Instant last = Instant::min();
  for (const FaultRecord& fault : recording.faults)
    if (was_armed(fault)) last = std::max(last, end_of(recording, fault));
  if (last == Instant::min()) return std::unexpected("no fault was armed");
  return Phase{{{last, std::max(last, end_of_load(recording))}}};
}

std::expected<Phase, std::string> under_any_fault(const Recording& recording) {
  std::vector<Span> spans;
  for (const FaultRecord& fault : recording.faults) {
    const auto window = window_of(recording, fault.id);
    if (window) spans.push_back(window->span());
  }
  if (spans.empty()) return std::unexpected("no fault touched anything");
  std::ranges::sort(spans, {}, &Span::from);
  Phase phase;
  for (const Span& span : spans) {
    if (!phase.spans.empty() && span.from <= phase.spans.back().to)
      phase.spans.back().to = std::max(phase.spans.back().to, span.to);
    else
      phase.spans.push_back(span);
  }
  return phase;
}

}  // namespace

std::expected<FaultWindow, std::string> window_of(const Recording& recording,
                                                  std::string_view fault) {
  const FaultRecord* record = recording.fault(fault);
  if (record == nullptr || !was_armed(*record)) return std::unexpected("the fault was never armed");
  if (!record->touched.any()) return std::unexpected("the fault touched nothing");
  FaultWindow window;
  window.record = record;
  window.plan = plan_of(recording.drill, fault);
  assert(window.plan != nullptr);
  window.on = record->touched.first;
  window.off = end_of(recording, *record);
  window.off_commanded = window.off;
  window.taken_out = was_taken_out(*record);
  Instant in_force = record->armed;
  Instant ordered = record->commanded;
  for (const FaultRecord& other : recording.faults) {
    if (!was_armed(other) || !other.touched.any()) continue;
    if (other.planned_on == record->planned_on) {
      window.on = std::min(window.on, other.touched.first);
      in_force = std::max(in_force, other.armed);
      ordered = std::min(ordered, other.commanded);
    }
    if (other.planned_off == record->planned_off && was_taken_out(other) == window.taken_out) {
      window.off = std::max(window.off, end_of(recording, other));
      if (was_taken_out(other))
        window.off_commanded = std::min(window.off_commanded, other.disarm_commanded);
    }
  }
  window.off = std::max(window.off, window.on);
  window.off_commanded = std::clamp(window.off_commanded, window.on, window.off);
  window.apply_width = std::max(in_force - ordered, Duration{});
  window.before = calm_before(recording, window.on);
  return window;
}

std::expected<Span, std::string> aftermath_of(const Recording& recording,
                                              const FaultWindow& window) {
  if (!window.taken_out) return std::unexpected("the fault was not taken out before the end");
  Span after{window.off, std::max(window.off, end_of_load(recording))};
  for (const FaultRecord& other : recording.faults) {
    if (!was_armed(other) || &other == window.record) continue;
    if (other.commanded >= window.off) {
      after.to = std::min(after.to, other.commanded);
    } else if (end_of(recording, other) > window.off) {
      return std::unexpected("masked by " + other.id + ", which was still in force");
    }
  }
  return after;
}

bool Phase::holds(Instant sent, Instant ended) const {
  return std::ranges::any_of(spans, [&](const Span& span) {
    return span.holds(sent) && (!ends_inside || ended < span.to);
  });
}

Duration Phase::length() const {
  Duration sum{};
  for (const Span& span : spans) sum += span.length();
  return sum;
}

bool is_phase(const Drill& drill, std::string_view name) {
  return name == "all" || name == "baseline" || name == "fault" || name == "recovery" ||
         plan_of(drill, name) != nullptr || find_stage(drill, name).has_value();
}

std::expected<Phase, std::string> phase_of(const Recording& recording, std::string_view name) {
  if (plan_of(recording.drill, name) != nullptr) {
    const auto window = window_of(recording, name);
    if (!window) return std::unexpected(window.error());
    return Phase{{window->span()}};
  }
  if (name == "baseline") return baseline(recording);
  if (name == "fault") return under_any_fault(recording);
  if (name == "recovery") return recovery(recording);
  if (const auto stage = find_stage(recording.drill, name)) {
    if (stage->span.length() <= Duration{})
      return std::unexpected("the stage " + std::string(name) + " is over before the warm-up is");
    return Phase{{stage->span}};
  }
  assert(name == "all");
  return Phase{{{warm(recording), end_of_load(recording)}}};
}

std::vector<bool> affected_workloads(const Recording& recording, const FaultWindow& window) {
  std::vector<bool> affected(recording.drill.workloads.size(), false);
  for (const Request& request : recording.requests)
    if (request.failed() && window.span().holds(request.sent)) affected[request.workload] = true;
  if (std::ranges::none_of(affected, [](bool hit) { return hit; }))
    affected.assign(affected.size(), true);
  return affected;
}

std::vector<ProxyId> links_of_the_service(const Recording& recording, const FaultWindow& window) {
  std::vector<ProxyId> links;
  for (const std::string& proxy : window.record->on)
    if (std::ranges::find(recording.drill.workloads, proxy, &WorkloadPlan::through) ==
        recording.drill.workloads.end())
      links.push_back(recording.proxy(proxy));
  return links;
}

}  // namespace faultline
