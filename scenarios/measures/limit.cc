// Rate limits, judged: the declared algorithm replayed over the requests that the wire showed. What
// a decision is judged by heads limit_history.h; the algorithms head limit_model.cc.
//
// limit.passed(limit), limit.refused(limit): requests that the limit is for, by what the service
//   did: refused are those with the limit's status, passed all other answers.
// limit.right(limit): the share of both that was right. Undecided ones widen the interval.
// limit.false_positives(limit): refused, though the limit had to let them through. The interval
// ends
//   at what the undecided refusals would add.
// limit.false_negatives(limit): passed, though the limit had to refuse them; likewise. Without a
//   request beyond the limit, or one that may have been, it was not exercised: that cannot be told.
// limit.undecided(limit): so near the end of a window that both would have been right.
// limit.untold(limit): refusals without a Retry-After that could be read.
// limit.told_early(limit): the furthest that a refusal's Retry-After lies before the moment from
//   which a request would be let through: who heeds it is refused again. 0: none of them does.
// limit.told_late(limit): the furthest behind it: who heeds it waits in vain. Whole seconds,
// rounded
//   up, are up to one second late, and not dishonest.

#include <algorithm>

#include "scenarios/measures/kinds.h"
#include "scenarios/measures/limit_history.h"
#include "scenarios/report/figure.h"

namespace faultline::measures {
namespace {

using Judged = LimitDecision::Judged;

std::uint64_t number_of(const LimitHistory& history, bool refused) {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      history.all(), [&](const LimitDecision* one) { return one->refused == refused; }));
}

std::uint64_t number_of(const LimitHistory& history, bool refused, Judged judged) {
  return static_cast<std::uint64_t>(std::ranges::count_if(history.all(), [&](const auto* one) {
    return one->refused == refused && one->judged == judged;
  }));
}

std::string not_judged(const LimitHistory& history) {
  if (history.unknown == 0) return "";
  return counted(history.unknown, "request") + " had no answer of the service";
}

template <class Count>
Measure of_history(const Recording& recording, std::span<const std::string> arguments,
                   Count count) {
  const LimitPlan* const plan = find_limit(recording.drill, arguments[0]);
  if (plan == nullptr) return Measure::cannot_tell("the drill has no limit " + arguments[0]);
  const auto history = limit_history(recording, *plan);
  if (!history) return Measure::cannot_tell(history.error());
  Measure measure = count(*history);
  if (measure.reason.empty()) measure.reason = not_judged(*history);
  return measure;
}

template <bool refused>
Measure seen(const Recording& recording, std::span<const std::string> arguments) {
  return of_history(recording, arguments, [](const LimitHistory& history) {
    return Measure::of(static_cast<double>(number_of(history, refused)), history.all().size());
  });
}

Measure right(const Recording& recording, std::span<const std::string> arguments) {
  return of_history(recording, arguments, [](const LimitHistory& history) {
    const auto all = history.all();
    const auto share = [&](Judged judged) {
      return static_cast<double>(std::ranges::count(all, judged, &LimitDecision::judged)) /
             static_cast<double>(all.size());
    };
    const double low = share(Judged::right);
    return Measure::between(low, low, std::max(low, 1 - share(Judged::wrong)), all.size());
  });
}

template <bool refused>
Measure wrong(const Recording& recording, std::span<const std::string> arguments) {
  return of_history(recording, arguments, [](const LimitHistory& history) {
    const std::uint64_t sure = number_of(history, refused, Judged::wrong);
    const std::uint64_t undecided = number_of(history, refused, Judged::undecided);
    const std::uint64_t beyond = sure + undecided + number_of(history, true, Judged::right) +
                                 number_of(history, true, Judged::undecided);
    if (!refused && beyond == 0)
      return Measure::cannot_tell("no request was beyond the limit: it was not exercised");
    const auto low = static_cast<double>(sure);
    return Measure::between(low, low, static_cast<double>(sure + undecided),
                            number_of(history, refused));
  });
}

Measure undecided(const Recording& recording, std::span<const std::string> arguments) {
  return of_history(recording, arguments, [](const LimitHistory& history) {
    const auto n =
        number_of(history, true, Judged::undecided) + number_of(history, false, Judged::undecided);
    return Measure::of(static_cast<double>(n), history.all().size());
  });
}

Measure told_nothing(const Recording& recording, std::span<const std::string> arguments) {
  return of_history(recording, arguments, [](const LimitHistory& history) {
    const std::uint64_t refused = number_of(history, true);
    if (refused == 0) return Measure::cannot_tell("nothing was refused");
    const auto silent =
        std::ranges::count_if(history.all(), [](const LimitDecision* one) { return untold(*one); });
    return Measure::of(static_cast<double>(silent), refused);
  });
}

// The furthest that `told` lies on the wrong side, at least and at most; never below 0.
template <class Miss>
Measure furthest(const Recording& recording, std::span<const std::string> arguments, Miss miss) {
  return of_history(recording, arguments, [&](const LimitHistory& history) {
    double low = 0;
    double high = 0;
    std::uint64_t n = 0;
    for (const LimitDecision* one : history.all()) {
      if (!one->come_back) continue;
      ++n;
      const auto [least, most] = miss(*one);
      low = std::max(low, seconds(least));
      high = std::max(high, seconds(most));
    }
    if (n == 0)
      return Measure::cannot_tell(
          history.dates > 0 ? "Retry-After was told as a date, and the recording does not have "
                              "the wall clock"
                            : "no refusal said when to come back");
    Measure measure = Measure::between(low, low, high, n);
    if (history.dates > 0)
      measure.reason = counted(history.dates, "date") +
                       " not compared: the recording does not have the wall clock";
    return measure;
  });
}

Measure early(const Recording& recording, std::span<const std::string> arguments) {
  return furthest(recording, arguments, [](const LimitDecision& one) {
    return std::pair(one.free_low - *one.come_back, one.free_high - *one.come_back);
  });
}

Measure late(const Recording& recording, std::span<const std::string> arguments) {
  return furthest(recording, arguments, [](const LimitDecision& one) {
    return std::pair(*one.come_back - one.free_high, *one.come_back - one.free_low);
  });
}

}  // namespace

const MeasureKind limit_passed = {"limit.passed", "requests that a rate limit let through",
                                  Unit::count, limit_argument, seen<false>};
const MeasureKind limit_refused = {"limit.refused", "requests that it refused", Unit::count,
                                   limit_argument, seen<true>};
const MeasureKind limit_right = {"limit.right", "share of its decisions that are as declared",
                                 Unit::ratio, limit_argument, right};
const MeasureKind limit_false_positives = {"limit.false_positives",
                                           "refused, and should have passed", Unit::count,
                                           limit_argument, wrong<true>};
const MeasureKind limit_false_negatives = {"limit.false_negatives",
                                           "passed, and should have been refused", Unit::count,
                                           limit_argument, wrong<false>};
const MeasureKind limit_undecided = {"limit.undecided", "decisions too near a border to judge",
                                     Unit::count, limit_argument, undecided};
const MeasureKind limit_untold = {"limit.untold", "refusals that do not say when to come back",
                                  Unit::count, limit_argument, told_nothing};
const MeasureKind limit_told_early = {"limit.told_early", "Retry-After before its time, at most",
                                      Unit::duration, limit_argument, early};
const MeasureKind limit_told_late = {"limit.told_late", "Retry-After behind its time, at most",
                                     Unit::duration, limit_argument, late};

}  // namespace faultline::measures
