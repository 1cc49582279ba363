#pragma once

// How the service did before the first fault: what recovery is measured against, and whether that
// is a measure at all.
//
// Unstable, and with it the run invalid: 1 % or more of the requests failed, or the P95 of the
// windows (width and step of the drill's timing) vary: coefficient of variation above 0.5 and, so
// that a 2 ms P95 that trembles to 5 ms on a busy machine spoils nothing, a standard deviation
// above 20 ms.

#include <string>
#include <vector>

#include "scenarios/measures/phases.h"

namespace faultline {

struct Baseline {
  std::uint64_t n = 0;
  double success = 0;  // share
  Duration p95{};
  std::string unstable;  // why; empty: it is stable, or there is none (n = 0)
};

// Of the workloads marked in `which` (as many as the drill has).
Baseline baseline_of(const Recording& recording, const std::vector<bool>& which);
// The same of another phase than the baseline, which has one span.
Baseline baseline_in(const Recording& recording, const std::vector<bool>& which,
                     const Phase& phase);

// Requests by the instant they should have started, for windows over them.
class Arrivals {
 public:
  Arrivals(const Recording& recording, const std::vector<bool>& which);

  struct Window {
    std::uint64_t offered = 0;
    std::uint64_t acknowledged = 0;  // of those offered
    std::uint64_t completed = 0;     // acknowledged within the window, whenever offered
    Duration p95{};                  // of all those offered; zero when there were none
  };
  Window in(Span span) const;

 private:
  std::vector<const Request*> by_schedule_;
  std::vector<Instant> acknowledged_;  // in order of time
};

}  // namespace faultline
