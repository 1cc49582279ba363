#include "scenarios/formats/markdown/figures.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "scenarios/report/figure.h"

namespace faultline::markdown {

const Measure* Story::find(const std::string& name) const {
  const auto found = std::ranges::find(report.measures, name, &NamedMeasure::name);
  return found == report.measures.end() ? nullptr : &found->measure;
}

std::string length(Duration duration) { return formatted(seconds(duration), Unit::duration); }

std::string instant(Instant at) { return length(at.time_since_epoch()); }

std::string between(Instant ordered, Instant confirmed) {
  return instant(confirmed) + " ± " + length(confirmed - ordered);
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string address(const Address& address) {
  return address.host.empty() ? "found by the run" : address.text();
}

std::string share(std::uint64_t k, std::uint64_t n) {
  std::string out = std::to_string(k) + "/" + std::to_string(n);
  if (n == 0) return out;
  return out + " (" + formatted(static_cast<double>(k) / static_cast<double>(n), Unit::ratio) + ")";
}

std::string with_resolution(const Measure& measure, Unit unit) {
  if (measure.certainty == Certainty::unknown) return "cannot tell";
  if (measure.certainty == Certainty::exceeds) return "> " + formatted(measure.low, unit);
  std::string value = formatted(measure.value, unit);
  if (formatted(measure.low, unit) == formatted(measure.high, unit)) return value;
  const std::string below = formatted(measure.value - measure.low, unit);
  const std::string above = formatted(measure.high - measure.value, unit);
  if (below == above) return value + " ± " + below;
  return value + " -" + below + " +" + above;
}

std::string cell(const Story& story, const std::string& kind, const std::string& arguments) {
  const Measure* measure = story.find(kind + arguments);
  if (measure == nullptr) return "cannot tell";
  return with_resolution(*measure, find_measure_kind(kind)->unit);
}

std::uint64_t part_of(const Measure& share) {
  return static_cast<std::uint64_t>(std::llround(share.value * static_cast<double>(share.n)));
}

std::vector<std::string> phases_of(const Drill& drill) {
  if (drill.faults.empty()) return {"all"};
  std::vector<std::string> phases = {"baseline"};
  for (const FaultPlan& plan : drill.faults) phases.push_back(plan.id);
  phases.emplace_back("recovery");
  return phases;
}

std::string status(Verdict verdict) {
  std::string word(name(verdict));
  std::ranges::transform(word, word.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return word;
}

std::string target(const Expectation& expectation) {
  constexpr std::string_view is = " is ";  // "xray.rule is ratio", of a contract
  const std::size_t promised = expectation.text.find(is);
  if (expectation.measure == "xray.kept" && promised != std::string::npos)
    return expectation.text.substr(promised + is.size());
  return std::string(symbol(expectation.comparison)) + " " +
         formatted(expectation.value, find_measure_kind(expectation.measure)->unit);
}

std::string requests_missing(const Recording& recording) {
  for (const std::string& gap : recording.gaps)
    if (gap.starts_with("requests.jsonl")) return "not all requests were recorded: " + gap;
  return "";
}

bool in_place_of(const Drill& drill, const ProxySpec& proxy) {
  return drill.xray && drill.xray->on == proxy.name;
}

std::string events_missing(const Recording& recording) {
  if (recording.events_lost > 0)
    return counted(recording.events_lost, "event") + " of the journal " +
           (recording.events_lost == 1 ? "is" : "are") + " missing";
  for (const std::string& gap : recording.gaps)
    if (gap.starts_with("events.jsonl")) return "not all events were recorded: " + gap;
  return "";
}

}  // namespace faultline::markdown
