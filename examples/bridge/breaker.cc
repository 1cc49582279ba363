#include "breaker.h"

#include <algorithm>
#include <utility>

#include "json_text.h"

namespace bridge {
namespace {

std::string_view text(Breaker::State state) {
  switch (state) {
    case Breaker::State::closed:
      return "closed";
    case Breaker::State::open:
      return "open";
    case Breaker::State::half_open:
      break;
  }
  return "half_open";
}

}  // namespace

Breaker::Breaker(Settings settings, BreakerMetrics& metrics, Events& events)
    : settings_(std::move(settings)), metrics_(metrics), events_(events), count_(settings_.rule) {
  metrics_.name = settings_.name;
}

std::optional<Breaker::Pass> Breaker::admit() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::open && Clock::now() >= open_until_) turn(State::half_open);
  bool refused = state_ == State::open;
  if (state_ == State::half_open) {
    // Bug `cb-stampede`: whoever comes while the probe is out passes as well.
    refused = std::exchange(probing_, true) && !settings_.bugs.cb_stampede;
  }
  if (!refused) return Pass{generation_};
  ++rejected_;
  ++metrics_.rejected;
  // Bug `cb-extends`: a refused call begins the open duration anew.
  if (state_ == State::open && settings_.bugs.cb_extends) open_until_ = within(settings_.open);
  return std::nullopt;
}

void Breaker::ended(Pass pass, Verdict verdict, std::string_view why) {
  const std::lock_guard lock(mutex_);
  if (pass.generation != generation_) {
    ++late_;
    return;
  }
  if (verdict == Verdict::failure) last_error_ = why;
  if (verdict != Verdict::not_counted) {
    ++total_;
    if (verdict == Verdict::failure) ++failures_;
  }
  if (state_ == State::half_open) {
    judge_probe(verdict);
  } else {
    judge_closed(verdict);
  }
}

void Breaker::judge_closed(Verdict verdict) {
  if (verdict == Verdict::not_counted) return;
  const bool trips = count_.add(verdict == Verdict::failure, Clock::now());
  // Bug `cb-never-opens`: it counts, and that is all.
  if (trips && !settings_.bugs.cb_never_opens) turn(State::open);
}

void Breaker::judge_probe(Verdict verdict) {
  if (verdict == Verdict::not_counted) {
    probing_ = false;
    return;
  }
  // Bug `cb-never-closes`: a good probe is not believed. Bug `cb-no-reopen`: a bad one is.
  const bool closes =
      verdict == Verdict::success ? !settings_.bugs.cb_never_closes : settings_.bugs.cb_no_reopen;
  turn(closes ? State::closed : State::open);
}

void Breaker::turn(State to) {
  const auto now = Clock::now();
  const std::chrono::duration<double> held = now - since_;
  events_.emit("breaker", {{"breaker", quoted(settings_.name)},
                           {"from", quoted(text(state_))},
                           {"to", quoted(text(to))},
                           {"failures", std::to_string(failures_)},
                           {"total", std::to_string(total_)},
                           {"late", std::to_string(late_)},
                           {"rejected", std::to_string(rejected_)},
                           {"held_s", seconds_text(held.count())},
                           {"last_error", quoted(last_error_)}});
  state_ = to;
  since_ = now;
  ++generation_;
  failures_ = total_ = rejected_ = late_ = 0;
  probing_ = false;
  count_.forget();
  if (to == State::open) {
    open_until_ = now + settings_.open;
    ++metrics_.opens;
  }
  if (to == State::closed) last_error_.clear();
  metrics_.state = static_cast<std::int64_t>(to);
}

Millis Breaker::wait() const {
  const std::lock_guard lock(mutex_);
  if (state_ != State::open) return Millis(0);
  return std::max(Millis(0), std::chrono::ceil<Millis>(open_until_ - Clock::now()));
}

}  // namespace bridge
