#include "scenarios/xray/lab.h"

#include <algorithm>

namespace faultline::xray {
namespace {

using std::chrono::milliseconds;

}  // namespace

void Lab::learn_latency(Duration usual) {
  settling_ = std::clamp<Duration>(usual * 12, milliseconds(80), milliseconds(600));
  silence_ = std::clamp<Duration>(usual * 60, milliseconds(1500), milliseconds(6000));
}

void Lab::hold_at_most(Duration longest) { settling_ = std::min(settling_, longest); }

void Lab::pause_until(Instant instant) {
  bench_.wait(std::min(instant, deadline_), [] { return false; });
}

Step Lab::step(Treatment treatment) {
  bench_.treat(treatment);
  const std::size_t before = bench_.attempts().size();
  const bool alone = std::ranges::all_of(bench_.calls(), &Call::over);
  const std::size_t call = bench_.call();
  const Instant begun = bench_.calls()[call].begun;
  const auto ended = [&] { return bench_.calls()[call].over(); };
  const bool unseen = treatment == Treatment::refused;
  const auto arrived = [&] { return bench_.attempts().size() > before; };
  const Instant patience_ends = std::min(begun + patience_, deadline_ + milliseconds(500));
  if (unseen) {
    bench_.wait(patience_ends, ended);
  } else {
    const Instant silence_ends = alone ? patience_ends : begun + silence_;
    bench_.wait(silence_ends, [&] { return ended() || arrived(); });
    if (arrived()) bench_.wait(patience_ends, ended);
  }
  Step step;
  step.begun = begun;
  step.attempts = bench_.attempts().size() - before;
  step.admitted = step.attempts > 0;
  step.status = bench_.calls()[call].status;
  step.ended = ended() ? bench_.calls()[call].ended : bench_.now();
  if (unseen) step.answered = begun;
  // What the service's client still waits for after its call has ended is cut off.
  for (std::size_t n = before; n < bench_.attempts().size(); ++n) {
    if (bench_.attempts()[n].open()) bench_.answer(n, Treatment::reset);
    const Attempt& attempt = bench_.attempts()[n];
    if (n == before) step.arrived = attempt.arrived;
    // A client that gave up may have said so to its breaker before its connection was seen to end.
    const bool gave_up = attempt.left != never || step.ended < attempt.answered;
    const Instant gone = std::min(attempt.left, step.ended);
    step.gave_up = step.gave_up || gave_up;
    step.answered =
        gave_up ? gone - milliseconds(30) - (gone - attempt.arrived) / 8 : attempt.answered;
  }
  return step;
}

Lab::Offered Lab::offer(std::size_t count) {
  const std::size_t before = bench_.attempts().size();
  std::vector<std::size_t> offered;
  for (std::size_t n = 0; n < count; ++n) offered.push_back(bench_.call());
  const auto ended = [&] {
    return static_cast<std::size_t>(
        std::ranges::count_if(offered, [&](std::size_t n) { return bench_.calls()[n].over(); }));
  };
  const auto news = [&] { return ended() + bench_.attempts().size() - before; };
  for (std::size_t last = ~std::size_t{0}; news() < count && last != news() && !over();) {
    last = news();
    bench_.wait(bench_.now() + settling_, [&] { return news() != last; });
  }
  Offered result;
  result.attempts = bench_.attempts().size() - before;
  result.rejected = ended();
  result.waiting = count - std::min(count, result.attempts + result.rejected);
  return result;
}

std::vector<std::size_t> Lab::held() const {
  std::vector<std::size_t> open;
  for (std::size_t n = 0; n < bench_.attempts().size(); ++n) {
    if (bench_.attempts()[n].open()) open.push_back(n);
  }
  return open;
}

void Lab::answer_all(Treatment treatment) {
  bench_.treat(treatment);
  for (const std::size_t n : held()) bench_.answer(n, treatment);
  bench_.wait(std::min(bench_.now() + patience_, deadline_),
              [&] { return std::ranges::all_of(bench_.calls(), &Call::over); });
}

void Lab::linger(const std::function<bool()>& enough) {
  bench_.wait(std::min(bench_.now() + settling_ * 2, deadline_), enough);
}

std::size_t Lab::abandoned() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      bench_.attempts(), [](const Attempt& attempt) { return attempt.left != never; }));
}

}  // namespace faultline::xray
