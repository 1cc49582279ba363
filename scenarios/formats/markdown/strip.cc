#include "scenarios/formats/markdown/strip.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "scenarios/formats/markdown/figures.h"
#include "scenarios/formats/table.h"
#include "scenarios/measures/phases.h"
#include "scenarios/measures/samples.h"

namespace faultline::markdown {
namespace {

constexpr std::size_t columns = 60;
constexpr std::size_t label_width = 16;
constexpr std::size_t between_marks = 20;
constexpr std::size_t most_classes = 5;  // of failures; the rest is one row
constexpr std::string_view ramp = " .:-=+*#";

using Cells = std::array<std::uint64_t, columns>;

// Where the strip begins, and how long a column is.
struct Scale {
  Instant from{};
  Duration column{};

  bool holds(Instant at) const { return at >= from && at < start_of(columns); }
  std::size_t of(Instant at) const { return static_cast<std::size_t>((at - from) / column); }
  Instant start_of(std::size_t i) const { return from + column * static_cast<std::int64_t>(i); }
};

// Whole milliseconds, so that the marks are numbers that people can read.
Scale scale_of(const Recording& recording, Span fault) {
  using std::chrono::milliseconds;
  const Duration around = std::max<Duration>(fault.length(), milliseconds(columns));
  const auto from = std::chrono::floor<milliseconds>(std::max(Instant{}, fault.from - around));
  const Instant to = std::max(std::min(fault.to + around, recording.load_ended), fault.to);
  const auto column =
      std::chrono::round<milliseconds>((to - from) / static_cast<std::int64_t>(columns));
  return {from, std::max(column, milliseconds(1))};
}

std::string padded(std::string_view label) {
  std::string out(shortened(label, label_width - 1));
  out.append(label_width - width_of(out), ' ');
  return out;
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string instants(const Scale& scale) {
  std::string line(label_width, ' ');
  for (std::size_t i = 0; i < columns; i += between_marks) {
    std::string mark = instant(scale.start_of(i));
    mark.resize(std::max(mark.size() + 1, between_marks), ' ');
    line += mark;
  }
  return trimmed(line + instant(scale.start_of(columns)));
}

std::string drawn(std::string_view label, const Cells& cells, std::uint64_t most) {
  std::string line = padded(label);
  for (const std::uint64_t n : cells) {
    // Any request leaves a mark; only the most is drawn in full.
    const std::uint64_t steps = ramp.size() - 1;
    line += ramp[n == 0 ? 0 : std::max<std::uint64_t>(1, n * steps / most)];
  }
  return trimmed(std::move(line));
}

std::string in_force(const Scale& scale, Span fault) {
  std::string line = padded("in force");
  for (std::size_t i = 0; i < columns; ++i)
    line += scale.start_of(i + 1) > fault.from && scale.start_of(i) < fault.to ? '=' : ' ';
  return trimmed(std::move(line));
}

// The classes with the most failures, by name; what is beyond the limit, as one.
std::vector<std::pair<std::string, Cells>> shown(const std::map<std::string, Cells>& classes) {
  std::vector<std::pair<std::string, Cells>> rows(classes.begin(), classes.end());
  const auto sum = [](const Cells& cells) {
    std::uint64_t all = 0;
    for (const std::uint64_t n : cells) all += n;
    return all;
  };
  std::ranges::sort(rows, [&](const auto& a, const auto& b) {
    const std::uint64_t of_a = sum(a.second);
    const std::uint64_t of_b = sum(b.second);
    return of_a != of_b ? of_a > of_b : a.first < b.first;
  });
  if (rows.size() <= most_classes) return rows;
  Cells others{};
  for (std::size_t row = most_classes; row < rows.size(); ++row)
    for (std::size_t i = 0; i < columns; ++i) others[i] += rows[row].second[i];
  rows.resize(most_classes);
  rows.emplace_back("other failures", others);
  return rows;
}

}  // namespace

Strip strip_of(const Recording& recording, const FaultRecord& fault) {
  if (fault.armed_as == 0 || recording.requests.empty()) return {};
  const bool removed = fault.disarmed > fault.commanded;
  const Span span{fault.armed, removed ? fault.disarmed : recording.load_ended};
  if (span.length() <= Duration{}) return {};
  const Scale scale = scale_of(recording, span);
  Cells offered{};
  Cells acknowledged{};
  std::map<std::string, Cells> classes;
  for (const Request& request : recording.requests) {
    if (scale.holds(request.scheduled)) ++offered[scale.of(request.scheduled)];
    if (!scale.holds(request.ended)) continue;
    const std::size_t at = scale.of(request.ended);
    if (request.acknowledged()) {
      ++acknowledged[at];
      continue;
    }
    ++classes[std::string(code_of(request)) + (request.reason.empty() ? "" : " ") + request.reason]
             [at];
  }
  const auto rows = shown(classes);
  Strip strip;
  strip.column = scale.column;
  strip.most = std::max(std::ranges::max(offered), std::ranges::max(acknowledged));
  for (const auto& [klass, cells] : rows)
    strip.most = std::max(strip.most, std::ranges::max(cells));
  if (strip.most == 0) return {};
  strip.lines = {instants(scale), drawn("offered", offered, strip.most),
                 drawn("acknowledged", acknowledged, strip.most)};
  for (const auto& [klass, cells] : rows) strip.lines.push_back(drawn(klass, cells, strip.most));
  strip.lines.push_back(in_force(scale, span));
  return strip;
}

}  // namespace faultline::markdown
