#include "tests/scenarios/simulated_service.h"

#include <algorithm>
#include <utility>

#include "faults/random.h"

namespace faultline::xray {

SimulatedService::SimulatedService(SimulatedBreaker breaker, SimulatedClient client,
                                   std::uint64_t seed)
    : breaker_(std::move(breaker)), client_(client), seed_(seed) {
  now_ += std::chrono::milliseconds(Draw(seed_).between(0, 60'000));
}

Duration SimulatedService::some(double milliseconds) {
  const double factor = 0.5 + Draw(++seed_).unit();
  const bool hiccup = Draw(++seed_).unit() < client_.hiccups;
  return Duration(static_cast<std::int64_t>(milliseconds * factor * client_.pace * 1e6)) +
         (hiccup ? client_.hiccup : Duration{});
}

void SimulatedService::after(Duration delay, std::function<void()> what) {
  due_.emplace(now_ + delay, std::move(what));
}

bool SimulatedService::wait(Instant limit, const std::function<bool()>& enough) {
  while (!enough()) {
    if (due_.empty() || due_.begin()->first > limit) {
      now_ = std::max(now_, limit);
      return enough();
    }
    auto first = due_.extract(due_.begin());
    now_ = std::max(now_, first.key());
    first.mapped()();
  }
  return true;
}

void SimulatedService::treat(Treatment treatment, std::size_t count, Treatment then) {
  treatment_ = treatment;
  count_ = count;
  then_ = then;
}

std::size_t SimulatedService::call() {
  const std::size_t place = calls_.size();
  calls_.push_back({now_, never, 0});
  after(some(0.4), [this, place] {
    if (client_.at_once > 0 && inside_ >= client_.at_once) {
      waiting_.push_back(place);
    } else {
      ++inside_;
      enter(place);
    }
  });
  return place;
}

bool SimulatedService::has_room() const {
  if (breaker_.lets_more_in) return true;
  if (breaker_.judged > 0 && admitted_ >= breaker_.judged) return false;
  if (breaker_.in_all && admitted_ >= breaker_.probes) return false;
  return breaker_.probes == 0 || probing_ < breaker_.probes;
}

void SimulatedService::enter(std::size_t call) {
  Running& running = running_[call];
  if (breaker_.rule == SimulatedBreaker::Rule::none) return attempt(call);
  if (state_ == State::open && now_ >= open_until_) {
    become(breaker_.to_close == 0 ? State::closed : State::half_open);
  }
  if (state_ == State::half_open && !has_room() && breaker_.queues) {
    return waiting_.push_back(call);
  }
  if (state_ == State::closed || (state_ == State::half_open && has_room())) {
    running.permit = {generation_, state_ == State::half_open, now_};
    running.inside = true;
    if (running.permit.probe) ++probing_, ++admitted_;
    return attempt(call);
  }
  if (state_ == State::open && breaker_.rejected_extend) open_until_ = now_ + open_for_;
  if (breaker_.dilutes) results_.emplace_back(now_, 0);
  end(call, 503);
}

void SimulatedService::attempt(std::size_t call) {
  ++running_[call].made;
  after(some(0.4), [this, call, begun = now_] {
    const Treatment treatment = count_ > 0 ? treatment_ : then_;
    if (treatment == Treatment::refused) return outcome(call, Treatment::refused);
    if (count_ > 0 && count_ != all) --count_;
    const std::size_t place = attempts_.size();
    attempts_.push_back({now_, never, never});
    caller_[place] = call;
    if (client_.limit) {
      after(std::max(begun + *client_.limit - now_, Duration{}), [this, place] {
        if (over_.contains(place)) return;
        after(some(0.2), [this, place] {
          if (attempts_[place].open()) attempts_[place].left = now_;
        });
        finished(place, Treatment::timeout, true);
      });
    }
    answer(place, treatment);
  });
}

void SimulatedService::answer(std::size_t place, Treatment treatment) {
  if (treatment == Treatment::timeout || treatment == Treatment::refused) return;
  const Duration delay = treatment == Treatment::slow ? slow_ : Duration{};
  after(delay + (treatment == Treatment::ok ? some(0.3) : Duration{}), [this, place, treatment] {
    if (!attempts_[place].open()) return;
    attempts_[place].answered = now_;
    after(some(0.2),
          [this, place, treatment] { finished(place, treatment, treatment == Treatment::reset); });
  });
}

void SimulatedService::finished(std::size_t attempt, Treatment treatment, bool lost) {
  if (!over_.insert(attempt).second) return;
  const std::size_t call = caller_[attempt];
  Running& running = running_[call];
  if (lost && treatment == Treatment::reset && client_.resends &&
      !std::exchange(running.resent, true)) {
    --running.made;
    return this->attempt(call);
  }
  outcome(call, treatment);
}

void SimulatedService::outcome(std::size_t call, Treatment treatment) {
  Running& running = running_[call];
  const bool good = treatment == Treatment::ok || treatment == Treatment::slow;
  const bool again = !good && running.made < client_.attempts;
  if (again && !client_.retries_outside) return attempt(call);
  const bool late =
      breaker_.slow_limit > Duration{} && now_ - running.permit.began > breaker_.slow_limit;
  const bool failed =
      treatment != Treatment::ok && (late || !breaker_.harmless.contains(treatment));
  const bool current = running.permit.generation == generation_;
  const bool hangs = breaker_.keeps_hung && running.permit.probe && treatment == Treatment::timeout;
  if (running.inside && current && !hangs) {
    running.inside = false;
    if (running.permit.probe) --probing_;
    if (breaker_.ignored.contains(treatment)) {
      if (running.permit.probe) --admitted_;
      if (!running.permit.probe && breaker_.ignored_are_calls) results_.emplace_back(now_, 0);
    } else if (running.permit.probe) {
      judge(failed);
    } else {
      count(failed);
    }
  }
  if (again) return enter(call);
  end(call, good ? 200 : 502);
  if (breaker_.queues) let_waiting_in();
}

void SimulatedService::let_waiting_in() {
  for (std::size_t n = waiting_.size(); n > 0; --n) {
    const std::size_t call = waiting_.front();
    waiting_.pop_front();
    enter(call);
  }
}

void SimulatedService::end(std::size_t call, int status) {
  after(some(0.3), [this, call, status] {
    calls_[call].ended = now_;
    calls_[call].status = status;
    if (client_.at_once == 0) return;
    --inside_;
    if (waiting_.empty()) return;
    const std::size_t next = waiting_.front();
    waiting_.pop_front();
    ++inside_;
    enter(next);
  });
}

void SimulatedService::count(bool failed, bool) {
  using Rule = SimulatedBreaker::Rule;
  if (breaker_.moved_by_calls && now_ - part_began_ >= breaker_.bucket) {
    ++part_;
    part_began_ = now_;
  }
  results_.emplace_back(breaker_.moved_by_calls ? Instant(breaker_.bucket * part_) : now_,
                        failed ? 1 : 0);
  if (breaker_.calls > 0 && results_.size() > breaker_.calls) results_.pop_front();
  if (breaker_.time > Duration{}) {
    Instant since = now_ - breaker_.time;
    if (breaker_.moved_by_calls) {
      since = Instant(breaker_.bucket * (part_ + 1)) - breaker_.time;
    } else if (breaker_.bucket > Duration{}) {
      const auto part = breaker_.bucket.count();
      since =
          Instant(Duration((now_.time_since_epoch().count() / part + 1) * part)) - breaker_.time;
    }
    while (!results_.empty() && results_.front().first < since) results_.pop_front();
  }
  if (breaker_.rule == Rule::none || (!failed && breaker_.on_failure_only)) return;
  std::size_t bad = 0, row = 0;
  for (const auto& [at, one] : results_) {
    bad += one > 0 ? 1 : 0;
    row = one > 0 ? row + 1 : 0;
  }
  const double share = static_cast<double>(bad) / static_cast<double>(results_.size());
  bool opens = false;
  if (breaker_.rule == Rule::consecutive) opens = failed && row >= breaker_.number;
  if (breaker_.rule == Rule::count) opens = failed && bad >= breaker_.number;
  if (breaker_.rule == Rule::ratio && results_.size() >= breaker_.minimum) {
    opens = breaker_.above ? share > breaker_.share + 1e-12 : share >= breaker_.share - 1e-12;
  }
  if (opens) become(State::open);
}

void SimulatedService::judge(bool failed) {
  if (!breaker_.cleared) results_.emplace_back(now_, failed ? 1 : 0);
  bad_ += failed ? 1 : 0;
  ++outcomes_;
  good_ = failed ? 0 : good_ + 1;
  if (breaker_.judged > 0) {
    if (breaker_.lets_more_in ? outcomes_ < breaker_.judged
                              : admitted_ < breaker_.judged || probing_ > 0) {
      return;
    }
    return become(bad_ * 2 >= breaker_.judged ? State::open : State::closed);
  }
  if (bad_ >= breaker_.to_reopen) {
    become(State::open);
  } else if (good_ >= breaker_.to_close) {
    become(State::closed);
  }
}

void SimulatedService::become(State state) {
  state_ = state;
  ++generation_;
  probing_ = admitted_ = good_ = bad_ = outcomes_ = 0;
  if (state == State::open) {
    double length = static_cast<double>(breaker_.open_for.count());
    for (std::size_t n = 0; n < times_open_; ++n) length *= breaker_.growth;
    length *= 1 + breaker_.jitter * (2 * Draw(++seed_).unit() - 1);
    ++times_open_;
    open_for_ = Duration(static_cast<std::int64_t>(length));
    open_until_ = now_ + open_for_;
  } else if (state == State::closed) {
    times_open_ = 0;
    if (breaker_.cleared) results_.clear();
    if (breaker_.carries) count(false);
  }
  if (breaker_.queues) after(Duration{}, [this] { let_waiting_in(); });
}

}  // namespace faultline::xray
