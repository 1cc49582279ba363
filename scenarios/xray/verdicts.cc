// From evidence to answers. What several explanations of the history have in common is found; where
// they differ, the interval holds them all, or nothing is said.

#include <algorithm>
#include <cmath>
#include <set>

#include "scenarios/xray/examination.h"

namespace faultline::xray {
namespace {

Answer untold(std::string why) {
  Answer answer;
  answer.evidence = std::move(why);
  return answer;
}

Answer word(std::string value, std::string evidence) {
  Answer answer;
  answer.state = State::found;
  answer.word = std::move(value);
  answer.evidence = std::move(evidence);
  return answer;
}

Answer number(double value, Range range, std::string evidence) {
  Answer answer;
  answer.state = State::found;
  answer.number = value;
  answer.range = range;
  answer.evidence = std::move(evidence);
  return answer;
}

Answer count(std::size_t low, std::size_t high, std::string evidence) {
  Answer answer =
      number(static_cast<double>(low == high ? low : (low + high) / 2),
             {static_cast<double>(low), static_cast<double>(high)}, std::move(evidence));
  answer.whole = true;
  return answer;
}

Answer exactly(std::size_t least, std::size_t most, std::string evidence) {
  if (least == most) return count(least, most, std::move(evidence));
  return untold(evidence + ": anything from " + std::to_string(least) + " to " +
                std::to_string(most) + " explains it");
}

// How round a share is: 1 for a half, 2 for tenths and quarters, 3 for twentieths, 9 for others.
int roughness(double share) {
  const auto whole = [&](double parts) {
    return std::abs(share * parts - std::round(share * parts)) < 1e-9;
  };
  return whole(2) ? 1 : whole(10) || whole(4) ? 2 : whole(20) ? 3 : 9;
}

// That of the roundest strictly between two.
int roughness_between(double low, double high) {
  int best = 9;
  for (const double parts : {2.0, 4.0, 10.0, 20.0}) {
    const double first = std::floor(low * parts + 1e-9) + 1;
    if (first < high * parts - 1e-9) best = std::min(best, roughness(first / parts));
  }
  return best;
}

// The roundest share within the bounds.
double roundest(double low, double high) {
  for (const double parts : {2.0, 10.0, 4.0, 20.0, 3.0, 100.0}) {
    for (double n = std::ceil(low * parts - 1e-9); n <= high * parts + 1e-9; ++n) {
      if (n > 0) return n / parts;
    }
  }
  return (low + high) / 2;
}

std::string percent(const Share& share) {
  return std::to_string(share.failed) + " of " + std::to_string(share.of);
}

constexpr std::string_view not_closed = "it was not seen to close, so no experiment could begin";

}  // namespace

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

void Examination::tell_rule(Answers& answers) const {
  const auto all_untold = [&](const std::string& why) {
    for (const char* one : {"rule", "threshold", "comparison", "minimum_calls", "window"}) {
      answers[one] = untold(why);
    }
  };
  if (explained_.empty()) {
    if (lost_) return all_untold(why_lost_);
    if (!closes_after_) return all_untold(std::string(not_closed));
    if (lab_.over()) return all_untold("no time left");
    return all_untold("no rule of those known explains what was seen in " +
                      std::to_string(probes_run_) + " experiments");
  }
  std::set<Rule> rules;
  for (const Hypothesis& one : explained_) rules.insert(one.rule);
  const std::string experiments =
      std::to_string(probes_run_) + " sequences of good and failed calls";
  const Rule rule = *rules.begin();
  if (rules.size() > 1) {
    return all_untold("several rules explain " + experiments + ": " + explained_.front().text() +
                      "; " + explained_.back().text());
  }
  std::string each = attempts_count_ ? "; every attempt counts, not only every call" : "";
  answers["rule"] =
      word(std::string(name(rule)), "of the rules known only this explains " + experiments + each);
  if (rule == Rule::ratio) return tell_ratio(answers);
  std::size_t least = boundless, most = 0;
  for (const Hypothesis& one : explained_) {
    least = std::min(least, one.least);
    most = std::max(most, one.most);
  }
  const std::string which = rule == Rule::consecutive ? " in a row" : "";
  answers["threshold"] =
      exactly(least, most, "clean, it opens on failure " + std::to_string(most) + which + each);
  answers["comparison"] = word(">=", "of whole numbers: opening at " + std::to_string(most) +
                                         " is the same as above " + std::to_string(most - 1));
  answers["minimum_calls"] = untold("a number of failures needs no minimum of calls besides");
  if (rule == Rule::consecutive) {
    answers["window"] = untold("failures in a row: one success clears them, there is no window");
  } else {
    tell_window(answers);
  }
}

void Examination::tell_ratio(Answers& answers) const {
  double low = 1, high = 0;
  std::size_t least = boundless, most = 0;
  int at = 0, above = 0, none = 0;
  for (const Hypothesis& one : explained_) {
    low = std::min(low, one.stayed.value());
    high = std::max(high, one.opened.value());
    least = std::min(least, one.minimum);
    most = std::max(most, one.minimum);
    const int stayed = one.stayed.failed == 0 ? 9 : roughness(one.stayed.value());
    const int opened = roughness(one.opened.value());
    // The threshold may as well lie between, unless what does is much less round.
    const int between = roughness_between(one.stayed.value(), one.opened.value());
    const bool plain =
        std::min(stayed, opened) <= 3 && (between == 9 || std::min(stayed, opened) + 2 <= between);
    ++(plain && opened < stayed ? at : plain && stayed < opened ? above : none);
  }
  const Hypothesis& first = explained_.front();
  const std::string seen = "it opened at " + percent(first.opened) + " and stayed closed at " +
                           percent(first.stayed) + " failed";
  answers["threshold"] = number(roundest(low, high), {low, high}, seen);
  if (at > 0 && above == 0 && none == 0) {
    answers["comparison"] = word(">=", seen + "; the round number is the one that opened it");
  } else if (above > 0 && at == 0 && none == 0) {
    answers["comparison"] =
        word(">", seen + "; the round number is the one at which it stayed closed");
  } else {
    answers["comparison"] = untold(seen + ": neither tells whether the threshold itself opens it");
  }
  answers["minimum_calls"] = exactly(least, most,
                                     "failures from cold opened it at call " +
                                         std::to_string(cold_) + ", and sequences around it");
  tell_window(answers);
}

void Examination::tell_window(Answers& answers) const {
  std::size_t least = boundless, most = 0;
  for (const Hypothesis& one : explained_) {
    least = std::min(least, one.structure.window);
    most = std::max(most, one.structure.window);
  }
  if (most < boundless && forgotten_) {
    answers["window"] =
        untold("it forgot by calls, and by time too, after " + rounded(*forgotten_));
    return;
  }
  if (most < boundless && !remembered_) {
    answers["window"] = untold("no time left to see that it does not forget by time");
    return;
  }
  if (most < boundless && most - least > std::max<std::size_t>(2, most / 10)) {
    answers["window"] = untold("anything from " + std::to_string(least) + " to " +
                               std::to_string(most) + " calls explains it");
    return;
  }
  if (most < boundless) {
    answers["window"] = count(least, most, "good and failed calls pushed out older ones");
    answers["window"].word = "calls";
    return;
  }
  if (remembered_ && forgotten_) {
    const double low = faultline::seconds(std::min(*remembered_, *forgotten_));
    double high = faultline::seconds(std::max(*remembered_, *forgotten_));
    const Duration between = *remembered_ - *forgotten_;
    if (!window_confirmed_ || between * 20 > *remembered_ * 3) {
      answers["window"] = untold("failures were remembered after " + rounded(*remembered_) +
                                 " and forgotten after " + rounded(*forgotten_) +
                                 (window_confirmed_ || !lab_.over()
                                      ? ": it forgets at instants of its own, not after a time"
                                      : "; no time left to confirm it"));
      return;
    }
    if (between > Duration{}) high += faultline::seconds(between);
    // A window in parts, or in whole seconds of a clock, forgets up to one part too soon.
    high += std::min(1.0, high / 4);
    answers["window"] = number((low + high) / 2, {low * 0.99, high},
                               "failures were still remembered after " + rounded(*remembered_) +
                                   " and forgotten after " + rounded(*forgotten_) +
                                   "; the window may be longer by the part in which it moves");
    answers["window"].word = "time";
    return;
  }
  answers["window"] =
      untold(lab_.over()   ? "no time left to see when it forgets"
             : remembered_ ? "failures were still remembered after " + rounded(*remembered_) +
                                 ", and after more calls than were tried"
                           : "whether it forgets by time was not seen");
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
    for (const Opening& one : all) {
      common = {std::max(common.low, one.low), std::min(common.high, one.high)};
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
  const auto [again, again_hull] = bounds(reopenings_);
  std::vector<Opening> every = reopenings_;
  every.push_back(varies ? hull : told);
  const auto [together, unused] = bounds(every);
  const bool same = !varies && together.low <= together.high + noise;
  const bool known_low = again.low > Duration{} || extends_.value_or(false);
  if (grows) {
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
  if (reopening_differed_) {
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
  answers["attempts_per_call"] = count(per_call_, per_call_,
                                       "one call, failed by " + std::string(name(fault_)) +
                                           ", made " + std::to_string(per_call_) + " attempts");
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
