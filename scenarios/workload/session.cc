#include "scenarios/workload/session.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>
#include <utility>

namespace faultline {

Mix::Mix(const std::vector<RequestPlan>& kinds, Draw draw) : draw_(draw) {
  std::uint64_t divisor = 0;
  for (const RequestPlan& kind : kinds) divisor = std::gcd(divisor, kind.weight);
  assert(divisor > 0);
  for (std::size_t kind = 0; kind < kinds.size(); ++kind)
    round_.insert(round_.end(), kinds[kind].weight / divisor, static_cast<std::uint16_t>(kind));
}

std::uint16_t Mix::kind_of(std::uint64_t ordinal) {
  if (round_.size() == 1) return round_.front();
  const std::uint64_t round = ordinal / round_.size();
  if (dealt_.empty() || round != dealt_round_) {
    dealt_ = round_;
    dealt_round_ = round;
    for (std::size_t last = dealt_.size() - 1; last > 0; --last) {
      const auto other = static_cast<std::size_t>(
          draw_.about(round).about(last).between(0, static_cast<std::int64_t>(last)));
      std::swap(dealt_[last], dealt_[other]);
    }
  }
  return dealt_[ordinal % dealt_.size()];
}

Sources::Sources(const WorkloadPlan& plan)
    : plan_(plan.sources), users_(std::max<std::uint64_t>(most_users_of(plan), 1)) {}

std::string Sources::of_arrival(std::uint64_t ordinal) const { return address(ordinal); }

std::string Sources::of_user(std::uint64_t user, std::uint64_t nth) const {
  const std::uint64_t session = plan_.session == 0 ? 0 : nth / plan_.session;
  return address(user + session * users_);
}

std::string Sources::address(std::uint64_t index) const {
  return plan_.pool == 0 ? "" : source_address(plan_, index);
}

Duration think_time(const WorkloadPlan& plan, Draw draw, std::uint64_t user, std::uint64_t nth) {
  if (plan.think_spread <= Duration::zero()) return plan.think;
  return plan.think + Duration(draw.about(user).about(nth).between(0, plan.think_spread.count()));
}

std::uint64_t most_users_of(const WorkloadPlan& plan) {
  double most = static_cast<double>(plan.vus);
  for (const LoadStage& stage : plan.stages) most = std::max(most, stage.target);
  return static_cast<std::uint64_t>(std::ceil(most));
}

}  // namespace faultline
