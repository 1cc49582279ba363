// What opens it. The history is replayed through everything that could have made it, and the next
// experiment is the one whose outcome tells most of what is left apart.

#include <algorithm>
#include <array>
#include <utility>

#include "scenarios/xray/examination.h"

namespace faultline::xray {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t most_probes = 16;
constexpr std::size_t many_rejections = 24;
constexpr Duration longest_wash_tried = seconds(13);

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

// One experiment: from closed and clean to open. False when it did not come to that. What happens
// after the time that it may take is not concluded from: a window in time has moved on.
bool Examination::run_probe(const Probe& probe) {
  const Instant begun = lab_.now();
  const std::size_t calls = lab_.bench().calls().size();
  starts_.push_back(history_.size());
  valid_until_ = closed_at_ + longest_allowed_ * 5 / 4;
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
  valid_until_ = never;
  if (!opened && failures == 0) return false;
  ++probes_run_;
  if (probe.length() == 0) cold_ = failures;
  const Duration lasted = lab_.now() - begun;
  const std::size_t made = lab_.bench().calls().size() - calls;
  pace_ = std::max(latency_, lasted / static_cast<int>(std::max<std::size_t>(made, 1)));
  longest_run_ = std::max(longest_run_, std::min(lasted, longest_allowed_ * 5 / 4));
  return true;
}

// A sequence that contradicts the others is run again. What happens twice is no accident; what does
// not is dropped, as is an older one that contradicts both. At most one in five: else it is the
// rules that are wrong.
bool Examination::next_probe(const Probe& probe) {
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (!run_probe(probe)) return false;
    const auto begun =
        history_.begin() + static_cast<std::ptrdiff_t>(starts_.empty() ? 0 : starts_.back());
    const bool spoiled = std::find(begun, history_.end(), Mark::unknown) != history_.end();
    explained_ = explanations(history_, closing_leaves());
    const std::size_t newest = starts_.size();
    if (!close()) return !explained_.empty() && !stop();
    if (!explained_.empty()) {
      // What closing does not clear is tried again after a pause in which it forgets.
      std::erase_if(explained_, [](const Hypothesis& one) { return !one.structure.cleared; });
      if (explained_.empty()) return false;
      hide_carried();
      if (!spoiled) return true;
      continue;
    }
    if (attempt > 0 && explained_but_for_one(newest)) return true;
  }
  return !explained_.empty();
}

// Which of the sequences must not have happened for the others to be explained.
bool Examination::explained_but_for_one(std::size_t newest) {
  if (newest < 3 || starts_.size() < newest) return false;
  std::vector<std::size_t> order{newest - 2, newest - 1};
  for (std::size_t n = newest - 2; n > 0; --n) order.push_back(n - 1);
  for (const std::size_t one : order) {
    History without = history_;
    without.insert(without.begin() + static_cast<std::ptrdiff_t>(starts_[one]), Mark::unknown);
    std::vector<Hypothesis> explained = explanations(without, closing_leaves());
    std::erase_if(explained, [](const Hypothesis& each) { return !each.structure.cleared; });
    if (explained.empty()) continue;
    ++accidents_;
    history_ = std::move(without);
    explained_ = std::move(explained);
    hide_carried();
    for (std::size_t n = one + 1; n < starts_.size(); ++n) ++starts_[n];
    return true;
  }
  return false;
}

// Is it known as well as it need be?
bool Examination::tells_rule() const {
  Answers answers;
  tell_rule(answers);
  const auto told = [&](const char* one) { return answers[one].state == State::found; };
  if (!told("rule") || !told("threshold") || !told("comparison")) return false;
  const Hypothesis& first = explained_.front();
  if (first.rule == Rule::ratio && !told("minimum_calls")) return false;
  const Range range = answers["threshold"].range.value_or(Range{0, 1});
  const bool sharp = range.high - range.low < (first.rule == Rule::ratio ? 0.05 : 0.5);
  return sharp && std::ranges::all_of(explained_, [&](const Hypothesis& one) {
           return one.structure.window == first.structure.window;
         });
}

bool Examination::search_once(std::size_t most) {
  explained_.clear();
  std::vector<Probe> decisive;  // once more each, in the end: an accident does not happen twice
  std::size_t longest = 0;
  // How many failures open it was seen before, unless rejected calls keep it open.
  const std::size_t first = starts_.empty() ? 0 : 1;
  for (std::size_t n = first, again = 0; n < most + 3 && !stop(); ++n) {
    const std::size_t marks = attempts_count_ ? per_call_ : 1;
    const double each = std::max(faultline::seconds(std::max(latency_, pace_)), 0.0008);
    const auto affordable = static_cast<std::size_t>(
        std::clamp(faultline::seconds(longest_allowed_) / each, 40.0, 1.0 * calls_at_full_speed));
    Probe probe;
    if (n == 1) probe = {0, std::max<std::size_t>(cold_, 1) - 1, 1};
    if (n == 1 && cold_ < 2) probe = {3, 0, 0};
    const bool enough = n >= 2 && dear() && tells_rule();
    if (n >= most || enough ||
        (n >= 2 && !best_probe(explained_, history_, affordable, marks, probe))) {
      if (again == decisive.size()) return accidents_ * 5 <= starts_.size();
      probe = decisive[again++];
    } else if (n == 1) {
      decisive.assign(1, probe);
    } else if (n >= 2 && probe.length() > longest) {
      longest = probe.length();
      decisive.resize(1);
      decisive.push_back(probe);
    }
    tell("what opens it? " + probe.text());
    if (!next_probe(probe)) return false;
  }
  return !explained_.empty() && accidents_ * 5 <= starts_.size();
}

bool Examination::forgets_by_calls() const {
  return std::ranges::all_of(explained_, [](const Hypothesis& one) {
    return one.rule == Rule::consecutive || one.structure.window < boundless;
  });
}

// Does closing clear what it knows, or the pause after it? Where rejected calls are calls too, many
// of them just before it closes make a share smaller.
bool Examination::is_clean_when_closed() {
  if (extends_.value_or(true)) return true;  // they might keep it open
  tell("does it know of calls from before it closed?");
  for (int attempt = 0; attempt < 3; ++attempt) {
    starts_.push_back(history_.size());
    const std::size_t usual = trip();
    if (usual == 0) return false;
    lab_.pause_until(opened_high_ + open_low_ * 8 / 10);
    for (std::size_t n = 0; n < many_rejections && !stop(); ++n) {
      const Step step = lab_.step(Treatment::ok);
      if (step.admitted) break;
      last_rejected_ = step.ended;
    }
    if (!await_half_open() || !close(false)) return false;
    starts_.push_back(history_.size());
    const std::size_t behind_many = trip();
    if (behind_many == 0 || !close(false)) return false;
    cold_ = usual;
    if (usual == behind_many) return true;
    const std::size_t more = std::max(usual, behind_many) - std::min(usual, behind_many);
    if (more > many_rejections / 4) return false;
  }
  return false;
}

// As many failures behind a long pause? Then it forgot by closing, or all the same.
bool Examination::opens_alike_after_a_pause() {
  if (lab_.left() < longest_wash_tried * 3) return false;
  tell("does it open alike after a pause?");
  lab_.pause(longest_wash_tried);
  history_.push_back(Mark::unknown);
  const std::size_t usual = cold_;
  const bool ran = run_probe({}) && close();
  const std::size_t behind = std::exchange(cold_, usual);
  return ran && (behind == usual || behind == cold_without_carried());
}

// A breaker that does not forget by closing, but with time, is one that forgets after a pause.
void Examination::search_rule() {
  if (stop()) return;
  const bool fresh = lab_.now() - closed_at_ < milliseconds(300);
  if (!fresh || history_.empty() || history_.back() != Mark::closed) {
    trip();
    if (!close()) return;
  }
  bool clean = false, asked = false;
  for (const auto& [wash, longest] : approaches) {
    if (stop()) break;
    if (wash > lab_.left() / 12) continue;
    if (wash == wash_ && asked && !clean) continue;
    longest_allowed_ = longest;
    // What was replayed is of no use to the next approach.
    if (&longest != &approaches.front().longest) {
      history_.assign({Mark::opened, Mark::closed});
      longest_run_ = {};
    }
    starts_.clear();
    accidents_ = 0;
    if (wash > Duration{}) {
      wash_ = wash;
      tell("it remembers from before it closed; letting it forget for " + rounded(wash));
      lab_.pause(wash);
      closed_at_ = lab_.now();
    }
    clean = is_clean_when_closed();
    asked = true;
    if (!clean) {
      too_short_wash_ = wash;
      if (history_.back() != Mark::closed && !close()) break;
      continue;
    }
    if (search_once(most_probes) && !stop()) {
      explained_ = plainest(std::move(explained_));
      settle_carried();
      const bool alike = explains_first_opening() || opens_alike_after_a_pause();
      if (alike && !by_time_after_all()) return;
      too_short_wash_ = wash;
    } else if (stop()) {
      explained_ = plainest(std::move(explained_));
      return;
    }
    if (history_.back() != Mark::closed && !close()) break;
  }
  explained_.clear();
}

// A window in calls that forgets in a pause was none: older calls went because of the time that
// the newer ones took.
bool Examination::by_time_after_all() {
  if (!forgets_by_calls() || explained_.front().rule == Rule::consecutive) return false;
  const Duration pause = std::max<Duration>(longest_run_ * 6 / 5,
                                            lab_.left() > seconds(150) ? seconds(15) : seconds(2));
  const int outcome = remembered_after(pause);
  if (outcome != 0) return false;
  forgotten_.reset();
  remembered_.reset();
  if (std::exchange(primed_, 0) > 0 && trip() > 0) close();
  return true;
}

}  // namespace faultline::xray
