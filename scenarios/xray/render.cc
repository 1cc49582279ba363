#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "proxy/json_line.h"
#include "scenarios/xray/answer.h"

namespace faultline::xray {
namespace {

// At least four digits, and whole numbers whole.
std::string figure_of(double value, int digits = 4) {
  std::array<char, 40> text{};
  const bool whole = value == std::round(value) && std::abs(value) < 1e9;
  const int length = whole ? std::snprintf(text.data(), text.size(), "%.0f", value)
                           : std::snprintf(text.data(), text.size(), "%.*g", digits, value);
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string exactly(const std::optional<Range>& range, double Range::* end) {
  return range ? figure((*range).*end) : "null";
}

// A line of the table: its title, at least so wide, and the rest.
std::string line(std::string title, std::string_view rest, bool right = false) {
  constexpr std::size_t width = 22;
  const std::string space(width - std::min(width, title.size()), ' ');
  return (right ? space + title : title + space) + " " + std::string(rest) + "\n";
}

void append_value(std::string& out, const Answer& answer) {
  if (!answer.counts.empty()) {
    JsonObject counts(out);
    for (const auto& [name, word] : answer.counts) {
      if (word.empty()) {
        counts.key(name) += "null";
      } else {
        counts.text(name, word);
      }
    }
  } else if (!answer.word.empty()) {
    append_json_text(out, answer.word);
  } else if (answer.truth) {
    out += *answer.truth ? "true" : "false";
  } else if (answer.number) {
    out += figure_of(*answer.number);
  } else {
    out += "null";
  }
}

bool is_duration(std::string_view name, const Answer& answer) {
  return name == "open_duration" || name == "client_timeout" ||
         (name == "window" && answer.word == "time");
}

std::string value_for_people(std::string_view name, const Answer& answer) {
  if (!answer.counts.empty()) return "";
  const std::string unit = is_duration(name, answer) ? " s" : "";
  std::string text = answer.word;
  if (answer.truth) text = *answer.truth ? "yes" : "no";
  if (answer.number && name != "backoff") {
    text += (text.empty() ? "" : " ") + figure_of(*answer.number) + unit;
  }
  if (answer.range && answer.range->low != answer.range->high) {
    text += " (" + figure_of(answer.range->low) + " to " + figure_of(answer.range->high) + ")";
  }
  return text;
}

}  // namespace

std::string_view name(State state) {
  constexpr std::array<std::string_view, 5> words{"found", "not_exercised", "no_breaker_seen",
                                                  "confirmed", "contradicted"};
  return words[static_cast<std::size_t>(state)];
}

std::string figure(double value) { return figure_of(value, 7); }

std::string value_text(std::string_view name, const Answer& answer) {
  std::string all;
  for (const auto& [outcome, word] : answer.counts) {
    all += (all.empty() ? "" : ", ") + outcome + " " + (word.empty() ? "not told apart" : word);
  }
  return answer.counts.empty() ? value_for_people(name, answer) : all;
}

std::string render_json(const Answers& answers) {
  std::string out;
  {
    JsonObject all(out);
    for (const std::string_view one : names) {
      const Answer& answer = answers.find(one)->second;
      JsonObject object(all.key(one));
      object.text("state", name(answer.state));
      append_value(object.key("value"), answer);
      object.key("low") += exactly(answer.range, &Range::low);
      object.key("high") += exactly(answer.range, &Range::high);
      if (!answer.series.empty()) {
        std::string& series = object.key("intervals");
        series += '[';
        for (const Range& range : answer.series) {
          series += &range == &answer.series.front() ? "[" : ",[";
          series += figure(range.low) + "," + figure(range.high) + "]";
        }
        series += ']';
      }
      object.text("evidence", answer.evidence);
    }
  }
  return out + "\n";
}

std::string render_terminal(const Answers& answers) {
  std::string out;
  for (const std::string_view one : names) {
    const Answer& answer = answers.find(one)->second;
    const bool plain = answer.state == State::found;
    std::string said = value_for_people(one, answer);
    if (!plain) said += (said.empty() ? "" : "  ") + std::string(name(answer.state));
    out += line(std::string(one), said);
    for (const auto& [outcome, word] : answer.counts) {
      out += line(outcome, word.empty() ? "not told apart" : word, true);
    }
    for (const Range& range : answer.series) {
      out += line("open for", figure_of(range.low) + " to " + figure_of(range.high) + " s", true);
    }
    out += line("", "  " + answer.evidence);
  }
  return out;
}

}  // namespace faultline::xray
