// What counts as a failure. The class is put where its being a failure, a success or neither makes
// the breaker open at different moments, in every model that explains the history so far. Where no
// sequence tells a success from what is ignored (failures within a time, say), the half-open state
// does: a success closes it.

#include <algorithm>

#include "scenarios/xray/examination.h"
#include "scenarios/xray/placing.h"

namespace faultline::xray {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

}  // namespace

void Examination::note_client_timeout(const Step& step) {
  const std::size_t first = lab_.bench().attempts().size() - step.attempts;
  const Attempt& attempt = lab_.bench().attempts()[first];
  const Instant gone = std::min(attempt.left, step.ended);
  if (gone - attempt.arrived > seconds(34)) {
    client_timeout_evidence_ = "an attempt was never answered, and the client waited for " +
                               rounded(gone - attempt.arrived) + " and longer";
    return;
  }
  // Seen too late on a busy machine, never too early: the shortest says most.
  const Opening before = client_timeout_.value_or(Opening{Duration::max(), Duration::max()});
  if (before.low <= gone - attempt.arrived) return;
  client_timeout_ =
      Opening{gone - attempt.arrived, std::min(before.high, Duration(gone - step.begun))};
  client_timeout_evidence_ = attempt.left != never
                                 ? "an attempt was never answered; the client went away after " +
                                       rounded(gone - attempt.arrived)
                                 : "an attempt was never answered; the call ended after " +
                                       rounded(gone - step.begun) + ", but its client waited on";
}

void Examination::examine_classes() {
  examine_together();
  for (const Treatment treatment : classes) {
    if (counting_.contains(treatment)) continue;
    if (treatment == fault_) {
      counting_[treatment] = Counting::failure;
      counting_evidence_[treatment] = "opens it";
    } else if (stop() || lab_.left() < open_high_ * 5 + seconds(3)) {
      counting_evidence_[treatment] = "no time left";
    } else if (explained_.empty()) {
      examine_class(treatment);
    } else {
      tell("does " + std::string(name(treatment)) + " count?");
      examine_class(treatment);
    }
  }
}

void Examination::examine_class(Treatment treatment) {
  const bool known = client_timeout_.has_value();
  if (treatment == Treatment::timeout && !known) {
    counting_evidence_[treatment] = "the client waits too long for it";
    return;
  }
  Duration delay = known ? client_timeout_->low * 8 / 10 : Duration(seconds(3));
  Counting counting = Counting::untold;
  for (int n = 0; n < 4 && !stop(); ++n, delay = delay * 6 / 10) {
    if (treatment == Treatment::slow) lab_.bench().slow_by(delay);
    spoiled_ = false;
    counting = counting_again(treatment);
    // An answer that came after the client had gone was none.
    if (!spoiled_) break;
    counting = Counting::untold;
    counting_evidence_[treatment] = "the service did not wait for the answers";
  }
  if (counting == Counting::success_or_ignored) {
    const Counting found = class_of_probe(treatment);
    if (found == Counting::success || found == Counting::ignored) {
      counting = found;
      counting_evidence_[treatment] += found == Counting::success
                                           ? "; as a probe it closed it"
                                           : "; as a probe it changed nothing";
    }
    if (!stop() && trip() > 0) close();
  }
  // Some that do not count are calls all the same, and make a share smaller as successes do.
  const bool shares = std::ranges::all_of(
      explained_, [](const Hypothesis& one) { return one.rule == Rule::ratio; });
  if (counting == Counting::success && shares && wash_ == Duration{} && !stop()) {
    if (class_of_probe(treatment) == Counting::ignored) {
      counting = Counting::ignored;
      counting_evidence_[treatment] += "; it is one of the calls, but as a probe changed nothing";
    }
    if (!stop() && trip() > 0) close();
  }
  counting_[treatment] = counting;
}

// Where a window in time may move on in the middle of it, and of what is slow on a busy machine
// besides, once is not enough.
Examination::Counting Examination::counting_again(Treatment treatment) {
  const bool slow = treatment == Treatment::slow;
  const auto once = [&] {
    Counting counting = explained_.empty() ? Counting::untold : counting_of(treatment);
    if (counting == Counting::untold || (slow && counting != Counting::failure)) {
      if (by_burst(treatment) == Counting::failure) counting = Counting::failure;
    }
    return counting;
  };
  const Counting first = once();
  const bool cheap = open_high_ + wash_ < seconds(4);
  const bool doubtful =
      slow ? first == Counting::failure : !explained_.empty() && !forgets_by_calls() && cheap;
  if (first == Counting::untold || !doubtful || spoiled_ || stop()) return first;
  const Counting second = once();
  if (second == first || spoiled_ || stop()) return spoiled_ ? Counting::untold : second;
  const Counting third = once();
  return third == first || third == second ? third : Counting::untold;
}

Examination::Counting Examination::counting_of(Treatment treatment) {
  const std::vector<Model> models = models_of(explained_, history_);
  const std::size_t marks = attempts_count_ ? per_call_ : 1;
  const bool takes_time = treatment == Treatment::slow || treatment == Treatment::timeout;
  const auto place = placed(models, marks, takes_time ? 40 : 4);
  if (!place) return Counting::untold;
  auto [placing, expected] = *place;
  std::size_t made = 0;  // attempts of a call of the class, where each counts
  const auto step = [&](Treatment what) {
    const Step taken = took(what, Mark::unknown);
    if (!taken.admitted && what != Treatment::refused) suppressed(taken);
    spoiled_ = spoiled_ || (taken.gave_up && what != Treatment::timeout);
    const bool late =
        taken.ended - taken.begun > std::max<Duration>(latency_ * 25, milliseconds(250));
    if (what == treatment && !takes_time && late) spoiled_ = true;
    if (what == treatment && attempts_count_) made = std::max(made, taken.attempts);
    return taken.admitted;
  };
  for (std::size_t n = 0; n < placing.good; ++n) step(Treatment::ok);
  for (std::size_t n = 0; n < placing.bad; ++n) step(fault_);
  for (std::size_t n = 0; n < placing.times; ++n) step(treatment);
  std::size_t seen = 0;
  while (seen <= longest_tail && !stop() && step(fault_)) ++seen;
  counting_evidence_[treatment] = std::to_string(placing.good) + " good, " +
                                  std::to_string(placing.bad) + " failed, " +
                                  std::to_string(placing.times) +
                                  " of it: " + std::to_string(seen) + " more failures opened it";
  const Duration lasted = opened_high_ - closed_at_;
  if (stop() || !close()) return Counting::untold;
  if (!forgets_by_calls() && lasted > longest_allowed_ * 5 / 4) {
    counting_evidence_[treatment] += ", but in " + rounded(lasted) + " it may have forgotten some";
    return Counting::untold;
  }
  if (made > 0) {
    placing.each = made;
    const auto corrected = tails(models, placing, marks);
    if (!corrected) return Counting::untold;
    expected = *corrected;
  }
  const bool failure = expected.may_be(Guess::failure, seen);
  const bool success = expected.may_be(Guess::success, seen);
  const bool ignored = expected.may_be(Guess::ignored, seen);
  if (success && !failure && !ignored) return Counting::success;
  if (failure && !success && !ignored) return Counting::failure;
  if (ignored && !failure && !success) return Counting::ignored;
  return success && ignored && !failure ? Counting::success_or_ignored : Counting::untold;
}

// Nothing but the class, as often as failures open it, and one more.
Examination::Counting Examination::by_burst(Treatment treatment) {
  if (cold_ == 0 || stop()) return Counting::untold;
  const bool takes_time = treatment == Treatment::slow || treatment == Treatment::timeout;
  const Duration each = takes_time && client_timeout_ ? client_timeout_->high : latency_;
  if (each * static_cast<int>(cold_) > std::min<Duration>(seconds(30), lab_.left() / 6)) {
    return Counting::untold;
  }
  bool opened = false;
  // Slow ones all at one time, so that a window in time holds them all.
  const bool together = treatment == Treatment::slow && !limited_;
  if (together) {
    const std::size_t first = lab_.bench().calls().size();
    const std::size_t abandoned = lab_.abandoned();
    lab_.bench().treat(treatment);
    lab_.offer(cold_);
    const auto over = [&] { return std::ranges::all_of(lab_.bench().calls(), &Call::over); };
    lab_.bench().wait(lab_.now() + seconds(30), over);
    spoiled_ = spoiled_ || lab_.abandoned() != abandoned || !over();
    for (std::size_t n = first; n < lab_.bench().calls().size(); ++n) {
      spoiled_ = spoiled_ || lab_.bench().calls()[n].status != good_status_;
    }
    last_answered_ = lab_.bench().calls()[first].begun;
    history_.push_back(Mark::unknown);
  }
  for (std::size_t n = 0; n < cold_ && !opened && !together && !stop(); ++n) {
    const Step step = took(treatment, Mark::unknown);
    opened = !step.admitted && treatment != Treatment::refused;
    spoiled_ = spoiled_ || (step.gave_up && treatment != Treatment::timeout);
    if (opened) suppressed(step);
  }
  const Step check = took(opened ? Treatment::ok : fault_, Mark::unknown);
  if (!check.admitted) {
    suppressed(check);
    counting_evidence_[treatment] = std::to_string(cold_) +
                                    (together ? " at one time" : " in a row") +
                                    " of nothing else open it";
  } else if (trip() == 0) {
    return Counting::untold;
  }
  close();
  return !check.admitted ? Counting::failure : Counting::untold;
}

}  // namespace faultline::xray
