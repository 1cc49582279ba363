#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "scenarios/workload/schedule.h"
#include "scenarios/workload/workload.h"

namespace faultline {
namespace {

constexpr long double second = 1e9L;

long double exact_seconds(Duration duration) {
  return static_cast<long double>(duration.count()) / second;
}

Instant at(long double since_zero) { return Instant(Duration(std::llround(since_zero * second))); }

// The time in which a rate that goes linearly from `from` to `to` within `lasts` has an area of
// `area`: the root of (to - from) / (2 lasts) t² + from t = area, in the form that loses no digits.
long double time_to(long double area, long double from, long double to, long double lasts) {
  const long double slope = (to - from) / lasts;
  const long double inside = std::max(0.0L, from * from + 2 * slope * area);
  return std::min(lasts, 2 * area / (from + std::sqrt(inside)));
}

// Where `value` stands on the way from one end to the other: 0 to 1.
long double share(long double value, long double from, long double to) {
  return (value - from) / (to - from);
}

std::uint64_t users(double due) { return static_cast<std::uint64_t>(std::ceil(due)); }

}  // namespace

Schedule::Schedule(const WorkloadPlan& plan) {
  std::vector<LoadStage> stages = plan.stages;
  long double from = 0;
  if (stages.empty()) {
    from = plan.rate;
    stages.push_back({plan.lasting, plan.rate});
  }
  long double begins = 0;
  long double area = 0;
  for (const LoadStage& stage : stages) {
    const long double lasts = exact_seconds(stage.lasting);
    const long double to = stage.target;
    const long double grown = area + (from + to) / 2 * lasts;
    if (grown > area) stretches_.push_back({begins, lasts, from, to, area, grown});
    begins += lasts;
    area = grown;
    from = to;
  }
  count_ = static_cast<std::uint64_t>(std::llround(area));
  place();
}

std::optional<Instant> Schedule::next() const { return next_; }

void Schedule::advance() {
  ++ordinal_;
  place();
}

// Stretches without load are not in the list, and a request that falls on the border of two belongs
// to the later one: so it comes at the last instant with N(t) = ordinal.
void Schedule::place() {
  next_.reset();
  if (ordinal_ >= count_) return;
  const auto ordinal = static_cast<long double>(ordinal_);
  while (stretch_ + 1 < stretches_.size() && ordinal >= stretches_[stretch_].after) ++stretch_;
  const Stretch& stretch = stretches_[stretch_];
  const long double area = ordinal - stretch.before;
  const long double offset =
      area > 0 ? time_to(area, stretch.from, stretch.to, stretch.lasts) : 0.0L;
  next_ = at(stretch.begins + offset);
}

std::vector<Instant> arrivals(const WorkloadPlan& plan) {
  std::vector<Instant> instants;
  if (plan.model != LoadModel::rate) return instants;
  for (Schedule schedule(plan); schedule.next(); schedule.advance()) {
    instants.push_back(*schedule.next());
  }
  return instants;
}

std::vector<Shift> shifts(const WorkloadPlan& plan) {
  std::vector<LoadStage> stages = plan.stages;
  if (stages.empty()) {
    const auto all = static_cast<double>(plan.vus);
    stages = {{Duration::zero(), all}, {plan.lasting, all}};
  }
  std::vector<Shift> done;
  std::map<std::uint64_t, Instant> working;  // user: since
  double from = 0;
  long double begins = 0;
  for (const LoadStage& stage : stages) {
    const double to = stage.target;
    const long double lasts = exact_seconds(stage.lasting);
    const auto crossing = [&](std::uint64_t user) {
      return at(begins + lasts * share(static_cast<long double>(user), from, to));
    };
    for (std::uint64_t user = users(from); user < users(to); ++user) {
      working[user] = crossing(user);
    }
    for (std::uint64_t user = users(to); user < users(from); ++user) {
      done.push_back({working[user], crossing(user), user});
      working.erase(user);
    }
    begins += lasts;
    from = to;
  }
  for (const auto& [user, since] : working) done.push_back({since, at(begins), user});
  std::ranges::sort(done, {}, [](const Shift& s) { return std::pair(s.from, s.user); });
  return done;
}

}  // namespace faultline
