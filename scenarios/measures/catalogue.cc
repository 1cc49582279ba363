#include <algorithm>
#include <array>
#include <cctype>
#include <functional>

#include "scenarios/measures/fate.h"
#include "scenarios/measures/kinds.h"
#include "scenarios/measures/phases.h"
#include "scenarios/measures/samples.h"
#include "scenarios/measures/xray.h"
#include "scenarios/xray/bench.h"

namespace faultline {
namespace {

constexpr std::array kinds = {
    &measures::touched,
    &measures::detection_wire,
    &measures::detection,
    &measures::detection_complete,
    &measures::told,
    &measures::slowest,
    &measures::recovery_attempt,
    &measures::recovery_link,
    &measures::recovery_first,
    &measures::recovery_full,
    &measures::errors_after_recovery,
    &measures::errors_after_fault,
    &measures::mean,
    &measures::smallest,
    &measures::p50,
    &measures::p90,
    &measures::p95,
    &measures::p99,
    &measures::greatest,
    &measures::errors,
    &measures::rate,
    &measures::count,
    &measures::requests,
    &measures::spike_recovery,
    &measures::wait_mean,
    &measures::wait_max,
    &measures::wait_share,
    &measures::wait_max_to_mean,
    &measures::amplification,
    &measures::attempts_most,
    &measures::backoff,
    &measures::backoff_growth,
    &measures::backoff_jitter,
    &measures::resent,
    &measures::client_timeout,
    &measures::at_once,
    &measures::fate,
    &measures::offered,
    &measures::acknowledged,
    &measures::refused,
    &measures::unanswered,
    &measures::stored,
    &measures::lost,
    &measures::duplicated,
    &measures::stored_unacknowledged,
    &measures::foreign,
    &measures::generator_lag_p99,
    &measures::generator_late,
    &measures::breaker_opens,
    &measures::breaker_failures,
    &measures::breaker_calls,
    &measures::breaker_late,
    &measures::breaker_open_for,
    &measures::breaker_recovery,
    &measures::breaker_cycles,
    &measures::breaker_refused,
    &measures::breaker_fail_fast,
    &measures::breaker_probes,
    &measures::breaker_closed_by_failure,
    &measures::breaker_left_open,
    &measures::breaker_leaked,
    &measures::breaker_disagreements,
    &measures::limit_passed,
    &measures::limit_refused,
    &measures::limit_right,
    &measures::limit_false_positives,
    &measures::limit_false_negatives,
    &measures::limit_undecided,
    &measures::limit_untold,
    &measures::limit_told_early,
    &measures::limit_told_late,
    &measures::xray_count,
    &measures::xray_time,
    &measures::xray_share,
    &measures::xray_is,
    &measures::xray_kept,
};

template <class List, class Name>
std::vector<std::string> names_of(const List& list, Name name) {
  std::vector<std::string> names;
  for (const auto& item : list) names.emplace_back(std::invoke(name, item));
  return names;
}

std::vector<std::string> fault_ids(const Drill& drill) {
  return names_of(drill.faults, &FaultPlan::id);
}

std::vector<std::string> stage_names(const Drill& drill) {
  std::vector<std::string> names;
  for (const WorkloadPlan& workload : drill.workloads)
    for (const LoadStage& stage : workload.stages)
      if (!stage.name.empty()) names.push_back(stage.name);
  return names;
}

std::vector<std::string> outcome_names() {
  std::vector<std::string> names;
  for (int i = static_cast<int>(Outcome::not_sent); i <= static_cast<int>(Outcome::malformed); ++i)
    names.emplace_back(name(static_cast<Outcome>(i)));
  return names;
}

// "503", an outcome's name or, of a proxy's exchanges, a code of its protocol such as "57P01".
bool is_status(const std::string& word) {
  const auto upper = [](unsigned char c) { return std::isdigit(c) || std::isupper(c); };
  if (word.size() == 3 &&
      std::ranges::all_of(word, [](unsigned char c) { return std::isdigit(c); }))
    return word[0] >= '1' && word[0] <= '5';
  if (word.size() == 5 && std::ranges::all_of(word, upper)) return true;
  const std::vector<std::string> outcomes = outcome_names();
  return std::ranges::find(outcomes, word) != outcomes.end();
}

bool is_ordinal(const std::string& word) {
  return !word.empty() && word.size() <= 6 && word.front() != '0' &&
         std::ranges::all_of(word, [](unsigned char c) { return std::isdigit(c); });
}

std::string word_problem(const std::string& word, const std::vector<std::string>& words,
                         const std::string& what) {
  if (std::ranges::find(words, word) != words.end()) return "";
  return "\"" + word + "\" is no word for " + what + suggestion(word, words);
}

// The answers of an X-ray, and what it tells apart, that are words.
std::vector<std::string> worded_answers() {
  std::vector<std::string> known;
  for (const std::string_view name : xray::names)
    if (!xray::words_for(name).empty()) known.emplace_back(name);
  for (const xray::Treatment one : xray::classes) known.emplace_back(xray::name(one));
  return known;
}

std::string answer_problem(ArgumentType type, std::span<const std::string> arguments,
                           const Drill& drill) {
  const std::string& word = arguments.back();
  std::vector<std::string> known;
  const auto take = [&](const auto& names) { known.assign(names.begin(), names.end()); };
  std::string what = "\"" + word + "\" is no answer that this measure can ask for";
  if (type == ArgumentType::counted_answer) take(counted_answers());
  if (type == ArgumentType::timed_answer) take(timed_answers());
  if (type == ArgumentType::shared_answer) take(shared_answers());
  if (type == ArgumentType::worded_answer) take(worded_answers());
  if (type == ArgumentType::answer) {
    for (const auto& [name, expected] : drill.xray->contract) known.push_back(name);
    what = "the contract of the drill says nothing of \"" + word + "\"";
  }
  if (type == ArgumentType::word) {
    take(xray::words_for(arguments[0]));
    what = "\"" + word + "\" is nothing that " + arguments[0] + " can be";
  }
  if (std::ranges::find(known, word) != known.end()) return "";
  return what + suggestion(word, known);
}

// What is wrong with one argument; empty: nothing.
std::string argument_problem(ArgumentType type, std::span<const std::string> arguments,
                             const Drill& drill) {
  const std::string& word = arguments.back();
  std::vector<std::string> known;
  std::string what;
  switch (type) {
    case ArgumentType::fault: {
      known = fault_ids(drill);
      what = "fault";
      break;
    }
    case ArgumentType::source: {
      known = names_of(drill.workloads, &WorkloadPlan::name);
      for (const WorkloadPlan& workload : drill.workloads)
        for (const RequestPlan& one : workload.mix) known.push_back(kind_name(workload, one));
      for (const ProxySpec& proxy : drill.proxies) known.push_back(proxy.name);
      what = "workload or proxy";
      break;
    }
    case ArgumentType::phase: {
      known = {"all", "baseline", "fault", "recovery"};
      for (const FaultPlan& fault : drill.faults) known.push_back(fault.id);
      for (std::string& stage : stage_names(drill)) known.push_back(std::move(stage));
      what = "phase";
      break;
    }
    case ArgumentType::stage: {
      known = stage_names(drill);
      what = "stage";
      break;
    }
    case ArgumentType::sink: {
      known = names_of(drill.sinks, &SinkPlan::name);
      what = "sink";
      break;
    }
    case ArgumentType::proxy: {
      known = names_of(drill.proxies, &ProxySpec::name);
      what = "proxy";
      break;
    }
    case ArgumentType::ordinal: {
      if (is_ordinal(word)) return "";
      return "\"" + word + "\" is no ordinal; write a whole number from 1, such as 2";
    }
    case ArgumentType::limit: {
      known = names_of(drill.limits, &LimitPlan::name);
      what = "limit";
      break;
    }
    case ArgumentType::route: {
      if (word.starts_with('/')) return "";
      return "\"" + word + "\" is no path; write one such as /oauth/token or /users/*";
    }
    case ArgumentType::did:
      return word_problem(word, did_words(), "what a server did");
    case ArgumentType::told:
      return word_problem(word, told_words(), "what a client was told");
    case ArgumentType::answer:
    case ArgumentType::counted_answer:
    case ArgumentType::timed_answer:
    case ArgumentType::shared_answer:
    case ArgumentType::worded_answer:
    case ArgumentType::word:
      return answer_problem(type, arguments, drill);
    case ArgumentType::status: {
      if (is_status(word)) return "";
      return "\"" + word + "\" is no status; write one such as 503, or an outcome such as timeout";
    }
  }
  if (std::ranges::find(known, word) != known.end()) return "";
  if (known.empty()) return "the drill has no " + what + " \"" + word + "\", nor any other";
  return "the drill has no " + what + " \"" + word + "\"" + suggestion(word, known);
}

std::string signature_of(const MeasureKind& kind) {
  std::string text(kind.name);
  const char* separator = "(";
  for (const ArgumentSpec& argument : kind.arguments) {
    text += separator;
    text += argument.name;
    if (argument.optional) text += "?";
    separator = ", ";
  }
  return kind.arguments.empty() ? text : text + ")";
}

std::string unit_problem(const MeasureKind& kind, const Expectation& expectation) {
  const std::string of = std::string(kind.name) + " is ";
  switch (kind.unit) {
    case Unit::duration:
      if (expectation.unit == Unit::duration) return "";
      return of + "a duration; compare it with one that has a unit, such as 1s or 250ms";
    case Unit::count:
      if (expectation.unit == Unit::count) return "";
      return of + "a number; compare it with one without a unit, such as 0 or 10";
    case Unit::ratio:
      if (expectation.unit != Unit::duration && expectation.value >= 0 && expectation.value <= 1)
        return "";
      return of + "a share; compare it with one from 0 to 1 or 0% to 100%";
  }
  return "";
}

}  // namespace

std::span<const MeasureKind* const> measure_kinds() { return kinds; }

const MeasureKind* find_measure_kind(std::string_view name) {
  const auto found = std::ranges::find(kinds, name, &MeasureKind::name);
  return found == kinds.end() ? nullptr : *found;
}

std::optional<Error> check_expectation(const Expectation& expectation, const Drill& drill) {
  const auto wrong = [&](std::string what) { return Error{expectation.where, std::move(what)}; };
  const MeasureKind* kind = find_measure_kind(expectation.measure);
  if (kind == nullptr) {
    const auto known = names_of(kinds, &MeasureKind::name);
    return wrong("unknown measure \"" + expectation.measure + "\"" +
                 suggestion(expectation.measure, known));
  }
  const bool of_xray = kind->name.starts_with("xray.");
  if (of_xray && !drill.xray)
    return wrong(expectation.call() + ": the drill has no [xray], so nothing is X-rayed");
  if (!of_xray && drill.xray)
    return wrong(expectation.call() +
                 ": an X-ray has neither load nor faults; its measures are xray.count, xray.time, "
                 "xray.share, xray.is and xray.kept");
  const auto needed =
      static_cast<std::size_t>(std::ranges::count(kind->arguments, false, &ArgumentSpec::optional));
  const std::size_t given = expectation.arguments.size();
  if (given < needed || given > kind->arguments.size())
    return wrong("\"" + expectation.call() + "\" has " + std::to_string(given) +
                 " arguments; it is " + signature_of(*kind));
  for (std::size_t i = 0; i < given; ++i)
    if (std::string problem = argument_problem(
            kind->arguments[i].type, std::span(expectation.arguments).first(i + 1), drill);
        !problem.empty())
      return wrong(expectation.call() + ": " + problem);
  if (std::string problem = unit_problem(*kind, expectation); !problem.empty())
    return wrong(problem);
  return std::nullopt;
}

}  // namespace faultline
