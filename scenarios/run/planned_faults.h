#pragma once

// The faults of a drill while it runs: armed and disarmed by their place in the plan, with a record
// of each that the recording keeps. Every change is written down at once, so that a killed run
// still tells what was in force.

#include <vector>

#include "scenarios/drill/drill.h"
#include "scenarios/recording/recorder.h"
#include "scenarios/run/progress.h"
#include "scenarios/venue/venue.h"

namespace faultline {

// What happens at an instant of a drill; steps of the same instant in the order of their making.
struct Step {
  enum class Change : std::uint8_t { none, arm, disarm };
  Duration at{};
  Change change = Change::none;
  std::size_t fault = 0;
  std::string phase;  // that begins here; empty: none
};
std::vector<Step> timeline(const Drill& drill);

class PlannedFaults {
 public:
  // All mistakes at once.
  static Checked<PlannedFaults> from(const Drill& drill);

  // From here on they can be armed. `proxies` in the drill's order.
  void use(Venue& venue, Recorder& recorder, std::vector<ProxyId> proxies);
  void count_from(Instant zero) { zero_ = zero; }

  Result<void> arm(std::size_t fault);
  Result<void> disarm(std::size_t fault);  // nothing unless it is armed
  void heal();                             // disarms all, as far as that can be done
  void release() { venue_ = nullptr; }     // the venue goes; healed before

  const std::vector<FaultRecord>& records() const { return records_; }
  std::vector<ActiveFault> active() const;

 private:
  bool in_force(const FaultRecord& record) const;
  Instant since_zero(Instant at) const { return at == Instant{} ? at : Instant(at - zero_); }

  Venue* venue_ = nullptr;
  Recorder* recorder_ = nullptr;
  std::vector<std::string> proxy_names_;
  std::vector<ProxyId> proxies_;
  std::vector<FaultPlan> plans_;
  std::vector<FaultSpec> specs_;
  std::vector<FaultRecord> records_;
  Instant zero_{};
};

}  // namespace faultline
