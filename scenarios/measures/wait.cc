// How long requests waited in the service for their turn, such as at a semaphore, as its answers
// say it: the workload's `wait_header` in milliseconds. These are the service's own words, of each
// answer that had them; refusals that waited are among them.
//
// wait.mean, wait.max(source, phase): over all those requests, who had not to wait included.
// wait.share(source, phase): the share of them that waited at all.
// wait.max_to_mean(source, phase): the longest wait by the mean one. Who queues fairly under a load
//   that stays the same waits about as long as everybody; a queue that serves the last one first
//   lets the first one starve.

#include <algorithm>

#include "scenarios/measures/kinds.h"
#include "scenarios/measures/samples.h"

namespace faultline::measures {
namespace {

std::expected<std::vector<Duration>, std::string> waits_of(const Recording& recording,
                                                           std::span<const std::string> arguments) {
  const auto samples = samples_of(recording, arguments[0], arguments[1]);
  if (!samples) return std::unexpected(samples.error());
  std::vector<Duration> waits;
  for (const Sample& sample : samples->all)
    if (sample.wait) waits.push_back(*sample.wait);
  if (waits.empty())
    return std::unexpected("no answer of " + arguments[0] + " says how long the request waited");
  return waits;
}

double mean_of(const std::vector<Duration>& waits) {
  double sum = 0;
  for (const Duration wait : waits) sum += seconds(wait);
  return sum / static_cast<double>(waits.size());
}

Measure average(const Recording& recording, std::span<const std::string> arguments) {
  const auto waits = waits_of(recording, arguments);
  if (!waits) return Measure::cannot_tell(waits.error());
  return Measure::of(mean_of(*waits), waits->size());
}

Measure longest(const Recording& recording, std::span<const std::string> arguments) {
  const auto waits = waits_of(recording, arguments);
  if (!waits) return Measure::cannot_tell(waits.error());
  return Measure::of(seconds(std::ranges::max(*waits)), waits->size());
}

Measure waited(const Recording& recording, std::span<const std::string> arguments) {
  const auto waits = waits_of(recording, arguments);
  if (!waits) return Measure::cannot_tell(waits.error());
  const auto n = std::ranges::count_if(*waits, [](Duration wait) { return wait > Duration{}; });
  return Measure::of(static_cast<double>(n) / static_cast<double>(waits->size()), waits->size());
}

Measure imbalance(const Recording& recording, std::span<const std::string> arguments) {
  const auto waits = waits_of(recording, arguments);
  if (!waits) return Measure::cannot_tell(waits.error());
  const double mean = mean_of(*waits);
  if (mean <= 0) return Measure::cannot_tell("nobody had to wait");
  return Measure::of(seconds(std::ranges::max(*waits)) / mean, waits->size());
}

}  // namespace

const MeasureKind wait_mean = {"wait.mean", "mean wait in the service, by its own words",
                               Unit::duration, source_and_phase, average};
const MeasureKind wait_max = {"wait.max", "longest wait in the service, by its own words",
                              Unit::duration, source_and_phase, longest};
const MeasureKind wait_share = {"wait.share", "share of requests that waited in the service",
                                Unit::ratio, source_and_phase, waited};
const MeasureKind wait_max_to_mean = {"wait.max_to_mean", "longest wait by the mean one",
                                      Unit::count, source_and_phase, imbalance};

}  // namespace faultline::measures
