// From evidence to answers. What several explanations of the history have in common is found; where
// they differ, the interval holds them all, or nothing is said.

#include <algorithm>

#include "scenarios/xray/examination.h"
#include "scenarios/xray/verdict.h"

namespace faultline::xray {

Answers Examination::without_breaker() const {
  std::string tried;
  for (const auto& [treatment, times] : harmless_) {
    if (!tried.empty()) tried += ", ";
    tried += std::to_string(times) + " of " + std::string(name(treatment));
  }
  Answers answers;
  for (const std::string_view one : names) {
    Answer& answer = answers[std::string(one)];
    answer.state = State::no_breaker_seen;
    answer.evidence = "every call went on to the upstream: " + tried;
  }
  tell_client(answers);
  return answers;
}

Answers Examination::verdicts() const {
  Answers answers;
  for (const std::string_view one : names) {
    answers[std::string(one)] = untold(lab_.over() ? "no time left" : "not seen");
  }
  tell_rule(answers);
  tell_openings(answers);
  tell_half_open(answers);
  tell_client(answers);
  tell_counts(answers);
  return answers;
}

void Examination::tell_openings(Answers& answers) const {
  if (!extends_ && !extends_evidence_.empty()) {
    answers["rejected_extend"] = untold(extends_evidence_);
  }
  if (extends_) {
    Answer& answer = answers["rejected_extend"];
    answer.state = State::found;
    answer.truth = *extends_;
    answer.evidence = extends_evidence_;
  }
  if (openings_.empty()) {
    if (!open_known_) {
      answers["open_duration"] = untold(why_lost_.empty() ? "no time left" : why_lost_);
      answers["backoff"] = answers["open_duration"];
    }
    return;
  }
  const auto bounds = [](const std::vector<Opening>& all) {
    Opening common{Duration{}, Duration::max()}, hull{Duration::max(), Duration{}};
    // Of those that were seen late now and then, the others say more.
    std::vector<Duration> blurs;
    for (const Opening& one : all) blurs.push_back(one.high - one.low);
    std::ranges::nth_element(blurs, blurs.begin() + static_cast<std::ptrdiff_t>(blurs.size() / 2));
    const Duration usual = blurs[blurs.size() / 2];
    for (const Opening& one : all) {
      common = {std::max(common.low, one.low), std::min(common.high, one.high)};
      if (one.high - one.low > usual * 2) continue;
      if (one.low > Duration{}) hull.low = std::min(hull.low, one.low);
      hull.high = std::max(hull.high, one.high);
    }
    return std::pair(common, hull);
  };
  const auto [common, hull] = bounds(openings_);
  // A breaker that wakes by a timer wakes late on a busy machine, so the longest say least.
  const Duration noise = std::chrono::milliseconds(60) + hull.high * 3 / 100;
  const bool varies = common.low > common.high + noise;
  Opening told = varies ? hull : common;
  for (const Opening& one : openings_) {
    const bool sharp = one.low > common.high * 85 / 100;
    if (!varies && sharp) told.low = std::min(told.low, one.low);
  }
  told.low = std::min(told.low, told.high) - (varies ? Duration{} : told.low / 200);
  const double low = faultline::seconds(told.low), high = faultline::seconds(told.high);
  answers["open_duration"] =
      number((low + high) / 2, {low, high},
             std::to_string(openings_.size()) +
                 " openings: the last call suppressed, the first let through" +
                 (varies ? "; it varied" : ""));
  if (reopenings_.empty()) {
    answers["backoff"] = untold("no probe could be failed in the time left");
    return;
  }
  std::vector<Opening> series = reopenings_;
  series.insert(series.begin(), hull);
  bool grows = true;
  const auto middle = [](const Opening& one) { return (one.low + one.high) / 2; };
  const Opening& first = varies ? hull : told;
  for (std::size_t n = 0; n + 1 < reopenings_.size(); ++n) {
    grows = grows && middle(reopenings_[n + 1]) + noise * 2 >= middle(reopenings_[n]);
  }
  grows = grows && reopenings_.back().low > first.high + noise && reopenings_.size() >= 2;
  // What varies may grow by chance.
  const bool steady = !varies && openings_.size() >= 2;
  const auto [again, again_hull] = bounds(reopenings_);
  std::vector<Opening> every = reopenings_;
  every.push_back(varies ? hull : told);
  const auto [together, unused] = bounds(every);
  const bool same = !varies && together.low <= together.high + noise;
  const bool known_low = again.low > Duration{} || extends_.value_or(false);
  if (grows && !steady) {
    answers["backoff"] = untold("it was open for longer each time, which may be chance");
  } else if (grows) {
    answers["backoff"] = word("growing", "each failed probe kept it open for longer");
  } else if (same && known_low) {
    answers["backoff"] = word("constant", "each failed probe kept it open for as long");
  } else if (varies || again.low > again.high + noise) {
    answers["backoff"] = word("jittered", "how long it was open varied both ways");
  } else {
    answers["backoff"] = untold("the intervals after failed probes tell no series");
  }
  for (const Opening& one : reopenings_) {
    answers["backoff"].series.push_back(
        {faultline::seconds(one.low), faultline::seconds(one.high)});
  }
}

void Examination::tell_half_open(Answers& answers) const {
  const std::string held = "of " + std::to_string(flooded_) + " calls at once, their probes held, ";
  if (others_ == "none") {
    answers["half_open_others"] = word("none", held + "all were let through");
    answers["half_open_concurrency"] =
        untold(held + "all were let through; there is no limit, or it is higher");
  } else if (admits_) {
    answers["half_open_concurrency"] =
        count(*admits_, *admits_, held + std::to_string(*admits_) + " were let through");
    answers["half_open_others"] = word(
        others_, held + std::to_string(*admits_) + " were let through, the others were " + others_);
  }
  if (others_.empty() && !others_evidence_.empty()) {
    answers["half_open_concurrency"] = untold(others_evidence_);
    answers["half_open_others"] = untold(others_evidence_);
  }
  if (closes_after_) {
    answers["successes_to_close"] = count(*closes_after_, *closes_after_, closing_evidence_);
  }
  if (closes_after_ == 0) {
    answers["failures_to_reopen"] = untold("there is no half-open state: it closes by itself");
  } else if (reopening_differed_) {
    answers["failures_to_reopen"] = untold("failed probes opened it again after different numbers");
  } else if (reopens_after_) {
    const std::size_t failures = attempts_count_ ? reopening_attempts_ : *reopens_after_;
    answers["failures_to_reopen"] =
        count(failures, failures,
              std::to_string(failures) +
                  " failed probes, the first ones after it had been open, opened it again");
  }
  answers["hung_probe"] =
      hung_.empty() ? untold(hung_evidence_.empty() ? "no probe could be held" : hung_evidence_)
                    : word(hung_, hung_evidence_);
}

void Examination::tell_client(Answers& answers) const {
  if (client_timeout_) {
    const double low = faultline::seconds(client_timeout_->low);
    const double high = faultline::seconds(client_timeout_->high);
    // How late its timer was, and how long until that was seen, is unknown: a tenth is usual where
    // the machine is busy, and more where calls take long.
    const double slack =
        0.05 + low * 0.1 + std::max(0.0, high - low - 0.03) + faultline::seconds(latency_) * 2;
    const Range range{std::max(0.0, low - slack), high + 0.005};
    if (range.high - range.low > 0.25 + range.high / 5) {
      answers["client_timeout"] = untold(client_timeout_evidence_ + ": too blurred to tell");
    } else {
      answers["client_timeout"] = number((low + high) / 2, range, client_timeout_evidence_);
    }
  } else if (!client_timeout_evidence_.empty()) {
    answers["client_timeout"] = untold(client_timeout_evidence_);
  }
  tell_attempts(answers);
}

// Clients send again by themselves what they had sent on a connection that died, once.
void Examination::tell_attempts(Answers& answers) const {
  const std::string seen = "one call, failed by " + std::string(name(fault_)) + ", made " +
                           std::to_string(per_call_) + " attempts";
  std::size_t alike = 0, single = 0;
  for (const auto& [treatment, attempts] : attempts_of_) {
    const auto counted = counting_.find(treatment);
    if (treatment == Treatment::reset || treatment == Treatment::refused) continue;
    if (counted == counting_.end() || counted->second != Counting::failure) continue;
    ++(attempts == 1 ? single : alike);
  }
  if (fault_ != Treatment::reset || per_call_ != 2 || single == 0) {
    answers["attempts_per_call"] = count(per_call_, per_call_, seen);
  } else if (alike == 0) {
    answers["attempts_per_call"] = count(
        1, 1, seen + ", but failed in other ways only one: what dies is sent again on its own");
  } else {
    answers["attempts_per_call"] = untold(seen + ", but not always when failed in other ways");
  }
}

void Examination::tell_counts(Answers& answers) const {
  Answer answer;
  for (const Treatment treatment : classes) {
    const auto at = counting_.find(treatment);
    const Counting counting = at == counting_.end() ? Counting::untold : at->second;
    std::string& value = answer.counts[std::string(name(treatment))];
    value = counting == Counting::failure   ? "failure"
            : counting == Counting::success ? "success"
            : counting == Counting::ignored ? "ignored"
                                            : "";
    if (!value.empty()) answer.state = State::found;
    const auto why = counting_evidence_.find(treatment);
    if (!answer.evidence.empty()) answer.evidence += "; ";
    answer.evidence += std::string(name(treatment)) + ": " +
                       (why == counting_evidence_.end() ? "not told apart" : why->second);
  }
  answers["counts"] = std::move(answer);
}

}  // namespace faultline::xray
