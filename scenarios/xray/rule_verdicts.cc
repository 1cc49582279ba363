// What opens it: what the explanations of the history have in common.

#include <algorithm>
#include <cmath>
#include <set>

#include "scenarios/xray/examination.h"
#include "scenarios/xray/verdict.h"

namespace faultline::xray {
namespace {

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
    // Half is so common that nothing below it that opens it as well is likelier.
    const bool half = opened == 1 && between > 1 && stayed > 1;
    ++(half || (plain && opened < stayed) ? at : plain && stayed < opened ? above : none);
  }
  const Hypothesis& first = explained_.front();
  const std::string seen = "it opened at " + percent(first.opened) + " and stayed closed at " +
                           percent(first.stayed) + " failed";
  answers["threshold"] = number(roundest(low, high), {low, high}, seen);
  constexpr double says_nothing = 0.2;
  if (high - low > says_nothing) answers["threshold"] = untold(seen + ": too far apart to tell");
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
  if (most < boundless && most - least > 2) {
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
    // One of four parts forgets within a quarter of its length; more is a window of another kind.
    if (!window_confirmed_ || between * 10 > *remembered_ * 3) {
      answers["window"] = untold("failures were remembered after " + rounded(*remembered_) +
                                 " and forgotten after " + rounded(*forgotten_) +
                                 (window_confirmed_ || !out_of_time_
                                      ? ": it forgets at instants of its own, not after a time"
                                      : "; no time left to confirm it"));
      return;
    }
    // A window in parts, or in whole seconds of a clock, forgets up to one part too soon.
    high += std::max(faultline::seconds(between), std::min(1.0, high / 4));
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

}  // namespace faultline::xray
