#pragma once

// The load of a drill: all its workloads as one. Each has its own thread; this is used on the
// runner's.

#include <memory>
#include <vector>

#include "scenarios/workload/workload.h"

namespace faultline {

class Load {
 public:
  // One workload per plan, aimed at its target or its proxy. The drill's addresses are resolved;
  // `reader` is told of every request. Both outlive the load.
  void prepare(const Drill& drill, RequestReader& reader);

  void start(Instant zero);
  void stop();            // no further requests
  bool finished() const;  // every request offered has been read
  void cut();             // what is still in flight is abandoned, and the threads have ended

  bool on() const { return started_ && !workloads_.empty(); }
  LoadProgress progress() const;  // summed up; of the quantiles the slowest workload's

 private:
  bool started_ = false;
  std::vector<std::unique_ptr<Workload>> workloads_;
};

}  // namespace faultline
