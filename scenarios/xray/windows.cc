// What it forgets by time: one failure less than opens it, a pause, then failures. If the first of
// them opens it, it remembered; the longest such pause and the shortest after which it had
// forgotten bound the window. Windows in buckets forget a little sooner or later as their phase
// falls, so the bounds are tried from both sides again, and widened where they do not hold.

#include <algorithm>

#include "scenarios/xray/examination.h"

namespace faultline::xray {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration longest_asked = seconds(70);

}  // namespace

// 1: it remembered, 0: it had forgotten, -1: nothing was learned.
int Examination::remembered_after(Duration pause) {
  if (stop() || lab_.left() < pause + open_high_ * 3 + seconds(2)) return -1;
  tell("does it remember after " + rounded(pause) + "?");
  Instant first_arrived{}, before_ended{};  // the first, and the last before the pause
  for (std::size_t n = 1; n < cold_; ++n) {
    const Step step = took(fault_, Mark::unknown);
    if (!step.admitted) {
      suppressed(step);
      close();
      return -1;
    }
    if (n == 1) first_arrived = step.arrived;
    before_ended = step.ended;
  }
  lab_.pause(pause);
  const Step last = took(fault_, Mark::unknown);
  if (!last.admitted) {
    suppressed(last);
    close();
    return -1;
  }
  const Step next = took(fault_, Mark::unknown);
  const bool remembered = !next.admitted;
  if (remembered) {
    suppressed(next);
    const Duration least = last.arrived - before_ended;
    remembered_ = std::max(remembered_.value_or(Duration{}), least);
  } else {
    const Duration most = last.ended - first_arrived;
    forgotten_ = std::min(forgotten_.value_or(Duration::max()), most);
    if (trip() == 0) return -1;
  }
  return close() ? (remembered ? 1 : 0) : -1;
}

void Examination::measure_window() {
  if (explained_.empty() || cold_ < 2) return;
  if (forgets_by_calls()) return;  // that time does not make it forget was seen before
  Duration low{}, high{};
  for (Duration pause = milliseconds(1200); pause <= longest_asked; pause = pause * 9 / 4) {
    const int outcome = remembered_after(pause);
    if (outcome < 0) return;
    (outcome == 1 ? low : high) = pause;
    if (outcome == 0) break;
  }
  if (high == Duration{}) return;
  while ((high - low) * 14 > high) {
    const Duration pause = (low + high) / 2;
    if (pause < milliseconds(100)) return;
    const int outcome = remembered_after(pause);
    if (outcome < 0) return;
    (outcome == 1 ? low : high) = pause;
  }
  // From both sides again, in other phases.
  int held = 0;
  for (int n = 0, widening = 6; n < 10 && held < 4; ++n) {
    const bool above = n % 2 == 0;
    const Duration pause = above ? high * (100 + widening) / 100 : low * (100 - widening) / 100;
    const int outcome = remembered_after(pause);
    if (outcome < 0) return;
    if (outcome == (above ? 0 : 1)) {
      ++held;
      continue;
    }
    held = 0;
    widening *= 2;
    if (widening > 48) return;
  }
  // A window that begins anew at fixed instants forgets much sooner, or later, now and then.
  const bool doubtful = remembered_ && forgotten_ && *remembered_ > *forgotten_;
  for (int n = 0; n < (doubtful ? 8 : 4); ++n) {
    if (remembered_after(low * (50 + 3 * n) / 100) != 1) return;
  }
  for (int n = 0; n < (doubtful ? 4 : 2); ++n) {
    if (remembered_after(high * (14 + 2 * n) / 10) != 0) return;
  }
  window_confirmed_ = true;
}

}  // namespace faultline::xray
