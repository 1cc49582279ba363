#include "scenarios/drill/threshold.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

namespace faultline {
namespace {

struct Stat {
  std::string_view metric;
  std::string_view name;
  std::string_view measure;
  std::string_view more = "";  // arguments behind the phase
  bool waits = false;          // compared with a duration
};

constexpr std::array<Stat, 12> stats = {{
    {"http_req_duration", "avg", "mean", "", true},
    {"http_req_duration", "min", "min", "", true},
    {"http_req_duration", "med", "p50", "", true},
    {"http_req_duration", "max", "max", "", true},
    {"http_req_duration", "p(50)", "p50", "", true},
    {"http_req_duration", "p(90)", "p90", "", true},
    {"http_req_duration", "p(95)", "p95", "", true},
    {"http_req_duration", "p(99)", "p99", "", true},
    {"http_req_failed", "rate", "errors"},
    {"http_reqs", "count", "requests"},
    {"http_reqs", "rate", "rate"},
    {"dropped_iterations", "count", "count", ", not_sent"},
}};

// Known to k6; the load here does not keep what they are made of.
constexpr std::array<std::string_view, 15> elsewhere = {"checks",
                                                        "data_received",
                                                        "data_sent",
                                                        "group_duration",
                                                        "http_req_blocked",
                                                        "http_req_connecting",
                                                        "http_req_receiving",
                                                        "http_req_sending",
                                                        "http_req_tls_handshaking",
                                                        "http_req_waiting",
                                                        "iteration_duration",
                                                        "iterations",
                                                        "vus",
                                                        "vus_max",
                                                        "errors"};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Without the blanks that k6 allows in it: "p( 95 )".
std::string packed(std::string_view text) {
  std::string out(text);
  std::erase_if(out, [](char c) { return c == ' ' || c == '\t'; });
  return out;
}

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

bool bare_number(std::string_view text) {
  double number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, number, std::chars_format::fixed);
  return problem == std::errc() && end == last;
}

class Threshold {
 public:
  Threshold(std::string_view metric, std::string_view condition, const std::string& where)
      : metric_(trimmed(metric)), condition_(trimmed(condition)), where_(where) {}

  Result<Expectation> run(std::string_view workload) {
    std::string phase = "all";
    if (auto read = take_phase(phase); !read) return std::unexpected(read.error());
    if (auto known = check_metric(); !known) return std::unexpected(known.error());
    const std::size_t sign = condition_.find_first_of("<>=!");
    const std::string stat = packed(condition_.substr(0, sign));
    const auto found = std::ranges::find_if(
        stats, [&](const Stat& one) { return one.metric == metric_ && one.name == stat; });
    if (found == stats.end()) return unknown_stat(stat);
    if (sign == std::string_view::npos)
      return wrong(quoted(condition_) + " compares with nothing; write one like \"" +
                   std::string(found->name) + (found->waits ? " < 500\"" : " < 0.01\""));
    const std::size_t value = condition_.find_first_not_of("<>=! \t", sign);
    std::string right(condition_.substr(sign));
    if (found->waits && value != std::string_view::npos && bare_number(condition_.substr(value)))
      right += "ms";
    auto expectation = expectation_from(std::string(found->measure) + "(" + std::string(workload) +
                                            ", " + phase + std::string(found->more) + ") " + right,
                                        where_);
    if (expectation)
      expectation->text = std::string(workload) + ": " + std::string(metric_) +
                          (phase == "all" ? "" : "{phase:" + phase + "}") + " " +
                          std::string(condition_);
    return expectation;
  }

 private:
  std::unexpected<Error> wrong(const std::string& what) const {
    return error(where_, "thresholds." + std::string(metric_) + ": " + what);
  }

  Result<void> take_phase(std::string& phase) {
    const std::size_t brace = metric_.find('{');
    if (brace == std::string_view::npos) return {};
    std::string_view tag = metric_.substr(brace);
    constexpr std::string_view begin = "{phase:";
    if (!tag.starts_with(begin) || !tag.ends_with('}'))
      return wrong(quoted(tag) + " is no phase; write one like {phase:baseline}");
    phase = trimmed(tag.substr(begin.size(), tag.size() - begin.size() - 1));
    metric_ = trimmed(metric_.substr(0, brace));
    if (phase.empty()) return wrong("{phase:} names no phase; write one like {phase:baseline}");
    return {};
  }

  Result<void> check_metric() const {
    std::vector<std::string> known;
    for (const Stat& one : stats)
      if (!std::ranges::count(known, one.metric)) known.emplace_back(one.metric);
    if (std::ranges::count(known, metric_)) return {};
    if (std::ranges::count(elsewhere, metric_))
      return error(where_, "thresholds: " + quoted(metric_) +
                               " is not measured here; known: " + listed(known));
    return error(where_, "thresholds: unknown metric " + quoted(metric_) +
                             suggestion(std::string(metric_), known));
  }

  std::unexpected<Error> unknown_stat(const std::string& stat) const {
    std::vector<std::string> known;
    for (const Stat& one : stats)
      if (one.metric == metric_) known.emplace_back(one.name);
    if (stat.empty()) return wrong("begins with no statistic; known: " + listed(known));
    return wrong("unknown statistic " + quoted(stat) + suggestion(stat, known));
  }

  std::string_view metric_;
  std::string_view condition_;
  const std::string& where_;
};

}  // namespace

Result<Expectation> threshold_from(std::string_view workload, std::string_view metric,
                                   std::string_view condition, const std::string& where) {
  return Threshold(metric, condition, where).run(workload);
}

}  // namespace faultline
