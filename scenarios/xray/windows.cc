// What it forgets by time: one failure less than opens it, a pause, then failures. If the first of
// them opens it, it remembered; the longest such pause and the shortest after which it had
// forgotten bound the window. Windows in buckets forget a little sooner or later as their phase
// falls, so the bounds are tried from both sides again, and widened where they do not hold.
//
// What was forgotten costs no more than its pause: it stays closed, and the failures that did not
// open it are the first ones of the next experiment. What was remembered costs an opening, and the
// pause in which a breaker that closing does not clear forgets. So the pauses tried are rather
// long.

#include <algorithm>

#include "scenarios/xray/examination.h"

namespace faultline::xray {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration longest_asked = seconds(70);

}  // namespace

// One failure less than opens it. False when it opened all the same.
bool Examination::prime() {
  if (primed_ == 0) forgot_ = false;
  const std::size_t enough = forgot_ ? cold_without_carried() : cold_;
  while (primed_ + 1 < enough && !stop()) {
    const Step step = took(fault_, Mark::unknown);
    if (!step.admitted) {
      suppressed(step);
      primed_ = 0;
      close();
      return false;
    }
    if (primed_++ == 0) primed_since_ = step.arrived;
    primed_until_ = step.ended;
  }
  return !stop();
}

// 1: it remembered, 0: it had forgotten, -1: nothing was learned.
int Examination::remembered_after(Duration pause) {
  const Duration hanging = client_timeout_ ? client_timeout_->high * 2 : Duration{};
  const Duration needed = pause + wash_ + open_high_ * 7 + hanging + seconds(4);
  out_of_time_ = lab_.left() < needed;
  if (stop() || out_of_time_) return -1;
  tell("does it remember after " + rounded(pause) + "?");
  // What it has forgotten in part may open it while it is being primed.
  if (!prime() && !prime()) return -1;
  lab_.pause(pause);
  const Step last = took(fault_, Mark::unknown);
  if (!last.admitted) {
    suppressed(last);
    primed_ = 0;
    close();
    return -1;
  }
  const Duration least = last.arrived - primed_until_, most = last.ended - primed_since_;
  const Step next = took(fault_, Mark::unknown);
  if (!next.admitted) {
    suppressed(next);
    primed_ = 0;
    remembered_ = std::max(remembered_.value_or(Duration{}), least);
    return close() ? 1 : -1;
  }
  forgotten_ = std::min(forgotten_.value_or(Duration::max()), most);
  primed_ = 2;
  forgot_ = true;
  primed_since_ = last.arrived;
  primed_until_ = next.ended;
  if (cold_ > 2) return 0;
  primed_ = 0;
  return trip() > 0 && close() ? 0 : -1;
}

// The experiments end closed and clean, as they began.
void Examination::measure_window() {
  if (explained_.empty() || cold_ < 2) return;
  if (forgets_by_calls()) return;  // that time does not make it forget was seen before
  window_confirmed_ = find_window() && confirm_window();
  if (primed_ > 0 && !stop() && trip() > 0) close();
  primed_ = 0;
}

bool Examination::dear() const { return open_high_ + wash_ > seconds(6); }

// Until the bounds are close to each other.
bool Examination::find_window() {
  // A pause in which it did not forget all is near what it remembers.
  Duration low = too_short_wash_ * 8 / 10, high{};
  Duration pause = std::max<Duration>(milliseconds(1200), too_short_wash_ * 11 / 10);
  for (; pause <= longest_asked; pause = pause * 9 / 4) {
    const int outcome = remembered_after(pause);
    if (outcome < 0) return false;
    (outcome == 1 ? low : high) = pause;
    if (outcome == 0) break;
  }
  if (high == Duration{}) return false;
  while ((high - low) * (dear() ? 10 : 14) > high) {
    pause = dear() ? low + (high - low) * 6 / 10 : (low + high) / 2;
    if (pause < milliseconds(100)) return false;
    const int outcome = remembered_after(pause);
    if (outcome < 0) return false;
    (outcome == 1 ? low : high) = pause;
  }
  window_low_ = low;
  window_high_ = high;
  return true;
}

// From both sides again, in other phases.
bool Examination::confirm_window() {
  const Duration low = window_low_, high = window_high_;
  const int enough = dear() ? 2 : 4;
  int held = 0;
  for (int n = 0, widening = 6; held < enough; ++n) {
    const bool above = n % 2 == 0;
    const Duration pause = above ? high * (100 + widening) / 100 : low * (100 - widening) / 100;
    const int outcome = remembered_after(pause);
    if (outcome < 0 || n == 9) return false;
    if (outcome == (above ? 0 : 1)) {
      ++held;
      continue;
    }
    held = 0;
    widening *= 2;
    if (widening > 48) return false;
  }
  // A window that begins anew at fixed instants forgets much sooner, or later, now and then.
  const bool doubtful = remembered_ && forgotten_ && *remembered_ > *forgotten_;
  for (int n = 0; n < (dear() ? 2 : doubtful ? 8 : 4); ++n) {
    if (remembered_after(low * (50 + 3 * n) / 100) != 1) return false;
  }
  for (int n = 0; n < (dear() ? 1 : doubtful ? 4 : 2); ++n) {
    if (remembered_after(high * (14 + 2 * n) / 10) != 0) return false;
  }
  return true;
}

}  // namespace faultline::xray
