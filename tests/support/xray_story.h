#pragma once

// What an X-ray of a breaker that opens at half of ten calls could have found.

#include <string>
#include <utility>

#include "scenarios/recording/recording.h"

namespace faultline::test {

inline xray::Answer found_word(std::string word) {
  xray::Answer answer;
  answer.state = xray::State::found;
  answer.word = std::move(word);
  answer.evidence = "seen <so> | often";
  return answer;
}

inline xray::Answer found_number(double value, xray::Range range, bool whole) {
  xray::Answer answer = found_word("");
  answer.number = value;
  answer.range = range;
  answer.whole = whole;
  return answer;
}

// Everything but `hung_probe`, which is not exercised.
inline xray::Answers half_of_ten() {
  xray::Answers answers;
  answers["rule"] = found_word("ratio");
  answers["threshold"] = found_number(0.5, {0.46, 0.5}, false);
  answers["comparison"] = found_word(">=");
  answers["minimum_calls"] = found_number(5, {5, 5}, true);
  answers["window"] = found_number(10, {10, 10}, true);
  answers["window"].word = "calls";
  answers["counts"] = found_word("");
  answers["counts"].counts = {{"500", "failure"}, {"404", "ignored"}, {"slow", ""}};
  answers["open_duration"] = found_number(1.0 / 3, {0.3, 0.35}, false);
  answers["backoff"] = found_word("growing");
  answers["backoff"].series = {{0.3, 0.35}, {0.6, 0.7}};
  for (const char* name : {"half_open_concurrency", "successes_to_close", "failures_to_reopen"})
    answers[name] = found_number(1, {1, 1}, true);
  answers["half_open_others"] = found_word("rejected");
  answers["rejected_extend"] = found_word("");
  answers["rejected_extend"].truth = false;
  answers["client_timeout"] = found_number(0.5, {0.45, 0.52}, false);
  answers["attempts_per_call"] = found_number(2, {2, 2}, true);
  answers["hung_probe"].evidence = "no probe could be held";
  return answers;
}

// A drill with an X-ray on the proxy "agent", and what the X-ray found; the contract is to be set.
inline Recording xrayed(xray::Answers answers = half_of_ten()) {
  Recording recording;
  recording.drill.name = "breaker";
  recording.drill.file = "breaker.toml";
  recording.drill.proxies = {{"agent", {}, {}, "http"}};
  recording.drill.xray.emplace();
  recording.drill.xray->on = "agent";
  recording.drill.xray->drive = "http://127.0.0.1:8080/call";
  recording.proxies = {{0, "agent"}};
  recording.version = "0.1.0";
  recording.started_at = "2026-01-02T03:04:05Z";
  recording.load_ended = Instant(std::chrono::seconds(90));
  recording.xray = XrayRecord{recording.load_ended, 812, 640, std::move(answers)};
  return recording;
}

}  // namespace faultline::test
