// Fixed window. A window begins with a request that passes while none is open, and ends `window`
// later. A request near the end of one may belong to it or begin the next, so a model holds several
// possible pasts, each with the window that is open in it and how much of it is used up:
//
//   window [begins_low, begins_high] .. + window        used_low to used_high
//   ├─────────────── inside ───────────────┤ either ├──── a new window ─────
//
// What is seen rules out the pasts that cannot explain it; if none can, the service decided wrongly
// and all of them stay.
//
// Sliding window. A request passes if fewer than `requests` passed in the `window` before it. No
// past is needed beyond those that passed and may still be in it.
//
// Token bucket. Tokens lie between two numbers, which what was seen narrows: who passed found one,
// who was refused found less than one.

#include "scenarios/measures/limit_model.h"

#include <algorithm>
#include <deque>
#include <vector>

namespace faultline {
namespace {

using Outcome = LimitArrival::Outcome;

class FixedWindow final : public LimitModel {
 public:
  explicit FixedWindow(const LimitPlan& plan) : limit_(plan.requests), length_(plan.window) {}

  LimitAnswer meet(const LimitArrival& arrival) override {
    LimitAnswer answer{.free_low = arrival.from, .free_high = arrival.to};
    bool explained = false;
    std::vector<Past> next;
    for (const Past& past : pasts_) {
      for (const bool inside : {true, false}) {
        if (!possible(past, arrival, inside)) continue;
        const Says says = says_of(past, arrival, inside);
        answer.may_pass |= says.pass;
        answer.may_refuse |= says.refuse;
        follow(past, arrival, inside, says, next);
        if (!says.refuse) continue;
        const Instant low = (inside ? past.begins_low : arrival.from) + length_;
        const Instant high = (inside ? past.begins_high : arrival.to) + length_;
        answer.free_low = explained ? std::min(answer.free_low, low) : low;
        answer.free_high = explained ? std::max(answer.free_high, high) : high;
        explained = true;
      }
    }
    if (!next.empty()) pasts_ = std::move(next);
    merge();
    return answer;
  }

 private:
  static constexpr std::size_t most_pasts = 16;

  struct Past {
    bool open = false;  // a window has begun
    Instant begins_low{};
    Instant begins_high{};
    std::uint64_t used_low = 0;
    std::uint64_t used_high = 0;
  };
  struct Says {
    bool pass = false;
    bool refuse = false;
  };

  bool possible(const Past& past, const LimitArrival& arrival, bool inside) const {
    if (!past.open) return !inside;
    return inside ? arrival.from < past.begins_high + length_
                  : arrival.to >= past.begins_low + length_;
  }

  Says says_of(const Past& past, const LimitArrival& arrival, bool inside) const {
    const bool refused = arrival.outcome == Outcome::refused;
    const std::uint64_t low = (inside ? past.used_low : 0) + (refused ? arrival.passed_beside : 0);
    const std::uint64_t high =
        (inside ? past.used_high : 0) + (refused ? arrival.perhaps_beside : 0);
    return {low < limit_, high >= limit_};
  }

  // What this past becomes with the arrival, if it explains it.
  void follow(const Past& past, const LimitArrival& arrival, bool inside, const Says& says,
              std::vector<Past>& next) const {
    Past now = past;
    if (!inside) now = {true, arrival.from, arrival.to, 0, 0};
    if (arrival.outcome == Outcome::refused) {
      if (says.refuse) next.push_back(past);
      return;
    }
    const bool sure = arrival.outcome == Outcome::passed;
    if (sure && !says.pass) return;
    now.used_high = std::min(now.used_high + 1, limit_);
    if (sure) now.used_low = std::min(now.used_low + 1, now.used_high);
    next.push_back(now);
    if (!sure && !inside) next.push_back(past);
  }

  // Pasts whose windows may be the same one are one; the closest first, until they are few.
  void merge() {
    std::ranges::sort(pasts_, {}, &Past::begins_low);
    const auto same = [](const Past& a, const Past& b) {
      return a.open == b.open && a.begins_low == b.begins_low && a.begins_high == b.begins_high;
    };
    for (std::size_t i = 1; i < pasts_.size();) {
      Past& before = pasts_[i - 1];
      if (!same(before, pasts_[i]) && pasts_.size() <= most_pasts) {
        ++i;
        continue;
      }
      before.open |= pasts_[i].open;
      before.begins_high = std::max(before.begins_high, pasts_[i].begins_high);
      before.used_low = std::min(before.used_low, pasts_[i].used_low);
      before.used_high = std::max(before.used_high, pasts_[i].used_high);
      pasts_.erase(pasts_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  const std::uint64_t limit_;
  const Duration length_;
  std::vector<Past> pasts_{Past{}};
};

class SlidingWindow final : public LimitModel {
 public:
  explicit SlidingWindow(const LimitPlan& plan) : limit_(plan.requests), length_(plan.window) {}

  LimitAnswer meet(const LimitArrival& arrival) override {
    while (!log_.empty() && log_.front().to + length_ < arrival.from) log_.pop_front();
    const bool refused = arrival.outcome == Outcome::refused;
    std::vector<const Entry*> sure;
    std::vector<const Entry*> perhaps;
    for (const Entry& entry : log_) {
      if (entry.to + length_ > arrival.from) perhaps.push_back(&entry);
      if (entry.sure && entry.from + length_ > arrival.to) sure.push_back(&entry);
    }
    LimitAnswer answer;
    const std::uint64_t low = sure.size() + (refused ? arrival.passed_beside : 0);
    const std::uint64_t high = perhaps.size() + (refused ? arrival.perhaps_beside : 0);
    answer.may_pass = low < limit_;
    answer.may_refuse = high >= limit_;
    answer.free_low = low < limit_ ? arrival.from : next_free(sure, low, arrival.from, false);
    answer.free_high = high < limit_ ? arrival.to : next_free(perhaps, high, arrival.to, true);
    answer.free_high = std::max(answer.free_low, answer.free_high);
    const bool counts = arrival.outcome == Outcome::unknown ||
                        (arrival.outcome == Outcome::passed && answer.may_pass);
    if (counts) log_.push_back({arrival.from, arrival.to, arrival.outcome == Outcome::passed});
    return answer;
  }

 private:
  struct Entry {
    Instant from;
    Instant to;
    bool sure;
  };

  // When enough of them have left the window. Those beside an arrival are as young as it is.
  Instant next_free(const std::vector<const Entry*>& held, std::uint64_t used, Instant at,
                    bool latest) const {
    const std::uint64_t leaving = used - limit_;
    if (leaving >= held.size()) return at + length_;
    return (latest ? held[leaving]->to : held[leaving]->from) + length_;
  }

  const std::uint64_t limit_;
  const Duration length_;
  std::deque<Entry> log_;
};

class TokenBucket final : public LimitModel {
 public:
  explicit TokenBucket(const LimitPlan& plan)
      : full_(static_cast<double>(plan.burst)),
        rate_(static_cast<double>(plan.requests) / seconds(plan.window)),
        low_(full_),
        high_(full_) {}

  LimitAnswer meet(const LimitArrival& arrival) override {
    fill(arrival);
    const bool refused = arrival.outcome == Outcome::refused;
    LimitAnswer answer;
    const double least = low_ - (refused ? static_cast<double>(arrival.perhaps_beside) : 0);
    const double most = high_ - (refused ? static_cast<double>(arrival.passed_beside) : 0);
    answer.may_pass = most >= 1 - rounding;
    answer.may_refuse = least < 1 - rounding;
    answer.free_low = arrival.from + until_one(most);
    answer.free_high = std::max(answer.free_low, arrival.to + until_one(least));
    if (refused && answer.may_refuse && arrival.perhaps_beside == 0) high_ = std::min(high_, 1.0);
    if (arrival.outcome == Outcome::passed && answer.may_pass) take(arrival);
    if (arrival.outcome == Outcome::unknown) perhaps_take(arrival);
    low_ = std::min(low_, high_);
    return answer;
  }

 private:
  static constexpr double rounding = 1e-9;

  // What there is at least and at most when the limiter decides. Counted from the request before,
  // which errs a little more with each; and, because no bucket was ever more than full, from every
  // request that took a token: full, plus what came since, minus what was taken since.
  void fill(const LimitArrival& arrival) {
    if (!any_) began_ = last_from_ = last_to_ = arrival.from;
    const double since_low = std::max(0.0, seconds(arrival.from - last_to_));
    const double since_high = std::max(0.0, seconds(arrival.to - last_from_));
    const double from_full_low = full_ + rate_ * at(arrival.from) + worst_low_ - taken_low_;
    const double from_full_high = full_ + rate_ * at(arrival.to) + worst_high_ - taken_high_;
    low_ = std::min(full_, low_ + rate_ * since_low);
    high_ = std::min(full_, high_ + rate_ * since_high);
    if (any_) high_ = std::min(high_, from_full_high);
    if (any_) low_ = std::max(low_, std::min(full_, from_full_low));
    low_ = std::min(low_, high_);
    last_from_ = arrival.from;
    last_to_ = std::max(last_to_, arrival.to);
    any_ = true;
  }

  void take(const LimitArrival& arrival) {
    low_ = std::max(low_, 1.0) - 1;
    high_ = std::max(high_, 1.0) - 1;
    worst_high_ = std::min(worst_high_, taken_high_ - rate_ * at(arrival.from));
    taken_high_ += 1;
    worst_low_ = std::min(worst_low_, taken_low_ - rate_ * at(arrival.to));
    taken_low_ += 1;
  }

  void perhaps_take(const LimitArrival& arrival) {
    low_ = std::max(0.0, low_ - 1);
    worst_low_ = std::min(worst_low_, taken_low_ - rate_ * at(arrival.to));
    taken_low_ += 1;
  }

  double at(Instant t) const { return seconds(t - began_); }
  Duration until_one(double tokens) const {
    if (tokens >= 1) return {};
    return std::chrono::round<Duration>(std::chrono::duration<double>((1 - tokens) / rate_));
  }

  const double full_;
  const double rate_;  // tokens per second
  double low_;
  double high_;
  bool any_ = false;
  Instant began_{};
  Instant last_from_{};
  Instant last_to_{};
  // Tokens that were taken, and the least of (taken before it - what came until then) over all who
  // took one: as few and as many tokens as there may be.
  double taken_low_ = 0;
  double taken_high_ = 0;
  double worst_low_ = 0;
  double worst_high_ = 0;
};

}  // namespace

std::unique_ptr<LimitModel> make_limit_model(const LimitPlan& plan) {
  switch (plan.algorithm) {
    case LimitAlgorithm::fixed_window:
      return std::make_unique<FixedWindow>(plan);
    case LimitAlgorithm::sliding_window:
      return std::make_unique<SlidingWindow>(plan);
    case LimitAlgorithm::token_bucket:
      return std::make_unique<TokenBucket>(plan);
  }
  return nullptr;
}

}  // namespace faultline
