#pragma once

// The parts of a run that measures speak of, as spans of time. Besides those below, each named
// stage of a load is one; scenarios/measures/stages.h.
//
//   0s    warmup          t_on      t_off                 end of load
//   ├──────┼─── baseline ──┼─ fault ──┼───── recovery ──────┤
//          └──────────────────── all ───────────────────────┘
//
// A request belongs to the phase in which it was sent. Of the baseline, requests whose answer came
// after the fault began (straddlers) are left out: they met both worlds.

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/recording/recording.h"

namespace faultline {

struct Span {
  Instant from{};
  Instant to{};  // exclusive
  bool holds(Instant t) const { return t >= from && t < to; }
  Duration length() const { return to > from ? to - from : Duration{}; }
};

// One fault as measures see it. Faults of a drill that are planned for the same instant begin
// together, and those planned to end at the same instant end together: detection counts from the
// first byte any of them altered, recovery from when the last of them was out.
struct FaultWindow {
  const FaultRecord* record = nullptr;
  const FaultPlan* plan = nullptr;
  Instant on{};             // t_on: the first byte altered (t_eff)
  Instant off_commanded{};  // the order to take it out; nothing later is surely under the fault
  Instant off{};            // t_off: out of force everywhere; the end of load if it never was
  bool taken_out = false;
  Duration apply_width{};  // from the order to arm until in force everywhere
  Span before;             // no fault in force or ordered, warm-up cut off; may be empty

  Span span() const { return {on, off}; }
};

// The error is the reason why there is none: it was never armed, it touched nothing.
std::expected<FaultWindow, std::string> window_of(const Recording& recording,
                                                  std::string_view fault);

// After the fault, while no other is in force: [t_off, next fault or end of load). The error says
// why there is none: never taken out, or masked by another fault.
std::expected<Span, std::string> aftermath_of(const Recording& recording,
                                              const FaultWindow& window);

struct Phase {
  std::vector<Span> spans;
  bool ends_inside = false;  // straddlers are out

  bool holds(Instant sent, Instant ended) const;
  Duration length() const;
};

bool is_phase(const Drill& drill, std::string_view name);
std::expected<Phase, std::string> phase_of(const Recording& recording, std::string_view name);

// Workloads that failed at least one request sent under the fault; all of them if none did. Others
// evidently do not need what was broken, and say nothing about detection or recovery.
std::vector<bool> affected_workloads(const Recording& recording, const FaultWindow& window);

// Proxies under the fault whose client is the service. Those that a workload goes through are left
// out: there the load generator reconnects and tries again, and no service could be credited for
// it.
std::vector<ProxyId> links_of_the_service(const Recording& recording, const FaultWindow& window);

}  // namespace faultline
