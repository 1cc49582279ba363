// How long it stays open. Seen by asking: the last call that was suppressed bounds the time from
// below, the first that is let through from above. Asking may itself prolong it, so before anything
// is asked densely, one silent wait tells whether that is so.

#include <algorithm>

#include "scenarios/xray/examination.h"

namespace faultline::xray {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration clocks_differ = milliseconds(3);  // ours and the service's, and their grain
constexpr Duration least_gap = milliseconds(6);

}  // namespace

void Examination::coarse_duration() {
  tell("how long does it stay open?");
  Duration gap{}, longest_gap{};
  while (!stop()) {
    gap = std::max<Duration>(milliseconds(25), (lab_.now() - opened_high_) / 5);
    const Instant before = last_rejected_;
    lab_.pause(gap);
    const Step step = lab_.step(Treatment::ok);
    if (step.admitted) {
      // Either it has been open for so long, or it had not been asked for so long.
      open_low_ = before - opened_high_;
      open_high_ = step.arrived - opened_low_;
      open_known_ = true;
      if (longest_gap > step.arrived - before) longest_gap = step.arrived - before;
      return;
    }
    longest_gap = std::max(longest_gap, step.begun - before);
    last_rejected_ = step.ended;
    if (lab_.now() - opened_high_ > seconds(200)) break;
  }
  if (!stop()) why_lost_ = "it was never seen to let a call through again";
  lost_ = lost_ || !lab_.over();
}

// If a rejected call began the time anew, then the silence before the first call that was let
// through was the time; a silence only as long, from the opening on, would be enough.
void Examination::look_for_extension() {
  const auto silence_of = [&] {
    return std::max<Duration>((open_high_ - open_low_) * 23 / 20, milliseconds(40));
  };
  // A busy machine blurs it: asked again until it is sharp enough to tell.
  for (int n = 0; n < 3 && !stop() && silence_of() * 10 > open_low_ * 8; ++n) {
    coarse_duration();
    close_blindly();
    if (trip() == 0) return;
  }
  if (stop()) return;
  tell("do rejected calls keep it open?");
  const Duration silence = silence_of();
  if (silence * 10 > open_low_ * 8) {
    extends_evidence_ = "how long it is open was seen too coarsely to tell";
    return;
  }
  lab_.pause_until(opened_high_ + silence);
  const Step step = lab_.step(Treatment::ok);
  extends_ = step.admitted;
  if (step.admitted) {
    extends_evidence_ = "asked all the time it stayed closed to calls for " + rounded(open_low_) +
                        " and more; unasked it let one through after " +
                        rounded(step.arrived - opened_low_);
    open_high_ = step.arrived - opened_low_;
    open_low_ = open_high_ / 2;
    close_blindly();
    trip();
  } else {
    extends_evidence_ = "with calls rejected all the while it was open for " + rounded(open_high_) +
                        ", and a silence of " + rounded(silence) + " did not end it sooner";
    last_rejected_ = step.ended;
  }
}

bool Examination::await_half_open() {
  const Instant since =
      extends_.value_or(false) ? std::max(opened_high_, last_rejected_) : opened_high_;
  lab_.pause_until(since + open_high_ + open_high_ / 25 + milliseconds(15));
  return !stop();
}

// A first opening, whole: what is planned with follows what was seen.
void Examination::note_opening() {
  openings_.push_back(polled_);
  if (polled_.low == Duration{}) {
    open_low_ = open_low_ * 3 / 4;  // asked too late: earlier the next time
  } else {
    open_low_ = openings_.size() == 1 ? polled_.low : std::min(open_low_, polled_.low);
  }
  open_high_ = openings_.size() == 1 ? polled_.high : std::max(open_high_, polled_.high);
}

Step Examination::poll(Treatment treatment, bool sample) {
  const bool extended = extends_.value_or(false);
  Duration gap = std::max<Duration>(least_gap, open_low_ / 70);
  if (extended) {
    await_half_open();
  } else {
    lab_.pause_until(opened_high_ + open_low_ * 92 / 100);
  }
  Instant rejected{};
  const Instant begun = lab_.now();
  while (!stop()) {
    const Step step = lab_.step(treatment);
    if (step.admitted) {
      const Duration low = rejected == Instant{} ? Duration{} : rejected - opened_high_;
      polled_ = {std::max<Duration>(low - clocks_differ, Duration{}),
                 step.arrived - opened_low_ + clocks_differ};
      longest_open_ = std::max({longest_open_, open_high_, polled_.high});
      if (sample && !extended) note_opening();
      return step;
    }
    rejected = step.begun;
    last_rejected_ = step.ended;
    if (lab_.now() - begun > longest_open_ * 4 + seconds(20)) {
      lost_ = true;
      why_lost_ = "it stayed suppressed for " + rounded(lab_.now() - opened_high_);
      if (lab_.abandoned() > abandoned_before_) {
        hung_ = "stuck";
        hung_evidence_ = "its client gave up a probe that was not answered in time, and " +
                         why_lost_ + " after that";
      }
    }
    lab_.pause(extended ? open_high_ * 5 / 4 : gap);
    if (lab_.now() - begun > open_high_) gap = std::max(gap, (lab_.now() - begun) / 40);
  }
  return {};
}

bool Examination::close(bool first_opening) {
  if (closes_after_ == 0) {
    if (!await_half_open()) return false;
    if (wash_ > Duration{}) lab_.pause(wash_);
    history_.push_back(Mark::closed);
    closed_at_ = lab_.now();
    return !stop();
  }
  const std::size_t needed = closes_after_.value_or(12);
  bool sample = first_opening;
  while (!stop()) {
    const Step first = poll(Treatment::ok, std::exchange(sample, false));
    history_.push_back(Mark::success);
    bool well = went_well(first), open = false;
    for (std::size_t good = 1; good < needed && well && !open && !stop(); ++good) {
      const Step step = took(Treatment::ok, Mark::success);
      open = !step.admitted;
      well = open || went_well(step);
      if (open) opened_between(last_rejected_, step.ended);
    }
    // What a probe did that did not go well is unknown, so it is begun anew.
    if (!well && trip() == 0) return false;
    if (!well || open || stop()) continue;
    if (wash_ > Duration{}) lab_.pause(wash_);
    history_.push_back(closes_after_ ? Mark::closed : Mark::unknown);
    closed_at_ = lab_.now();
    return !stop();
  }
  return false;
}

void Examination::close_blindly() {
  for (int n = 0; n < 14 && !stop(); ++n) {
    const Step step = lab_.step(Treatment::ok);
    if (step.admitted) continue;
    lab_.pause(std::max<Duration>(open_high_, milliseconds(50)));
  }
  history_.push_back(Mark::unknown);
}

// Fails the probe again and again: how many failures it takes, and how long it is open each time.
void Examination::fail_probes() {
  if (stop()) return;
  tell("what do failed probes do?");
  const Duration usual = open_high_;
  const int rounds = usual < seconds(3) ? 5 : usual < seconds(12) ? 4 : usual < seconds(40) ? 2 : 1;
  const Instant limit = lab_.now() + std::max<Duration>(lab_.left() / 3, Duration{});
  for (int round = 0; round <= rounds && !stop() && lab_.now() < limit; ++round) {
    const Step first = poll(fault_, round == 0);
    if (!first.admitted) return;
    history_.push_back(Mark::unknown);
    if (round > 0) reopenings_.push_back(polled_);
    if (first.gave_up && fault_ != Treatment::timeout) return;
    // Twice as long again and again: three times tell it, and it takes its time.
    const bool grown = round >= 3 && polled_.low > usual * 5;
    if (round == rounds || grown) break;
    Instant answered = first.answered;
    std::size_t failures = 1, attempts = first.attempts;
    Step step = lab_.step(fault_);
    while (step.admitted && failures < 200 && !stop()) {
      ++failures;
      attempts += step.attempts;
      answered = step.answered;
      step = lab_.step(fault_);
    }
    if (step.admitted) return;
    if (!reopens_after_) {
      reopens_after_ = failures;
      reopening_attempts_ = attempts;
    }
    reopening_differed_ = reopening_differed_ || *reopens_after_ != failures;
    opened_between(answered, step.ended);
  }
  // The last probe failed too.
  const Step check = lab_.step(fault_);
  if (!check.admitted) {
    opened_between(last_rejected_, check.ended);
  } else {
    trip();
  }
  close(false);
}

// By bisection: one question per silence, because each rejected one begins the time anew.
void Examination::refine_extended() {
  for (int n = 0; n < 7 && !stop(); ++n) {
    if ((open_high_ - open_low_) * 16 < open_high_) break;
    if (trip() == 0) return;
    const Duration silence = (open_low_ + open_high_) / 2;
    lab_.pause_until(std::max(opened_high_, last_rejected_) + silence);
    const Instant since_low = opened_low_, since_high = std::max(opened_high_, last_rejected_);
    const Step step = lab_.step(Treatment::ok);
    if (step.admitted) {
      open_high_ = step.arrived - since_low + clocks_differ;
      history_.push_back(Mark::unknown);
      for (std::size_t good = 1; good < closes_after_.value_or(12); ++good) {
        lab_.step(Treatment::ok);
      }
      history_.push_back(closes_after_ ? Mark::closed : Mark::unknown);
    } else {
      open_low_ = step.begun - since_high - clocks_differ;
      last_rejected_ = step.ended;
      close();
    }
  }
  openings_.push_back({open_low_, open_high_});
}

}  // namespace faultline::xray
