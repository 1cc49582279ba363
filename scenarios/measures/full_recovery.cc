// recovery.full: the first t >= t_off such that every window that starts in [t, t + H] is as good
// as the baseline was; counted from t_off. Windows of width W (by scheduled start) follow each
// other by one step; W, step and H are the drill's timing. A window is good when
//
//   success    >= success(baseline) - 0.5 points
//   P95        <= P95(baseline) x 1.2, or P95(baseline) + 20 ms if that is more (an absolute floor:
//                 on a busy machine a 2 ms P95 trembles by more than a fifth)
//   throughput >= 0.95 x offered, less one request that may straddle the window's edge; open model
//                 only, since a closed one offers what it gets
//
// A window in which nothing was offered says nothing: cannot tell.
//
// Interval: one step back, since nothing in between was looked at. The last window bad: greater
// than its start. All good from t, but watched for less than H: cannot tell. Bad windows again
// after H: the value stands and the reason says how many relapses there were.

#include <algorithm>

#include "scenarios/measures/baseline.h"
#include "scenarios/measures/recovery.h"

namespace faultline::measures {
namespace {

constexpr double success_tolerance = 0.005;
constexpr double latency_tolerance = 1.2;
constexpr Duration latency_floor = std::chrono::milliseconds(20);
constexpr double throughput_share = 0.95;

struct Judge {
  Baseline baseline;
  bool open_model = true;

  bool good(const Arrivals::Window& window) const {
    const double offered = static_cast<double>(window.offered);
    const double success = static_cast<double>(window.acknowledged) / offered;
    const double allowed =
        std::max(seconds(baseline.p95) * latency_tolerance, seconds(baseline.p95 + latency_floor));
    const double completed = static_cast<double>(window.completed) + 1;
    return success >= baseline.success - success_tolerance && seconds(window.p95) <= allowed &&
           (!open_model || completed >= throughput_share * offered);
  }
};

std::string needs_more(Duration missing) {
  return "needs " + to_string(std::chrono::ceil<std::chrono::seconds>(missing)) +
         " more of load after the fault";
}

std::size_t relapses_in(const std::vector<bool>& good, std::size_t from) {
  std::size_t relapses = 0;
  for (std::size_t i = from + 1; i < good.size(); ++i)
    if (good[i - 1] && !good[i]) ++relapses;
  return relapses;
}

}  // namespace

Measure full_recovery(const Recording& recording, const Aftermath& after) {
  Measure measure =
      recovery_over(recording, after.affected, baseline_of(recording, after.affected), after.span);
  if (measure.certainty == Certainty::known)
    measure.high += seconds(after.window.off - after.window.off_commanded);
  return measure;
}

Measure recovery_over(const Recording& recording, const std::vector<bool>& which,
                      const Baseline& baseline, Span span) {
  const Timing& timing = recording.drill.timing;
  Judge judge{baseline};
  if (judge.baseline.n == 0) return Measure::cannot_tell("there is no baseline to compare with");
  if (!judge.baseline.unstable.empty()) return Measure::cannot_tell(judge.baseline.unstable);
  for (std::size_t i = 0; i < which.size(); ++i)
    if (which[i] && recording.drill.workloads[i].model != LoadModel::rate) judge.open_model = false;

  const Duration step = std::max(timing.step, Duration(std::chrono::milliseconds(1)));
  const Arrivals arrivals(recording, which);
  std::vector<bool> good;
  for (Instant from = span.from; from + timing.window <= span.to; from += step) {
    const Arrivals::Window window = arrivals.in({from, from + timing.window});
    if (window.offered == 0)
      return Measure::cannot_tell("a window without traffic; timing.window must be wider");
    good.push_back(judge.good(window));
  }
  const std::size_t held = static_cast<std::size_t>((timing.hold + step - Duration(1)) / step) + 1;
  if (good.empty())
    return Measure::cannot_tell(needs_more(timing.window + timing.hold - span.length()));

  // The first run of `held` good windows; failing that, the good ones at the very end.
  std::size_t start = 0;
  std::size_t end = 0;
  for (; end < good.size() && end - start < held; ++end)
    if (!good[end]) start = end + 1;
  const std::uint64_t n = good.size();
  if (end - start < held) {
    if (start == good.size())
      return Measure::greater_than(seconds(step * static_cast<Duration::rep>(start - 1)), n,
                                   "not recovered: the last window was still bad");
    return Measure::cannot_tell(
        needs_more(step * static_cast<Duration::rep>(held - (end - start))));
  }
  const Duration took = step * static_cast<Duration::rep>(start);
  Measure measure =
      Measure::between(seconds(start == 0 ? took : took - step), seconds(took), seconds(took), n);
  if (const std::size_t relapses = relapses_in(good, start); relapses > 0)
    measure.reason = "relapses: " + std::to_string(relapses);
  return measure;
}

}  // namespace faultline::measures
