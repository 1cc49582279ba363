#pragma once

// What follows a fault, shared by the measures of recovery.

#include <vector>

#include "scenarios/measures/baseline.h"
#include "scenarios/measures/measure.h"
#include "scenarios/measures/phases.h"

namespace faultline::measures {

struct Aftermath {
  FaultWindow window;
  Span span;                   // [t_off, next fault or end of load)
  std::vector<bool> affected;  // workloads

  bool takes(const Request& request) const {
    return span.holds(request.sent) && affected[request.workload];
  }
};

struct FirstSuccess {
  Instant at = never;  // when the client saw it
  Measure measure;
};
FirstSuccess first_success(const Recording& recording, const Aftermath& after);

Measure full_recovery(const Recording& recording, const Aftermath& after);

// The same for the workloads in `which`, from the begin of `span`, against any baseline.
Measure recovery_over(const Recording& recording, const std::vector<bool>& which,
                      const Baseline& baseline, Span span);

}  // namespace faultline::measures
