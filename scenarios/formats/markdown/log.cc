// The load's totals as k6 prints them at the end of a test, in its names and columns, so that what
// reads that text reads this. A request is an attempt; an iteration is a message with its retries.
//
//     http_req_duration..............: avg=1.23ms   min=… med=… max=… p(90)=… p(95)=… p(99)=…
//     http_req_failed................: 2.24%  ✓ 413        ✗ 18037
//     http_reqs......................: 18450  14.64/s

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "scenarios/formats/markdown/sections.h"
#include "scenarios/formats/table.h"
#include "scenarios/measures/quantile.h"
#include "scenarios/report/figure.h"

namespace faultline::markdown {
namespace {

constexpr std::size_t name_width = 31;
constexpr std::size_t trends = 7;

std::string decimals(double value) {
  char digits[400];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, 2);
  std::string text(digits, end.ptr);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// "1m2.34s", "1.23s", "287.36ms", "36.2µs".
std::string span(Duration duration) {
  const double whole = seconds(duration);
  if (whole >= 60) {
    const double minutes = std::floor(whole / 60);
    return decimals(minutes) + "m" + decimals(whole - minutes * 60) + "s";
  }
  if (duration == Duration{}) return "0s";
  if (whole >= 1) return decimals(whole) + "s";
  if (whole >= 1e-3) return decimals(whole * 1e3) + "ms";
  return decimals(whole * 1e6) + "µs";
}

std::string named(std::string name) {
  name.resize(name_width, '.');
  return "     " + name + ": ";
}

std::array<std::string, trends> trend(std::vector<Duration> waits) {
  std::ranges::sort(waits);
  double sum = 0;
  for (const Duration wait : waits) sum += seconds(wait);
  const Duration mean = std::chrono::round<Duration>(
      std::chrono::duration<double>(sum / static_cast<double>(waits.size())));
  return {"avg=" + span(mean),
          "min=" + span(waits.front()),
          "med=" + span(quantile(waits, 500)),
          "max=" + span(waits.back()),
          "p(90)=" + span(quantile(waits, 900)),
          "p(95)=" + span(quantile(waits, 950)),
          "p(99)=" + span(quantile(waits, 990))};
}

struct Totals {
  std::vector<Duration> requests;    // of those that were sent: first byte to outcome
  std::vector<Duration> iterations;  // first attempt as scheduled to the last outcome
  std::uint64_t failed = 0;          // of the requests
};

Totals totals_of(const Recording& recording) {
  struct Message {
    Instant from = never;
    Instant to{};
  };
  std::map<std::string, Message> messages;
  Totals totals;
  for (const Request& request : recording.requests) {
    Message& message = messages[request.id];
    message.from = std::min(message.from, request.scheduled);
    message.to = std::max(message.to, request.ended);
    if (request.outcome == Outcome::not_sent) continue;
    totals.requests.push_back(request.ended - request.sent);
    if (request.failed()) ++totals.failed;
  }
  for (const auto& [id, message] : messages) totals.iterations.push_back(message.to - message.from);
  return totals;
}

std::string counter(const std::string& name, std::size_t n, Duration load) {
  const double rate = load > Duration{} ? static_cast<double>(n) / seconds(load) : 0;
  return named(name) + std::to_string(n) + "  " + decimals(rate) + "/s";
}

// The users of a closed load, as planned; an open one has none.
std::uint64_t users_of(const Drill& drill) {
  double users = 0;
  for (const WorkloadPlan& plan : drill.workloads) {
    if (plan.model != LoadModel::vus) continue;
    double most = static_cast<double>(plan.vus);
    for (const LoadStage& stage : plan.stages) most = std::max(most, stage.target);
    users += most;
  }
  return static_cast<std::uint64_t>(users);
}

// Those of the drill's expectations that are written in k6's words, as it prints them.
std::vector<std::string> thresholds_of(const Story& story) {
  std::vector<std::string> lines;
  for (const Finding& one : story.report.findings) {
    if (one.expectation.text.find(": ") == std::string::npos) continue;
    lines.push_back(std::string("     ") + (one.verdict == Verdict::pass ? "✓ " : "✗ ") +
                    one.expectation.text + ", was " + one.observed);
  }
  if (!lines.empty()) lines.emplace_back("");
  return lines;
}

std::vector<std::string> lines_of(const Story& story, const Totals& totals) {
  const Duration load = story.recording.load_ended.time_since_epoch();
  const auto requests = trend(totals.requests);
  const auto iterations = trend(totals.iterations);
  std::string first = named("http_req_duration");
  std::string second = named("iteration_duration");
  for (std::size_t i = 0; i < trends; ++i) {
    const std::size_t width = std::max(width_of(requests[i]), width_of(iterations[i])) + 1;
    first += requests[i] + std::string(width - width_of(requests[i]), ' ');
    second += iterations[i] + std::string(width - width_of(iterations[i]), ' ');
  }
  for (std::string* line : {&first, &second}) line->erase(line->find_last_not_of(' ') + 1);
  const std::size_t n = totals.requests.size();
  const double share = static_cast<double>(totals.failed) / static_cast<double>(n);
  std::vector<std::string> lines = thresholds_of(story);
  const std::vector<std::string> totals_said = {
      first,
      named("http_req_failed") + decimals(share * 100) + "%  ✓ " + std::to_string(totals.failed) +
          "  ✗ " + std::to_string(n - totals.failed),
      counter("http_reqs", n, load), second, counter("iterations", totals.iterations.size(), load)};
  lines.insert(lines.end(), totals_said.begin(), totals_said.end());
  if (const std::uint64_t users = users_of(story.drill); users > 0)
    lines.push_back(named("vus_max") + std::to_string(users) + "  min=" + std::to_string(users) +
                    "  max=" + std::to_string(users));
  return lines;
}

}  // namespace

void log(Page& page, const Story& story) {
  page.section("Log");
  const Totals totals = totals_of(story.recording);
  if (const std::string missing = requests_missing(story.recording); !missing.empty())
    return page.nothing(plain(missing));
  if (totals.requests.empty()) return page.nothing("no request was sent");
  page.verbatim(lines_of(story, totals));
  page.paragraph(
      "In the columns of k6: `✓` counts requests that failed; http_req_duration is from a "
      "request's "
      "first byte to its outcome, iteration_duration of a message with its retries, warm-up "
      "included; quantiles by nearest rank.");
  page.nothing(
      "checks, data_received, data_sent, http_req_blocked, http_req_connecting, "
      "http_req_receiving, "
      "http_req_sending, http_req_tls_handshaking, http_req_waiting; the load keeps of a request "
      "when it was due, was sent and ended, and looks at no body");
}

}  // namespace faultline::markdown
