// What an X-ray found. Each measure is one answer, by its name in the table of the README:
//
//   xray.count   an answer that is a whole number of calls, failures, attempts …
//   xray.time    one that is a time
//   xray.share   the threshold of a ratio
//   xray.is      1 when the answer, or what a class of outcomes counts as, is the word; else 0
//   xray.kept    1 when the answer meets the drill's contract, 0 when it contradicts it or no
//                breaker was seen where one is promised
//
// The interval is the answer's own; n is the calls that the X-ray made. What was not exercised
// cannot be told, and neither can what an answer is not: a window in calls has no length in time.

#include "scenarios/measures/xray.h"

#include <algorithm>
#include <array>

#include "scenarios/measures/kinds.h"

namespace faultline {
namespace {

using xray::Answer;
using xray::State;

constexpr std::array<std::string_view, 7> counts{
    "threshold",          "minimum_calls",      "window",           "half_open_concurrency",
    "successes_to_close", "failures_to_reopen", "attempts_per_call"};
constexpr std::array<std::string_view, 3> times{"window", "open_duration", "client_timeout"};
constexpr std::array<std::string_view, 1> shares{"threshold"};

}  // namespace

std::optional<xray::Answers> judged_answers(const Recording& recording) {
  if (!recording.xray) return std::nullopt;
  xray::Answers answers = recording.xray->answers;
  if (recording.drill.xray) xray::compare(recording.drill.xray->contract, answers);
  return answers;
}

std::span<const std::string_view> counted_answers() { return counts; }
std::span<const std::string_view> timed_answers() { return times; }
std::span<const std::string_view> shared_answers() { return shares; }

namespace measures {
namespace {

Measure cannot_tell(const Answer& answer) {
  return Measure::cannot_tell(answer.state == State::no_breaker_seen
                                  ? "no breaker was seen: " + answer.evidence
                                  : "not exercised: " + answer.evidence);
}

// The answer as `measure` makes it one, if there was an X-ray that got so far.
template <class MeasureIt>
Measure of_answer(const Recording& recording, const std::string& name, MeasureIt measure) {
  if (!recording.xray) return Measure::cannot_tell("no X-ray came to its end");
  const auto found = recording.xray->answers.find(name);
  if (found == recording.xray->answers.end()) return Measure::cannot_tell("no such answer");
  if (found->second.state != State::found) return cannot_tell(found->second);
  return measure(found->second);
}

enum class Figure : std::uint8_t { count, time, share };

Figure figure_of(std::string_view name, const Answer& answer) {
  if (answer.whole) return Figure::count;
  return name == "threshold" ? Figure::share : Figure::time;
}

template <Figure figure>
Measure number(const Recording& recording, std::span<const std::string> arguments) {
  return of_answer(recording, arguments[0], [&](const Answer& answer) {
    constexpr std::array<std::string_view, 3> words{"a number", "a time", "a share"};
    if (!answer.number) return Measure::cannot_tell("it has no value: " + answer.evidence);
    const Figure is = figure_of(arguments[0], answer);
    if (is != figure) {
      return Measure::cannot_tell("it is " + std::string(words[static_cast<std::size_t>(is)]) +
                                  ": " + answer.evidence);
    }
    const double low = std::min(answer.range ? answer.range->low : *answer.number, *answer.number);
    const double high =
        std::max(answer.range ? answer.range->high : *answer.number, *answer.number);
    return Measure::between(low, *answer.number, high, recording.xray->calls);
  });
}

Measure is(const Recording& recording, std::span<const std::string> arguments) {
  const auto name = std::ranges::find(xray::names, std::string_view(arguments[0]));
  const bool of_class = name == xray::names.end();
  return of_answer(recording, of_class ? "counts" : arguments[0], [&](const Answer& answer) {
    std::string said = answer.truth ? (*answer.truth ? "true" : "false") : answer.word;
    if (of_class) {
      const auto counting = answer.counts.find(arguments[0]);
      said = counting == answer.counts.end() ? "" : counting->second;
    }
    if (said.empty()) return Measure::cannot_tell("not told: " + answer.evidence);
    Measure measure = Measure::of(said == arguments[1] ? 1 : 0, recording.xray->calls);
    if (measure.value == 0) measure.reason = "it is " + said;
    return measure;
  });
}

Measure kept(const Recording& recording, std::span<const std::string> arguments) {
  const auto answers = judged_answers(recording);
  if (!answers) return Measure::cannot_tell("no X-ray came to its end");
  const auto found = answers->find(arguments[0]);
  if (found == answers->end()) return Measure::cannot_tell("no such answer");
  const Answer& answer = found->second;
  const bool broken = answer.state == State::contradicted || answer.state == State::no_breaker_seen;
  if (!broken && answer.state != State::confirmed) return cannot_tell(answer);
  return Measure::of(broken ? 0 : 1, recording.xray->calls);
}

}  // namespace

const MeasureKind xray_count = {"xray.count", "an answer of the X-ray that is a number",
                                Unit::count, counted_answer, number<Figure::count>};
const MeasureKind xray_time = {"xray.time", "an answer of the X-ray that is a time", Unit::duration,
                               timed_answer, number<Figure::time>};
const MeasureKind xray_share = {"xray.share", "an answer of the X-ray that is a share", Unit::ratio,
                                shared_answer, number<Figure::share>};
const MeasureKind xray_is = {"xray.is", "1 when an answer of the X-ray is the word, else 0",
                             Unit::count, answer_and_word, is};
const MeasureKind xray_kept = {"xray.kept", "1 when an answer of the X-ray meets the contract",
                               Unit::count, answer_argument, kept};

}  // namespace measures
}  // namespace faultline
