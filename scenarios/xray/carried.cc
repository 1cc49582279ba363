// What closing leaves behind. Some breakers empty their window when they close and then count the
// success that closed them: from then on they open one call sooner than their minimum says. From
// closed on that looks like another share with a lower minimum; it differs where they know of no
// such success: before the first opening, and behind a pause in which they forget.

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "scenarios/xray/examination.h"

namespace faultline::xray {
namespace {

constexpr Duration long_pause = std::chrono::seconds(13);  // in which most forget what they knew
constexpr std::size_t earlier_calls[]{1,  2,  3,  4,  5,  6,  7,  8,   9,   10,
                                      12, 15, 20, 25, 30, 40, 50, 100, 1000};

bool carries(const Hypothesis& one) { return one.structure.carried > 0; }

}  // namespace

// At most. Behind a pause it may have forgotten some, and goes on doing so: that is no number.
std::size_t Examination::closing_leaves() const {
  return wash_ > Duration{} ? 0 : closes_after_.value_or(1);
}

// It knew of no closing then, and of so many good calls.
bool Examination::explains_first_opening(Hypothesis one, std::size_t good) const {
  const std::size_t marks = attempts_count_ ? per_call_ : 1;
  one.structure.carried = 0;
  return std::ranges::any_of(std::array{0.0, 0.5, 1.0}, [&](double place) {
    return predicted(Model(one, place, history_), {good, 0, 0}, good + first_failures_ + 1,
                     marks) == good + first_failures_;
  });
}

// The first opening, before anything was known of it, must be explained too. Before the calls that
// went well then there may have been others.
bool Examination::explains_first_opening() const {
  return first_failures_ == 0 || std::ranges::any_of(explained_, [&](const Hypothesis& one) {
           return std::ranges::any_of(std::array{0UZ, 9UZ, 41UZ, 991UZ}, [&](std::size_t earlier) {
             return explains_first_opening(one, first_good_ + earlier);
           });
         });
}

// Of the two kinds of explanations those go that do not explain the first opening, where it tells:
// if the service had been called before, nobody knows what it knew.
void Examination::hide_carried() {
  if (first_failures_ == 0) return;
  bool with = false, without = false, without_if_called = false;
  for (const Hypothesis& one : explained_) {
    const bool exact = explains_first_opening(one, first_good_);
    if (exact && carries(one)) with = true;
    if (exact && !carries(one)) without = true;
    if (carries(one) || without || without_if_called) continue;
    without_if_called = std::ranges::any_of(earlier_calls, [&](std::size_t earlier) {
      return explains_first_opening(one, first_good_ + earlier);
    });
  }
  if (without && !with) std::erase_if(explained_, carries);
  if (with && !without && !without_if_called) std::erase_if(explained_, std::not_fn(carries));
}

// Failures that open it when it knows of nothing, not even of what closed it.
std::size_t Examination::cold_without_carried() const {
  if (explained_.empty() || !std::ranges::all_of(explained_, carries)) return cold_;
  Hypothesis one = explained_.front();
  one.structure.carried = 0;
  return predicted(Model(one, 0.5, history_), {}, cold_ * 3 + 10, attempts_count_ ? per_call_ : 1);
}

// Both kinds are left: it is asked behind a pause.
void Examination::settle_carried() {
  const auto both = [&] {
    return std::ranges::any_of(explained_, carries) && !std::ranges::all_of(explained_, carries);
  };
  const auto by_time = [](const Hypothesis& one) { return one.structure.window == boundless; };
  if (!both()) return;
  const std::size_t usual = cold_;
  if (std::ranges::any_of(explained_, by_time) && lab_.left() > long_pause * 3 && !stop()) {
    tell("does it know of the success that closed it?");
    lab_.pause(long_pause);
    history_.push_back(Mark::unknown);
    const bool ran = run_probe({});
    const std::size_t behind = std::exchange(cold_, usual);
    if (!ran || !close()) return;
    if (behind == usual) {
      std::erase_if(explained_,
                    [&](const Hypothesis& one) { return carries(one) && by_time(one); });
    } else if (behind > usual) {
      std::erase_if(explained_, std::not_fn(carries));
    }
  }
  // That it forgets all is likelier, if nothing speaks against it.
  if (!both()) return;
  const bool plain =
      first_failures_ == 0 || std::ranges::any_of(explained_, [&](const Hypothesis& one) {
        return !carries(one) && explains_first_opening(one, first_good_);
      });
  if (plain) std::erase_if(explained_, carries);
}

}  // namespace faultline::xray
