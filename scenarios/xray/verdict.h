#pragma once

// The kinds of answers, each with the experiment behind it.

#include <string>
#include <utility>

#include "scenarios/xray/answer.h"

namespace faultline::xray {

inline Answer untold(std::string why) {
  Answer answer;
  answer.evidence = std::move(why);
  return answer;
}

inline Answer word(std::string value, std::string evidence) {
  Answer answer;
  answer.state = State::found;
  answer.word = std::move(value);
  answer.evidence = std::move(evidence);
  return answer;
}

inline Answer number(double value, Range range, std::string evidence) {
  Answer answer;
  answer.state = State::found;
  answer.number = value;
  answer.range = range;
  answer.evidence = std::move(evidence);
  return answer;
}

inline Answer count(std::size_t low, std::size_t high, std::string evidence) {
  Answer answer =
      number(static_cast<double>(low == high ? low : (low + high) / 2),
             {static_cast<double>(low), static_cast<double>(high)}, std::move(evidence));
  answer.whole = true;
  return answer;
}

}  // namespace faultline::xray
