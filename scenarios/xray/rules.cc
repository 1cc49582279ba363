// What opens it. The history is replayed through everything that could have made it, and the next
// experiment is the one whose outcome tells most of what is left apart.

#include <algorithm>
#include <array>

#include "scenarios/xray/examination.h"

namespace faultline::xray {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t most_probes = 16;

// What is tried to have the history explained: a pause after closing in which it may forget, and
// what an experiment may take, so that a window in time does not move on meanwhile.
struct Approach {
  Duration wash, longest;
};
constexpr std::array approaches{
    Approach{Duration{}, milliseconds(1800)},  Approach{Duration{}, milliseconds(600)},
    Approach{seconds(5), milliseconds(1200)},  Approach{seconds(13), milliseconds(1800)},
    Approach{seconds(32), milliseconds(1800)}, Approach{seconds(65), milliseconds(1800)}};

}  // namespace

// Where a call makes several attempts: does each count, or the call? One attempt that failed, of a
// call that is not over, shifts the count only if attempts count.
void Examination::measure_unit() {
  if (per_call_ < 2 || attempts_count_ || stop()) return;
  if (trip() == 0 || !close()) return;
  if (attempts_count_) return;
  tell("does each attempt count, or each call?");
  Bench& bench = lab_.bench();
  const std::size_t before = bench.attempts().size();
  bench.treat(fault_, 1, Treatment::timeout);
  bench.call();
  bench.wait(lab_.now() + seconds(1), [&] { return bench.attempts().size() >= before + 2; });
  history_.push_back(Mark::unknown);
  trip();
  lab_.answer_all(Treatment::ok);
  close();
}

// One experiment: from closed and clean to open. False when it did not come to that.
bool Examination::run_probe(const Probe& probe) {
  const Instant begun = lab_.now();
  const std::size_t calls = lab_.bench().calls().size();
  const std::size_t before = history_.size();
  const auto run = [&](std::size_t count, Treatment treatment, Mark mark) {
    for (std::size_t n = 0; n < count && !stop(); ++n) {
      const Step step = took(treatment, mark);
      if (step.admitted) continue;
      suppressed(step);
      return true;
    }
    return false;
  };
  const bool opened = run(probe.good, Treatment::ok, Mark::success) ||
                      run(probe.bad, fault_, Mark::failure) ||
                      run(probe.good_again, Treatment::ok, Mark::success);
  const std::size_t failures = opened ? 0 : trip();
  if (!opened && failures == 0) return false;
  ++probes_run_;
  if (probe.length() == 0) cold_ = failures;
  const Duration lasted = lab_.now() - begun;
  const std::size_t made = lab_.bench().calls().size() - calls;
  pace_ = std::max(latency_, lasted / static_cast<int>(std::max<std::size_t>(made, 1)));
  if (lasted > longest_allowed_ * 5 / 4) {
    // Too slow: a window in time has moved on.
    history_.insert(history_.begin() + static_cast<std::ptrdiff_t>(before), Mark::unknown);
  } else {
    longest_run_ = std::max(longest_run_, lasted);
  }
  return true;
}

bool Examination::search_once(std::size_t most) {
  const std::size_t marks = attempts_count_ ? per_call_ : 1;
  explained_.clear();
  std::vector<Probe> decisive;  // once more each, in the end: an accident does not happen twice
  std::size_t longest = 0;
  for (std::size_t n = 0, again = 0; n < most + 2 && !stop(); ++n) {
    const double each = std::max(faultline::seconds(std::max(latency_, pace_)), 0.0008);
    const auto affordable =
        static_cast<std::size_t>(std::max(40.0, faultline::seconds(longest_allowed_) / each));
    Probe probe;
    if (n == 1) probe = {0, std::max<std::size_t>(cold_, 1) - 1, 1};
    if (n == 1 && cold_ < 2) probe = {3, 0, 0};
    if (n >= most || (n >= 2 && !best_probe(explained_, history_, affordable, marks, probe))) {
      if (again == decisive.size()) return true;
      probe = decisive[again++];
    } else if (n >= 2 && probe.length() > longest) {
      longest = probe.length();
      decisive.assign(1, probe);
    }
    tell("what opens it? " + probe.text());
    if (!run_probe(probe)) return false;
    explained_ = explanations(history_);
    const bool clean = std::ranges::any_of(
        explained_, [](const Hypothesis& one) { return one.structure.cleared; });
    if (!close()) return !explained_.empty();
    if (explained_.empty() || (!clean && wash_ == Duration{} && n < 6)) return false;
  }
  return !explained_.empty();
}

// A breaker that does not forget by closing, but with time, is one that forgets after a pause.
void Examination::search_rule() {
  if (stop()) return;
  if (history_.empty() || history_.back() != Mark::closed) {
    trip();
    if (!close()) return;
  }
  for (const auto& [wash, longest] : approaches) {
    if (wash > lab_.left() / 12) break;
    longest_allowed_ = longest;
    wash_ = wash;
    if (wash > Duration{}) {
      tell("it remembers from before it closed; letting it forget for " + rounded(wash));
      lab_.pause(wash);
    }
    if (&longest != &approaches.front().longest) {
      history_.assign({Mark::opened, Mark::closed});
      longest_run_ = {};
    }
    if (search_once(most_probes) || stop()) {
      explained_ = plainest(std::move(explained_));
      return;
    }
    // What was replayed is of no use to the next.
    if (history_.back() != Mark::closed && !close()) return;
  }
  explained_.clear();
}

}  // namespace faultline::xray
