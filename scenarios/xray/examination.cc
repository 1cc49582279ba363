#include "scenarios/xray/examination.h"

#include <algorithm>

namespace faultline::xray {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t most_cheap_calls = 250;   // of a class, until it is said not to open it
constexpr Duration most_patient = seconds(25);  // … of a class that takes its time

// What most breakers count comes first.
constexpr std::array fault_order{Treatment::status_500, Treatment::status_503, Treatment::reset,
                                 Treatment::status_502, Treatment::status_504, Treatment::garbage,
                                 Treatment::truncated,  Treatment::timeout,    Treatment::refused,
                                 Treatment::status_429, Treatment::status_404, Treatment::slow};

}  // namespace

Examination::Examination(Bench& bench, Setting setting)
    : lab_(bench, bench.now() + setting.budget), setting_(std::move(setting)) {}

Result<Answers> Examination::run() {
  if (!first_calls()) {
    return error("",
                 lab_.bench().obstacle().empty()
                     ? "the driven service made no attempt on the listening address; it must be "
                       "configured to call it instead of its upstream"
                     : lab_.bench().obstacle());
  }
  if (!find_fault()) {
    baseline();
    if (!lab_.bench().obstacle().empty()) return error("", lab_.bench().obstacle());
    return without_breaker();
  }
  coarse_duration();
  if (!stop()) close_blindly();
  baseline();
  if (!stop() && !client_timeout_) {
    tell("how long does the service's client wait?");
    const Step step = took(Treatment::timeout, Mark::unknown);
    if (!step.admitted) suppressed(step);
  }
  // A busy machine makes it look longer: until one sample is sharp.
  const auto blurred = [&] {
    return client_timeout_ && client_timeout_->high - client_timeout_->low >
                                  milliseconds(60) + client_timeout_->low / 16;
  };
  for (int n = 0; n < 3 && blurred() && !stop(); ++n) {
    const Step step = took(Treatment::timeout, Mark::unknown);
    if (step.admitted) continue;
    suppressed(step);
    close_blindly();
  }
  if (client_timeout_) lab_.hold_at_most(client_timeout_->low / 4);
  if (trip() > 0) {
    look_for_extension();
    flood();
  }
  if (trip() > 0) fail_probes();
  if (!closes_after_) count_closing_by_failures();
  if (extends_.value_or(false)) refine_extended();
  if (closes_after_) {
    measure_unit();
    search_rule();
  }
  if (closes_after_) {
    examine_classes();
    measure_window();
  }
  hang_probe();
  if (!lab_.bench().obstacle().empty()) return error("", lab_.bench().obstacle());
  return verdicts();
}

// One that goes well, and no more: how many failures open it first says most when it knows little.
// The first may find the service still warming up.
bool Examination::first_calls() {
  tell("a call that goes well");
  for (std::size_t n = 0; n < 3 && !lab_.over(); ++n) {
    const Step step = lab_.step(Treatment::ok);
    if (!step.admitted) continue;
    if (n == 0 && !step.gave_up && step.status != 0) first_good_ = 1;
    return lab_.bench().obstacle().empty();
  }
  return false;
}

// What a call that goes well is like.
void Examination::baseline() {
  if (stop()) return;
  tell("a few calls that go well");
  std::vector<Duration> lasted;
  std::map<int, int> statuses;
  for (std::size_t n = 0; n < baseline_calls && !lab_.over(); ++n) {
    const Step step = lab_.step(Treatment::ok);
    lasted.push_back(step.ended - step.begun);
    if (step.admitted) ++statuses[step.status];
  }
  std::ranges::sort(lasted);
  if (!lasted.empty()) latency_ = lasted[lasted.size() / 2];
  lab_.learn_latency(latency_);
  const auto usual = std::ranges::max_element(statuses, {}, [](const auto& n) { return n.second; });
  if (usual != statuses.end()) good_status_ = usual->first;
}

bool Examination::find_fault() {
  for (const Treatment treatment : fault_order) {
    if (lab_.over()) return false;
    tell("does " + std::string(name(treatment)) + " open it?");
    if (trips_on(treatment)) {
      fault_ = treatment;
      return true;
    }
  }
  return false;
}

// Suppressed: two calls in a row, the second of which would have gone well.
bool Examination::trips_on(Treatment treatment) {
  const Instant begun = lab_.now();
  std::size_t count = 0;
  std::map<std::size_t, std::size_t> attempts;  // how often a call made so many
  std::size_t last = 0;
  Instant answered{};
  const bool unseen = treatment == Treatment::refused;
  if (treatment == Treatment::slow) {
    lab_.bench().slow_by(client_timeout_ ? client_timeout_->low * 8 / 10 : Duration(seconds(2)));
  }
  while (count < most_cheap_calls && lab_.now() - begun < most_patient && !lab_.over()) {
    const Step step = lab_.step(treatment);
    if (!step.admitted && !unseen) {
      const Step second = lab_.step(Treatment::ok);
      if (second.admitted) continue;
      opened_between(answered, step.ended);
      last_rejected_ = second.ended;
      break;
    }
    ++count;
    ++attempts[last = step.attempts];
    if (step.admitted) answered = step.answered;
    if (treatment == Treatment::timeout && step.admitted) note_client_timeout(step);
  }
  bool open = last_rejected_ > begun;
  if (unseen) {
    const Step check = lab_.step(Treatment::ok);
    open = !check.admitted;
    if (open) opened_between(begun, check.ended);
    if (open) last_rejected_ = check.ended;
  }
  // The last one may have opened it before it was through with its attempts.
  if (open && count > 1) --attempts[last];
  const auto usual = std::ranges::max_element(attempts, {}, [](const auto& n) { return n.second; });
  per_call_ = usual == attempts.end() ? 1 : std::max<std::size_t>(1, usual->first);
  if (open && !unseen && harmless_.empty() && first_good_ > 0) first_failures_ = count;
  if (!open) harmless_[treatment] = count;
  return open;
}

void Examination::opened_between(Instant low, Instant high) {
  abandoned_before_ = lab_.abandoned();
  opened_low_ = low;
  opened_high_ = high;
  last_rejected_ = high;
  if (history_.empty() || history_.back() != Mark::opened) history_.push_back(Mark::opened);
}

Step Examination::took(Treatment treatment, Mark mark) {
  const Step step = lab_.step(treatment);
  if (!step.admitted && treatment != Treatment::refused) return step;
  last_answered_ = step.answered;
  if (treatment == Treatment::timeout) note_client_timeout(step);
  // Its client may have given up long before that was seen.
  if (step.gave_up && step.attempts == 1 && client_timeout_) {
    last_answered_ = std::min(last_answered_, step.arrived + client_timeout_->low * 7 / 8);
  }
  std::size_t& fewest = attempts_of_.try_emplace(treatment, step.attempts).first->second;
  fewest = std::min(fewest, step.attempts);
  const std::size_t marks = attempts_count_ && mark != Mark::unknown ? step.attempts : 1;
  // What its client gave up was another outcome than the one meant; what was slow may be a failure.
  const Duration slow = std::max<Duration>(latency_ * 25, milliseconds(250));
  const Duration lasted = step.ended - step.begun;
  const bool takes_time = treatment == Treatment::timeout || treatment == Treatment::slow;
  const bool expired = client_timeout_ && lasted > client_timeout_->low * 8 / 10;
  const bool another = !takes_time && (step.gave_up || expired);
  const bool late = treatment == Treatment::ok && (lasted > slow || !went_well(step));
  if (another || late || step.ended > valid_until_) history_.push_back(Mark::unknown);
  for (std::size_t n = 0; n < marks; ++n) history_.push_back(mark);
  return step;
}

bool Examination::went_well(const Step& step) const {
  return step.admitted && !step.gave_up && step.status == good_status_;
}

// A success in a window may have to be forgotten first, which can take its time.
std::size_t Examination::trip(std::size_t most) {
  const Instant begun = lab_.now();
  bool cut_short = false;  // the last call: opened by one of its attempts, which was not the last
  std::size_t count = 0;
  for (; !stop() && (count < most || lab_.now() - begun < most_patient * 3); ++count) {
    if (count > calls_at_full_speed) {
      lab_.pause(milliseconds(count < calls_at_full_speed + 300 ? 20 : 100));
    }
    const Step step = took(fault_, Mark::failure);
    if (!step.admitted) {
      if (cut_short && !attempts_count_) {
        attempts_count_ = true;  // what was counted before was counted wrongly
        history_.assign(1, Mark::unknown);
        starts_.clear();
      }
      suppressed(step);
      return count == 0 ? 1 : count;
    }
    cut_short = per_call_ > 1 && step.attempts < per_call_;
  }
  if (!stop()) {
    lost_ = true;
    why_lost_ = std::to_string(count) + " failures did not open it again";
  }
  return 0;
}

}  // namespace faultline::xray
