#pragma once

// The extension point: who offers load. A workload runs on a thread of its own, so that neither the
// proxy's workers nor the runner can make it late, and reports each request exactly once.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "scenarios/drill/drill.h"
#include "scenarios/recording/recording.h"

namespace faultline {

// Told of requests whose outcome is known, on the workload's thread, in order of `ended`. Instants
// count from the zero given to start().
class RequestReader {
 public:
  virtual ~RequestReader() = default;
  virtual void read(std::span<const Request> requests) = 0;
};

// What the last second looked like, for whoever watches. Readable from any thread.
struct LoadProgress {
  std::uint64_t offered = 0;    // since the start
  std::uint64_t completed = 0;  // since the start
  std::uint64_t failed = 0;     // since the start
  std::uint64_t in_flight = 0;
  double rate = 0;           // completed per second, last second
  Duration p50{}, p99{};     // of the last second
  std::uint64_t errors = 0;  // in the last second
};

class Workload {
 public:
  virtual ~Workload() = default;  // cuts what is still in flight and joins

  // `zero` is drill time 0 on the monotonic clock, now or a little later.
  virtual void start(Instant zero) = 0;
  // No further requests; those in flight end by themselves, at the latest at their timeout.
  virtual void stop() = 0;
  // Every request offered has been read. True for ever once true.
  virtual bool finished() const = 0;
  virtual LoadProgress progress() const = 0;
};

struct WorkloadSetting {
  const WorkloadPlan& plan;
  std::uint16_t index = 0;  // in the drill; Request::workload
  Address target;
  std::uint64_t seed = 1;
  // Ids are unique and the same for the same seed and run. Another run gets others, lest it find
  // them stored already.
  std::uint64_t run = 0;
};

struct WorkloadKind {
  std::string_view name;
  std::unique_ptr<Workload> (*make)(const WorkloadSetting&, RequestReader&) = nullptr;
};

std::span<const WorkloadKind* const> workload_kinds();  // scenarios/workload/catalogue.cc
const WorkloadKind* find_workload_kind(std::string_view name);

// Drill-time instants at which an open-model workload's requests are scheduled; pure, for `plan`,
// the generator and tests. Stages ramp linearly.
std::vector<Instant> arrivals(const WorkloadPlan& plan);

}  // namespace faultline
