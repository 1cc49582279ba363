#include "scenarios/recording/xray_record.h"

#include <boost/json.hpp>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace faultline {
namespace {

namespace json = boost::json;

std::string text(const json::value& value) {
  return {value.as_string().data(), value.as_string().size()};
}

json::object written(const xray::Range& range) {
  return {{"low", range.low}, {"high", range.high}};
}

// What an answer does not have is left out.
json::object written(std::string_view name, const xray::Answer& answer) {
  json::object out;
  out["name"] = name;
  out["state"] = xray::name(answer.state);
  if (!answer.word.empty()) out["word"] = answer.word;
  if (answer.number) out["number"] = *answer.number;
  if (answer.truth) out["truth"] = *answer.truth;
  if (answer.range) out["range"] = written(*answer.range);
  if (!answer.counts.empty()) {
    json::object counts;
    for (const auto& [one, word] : answer.counts) counts[one] = word;
    out["counts"] = std::move(counts);
  }
  if (!answer.series.empty()) {
    json::array series;
    for (const xray::Range& range : answer.series) series.push_back(written(range));
    out["series"] = std::move(series);
  }
  out["whole"] = answer.whole;
  out["evidence"] = answer.evidence;
  return out;
}

// What follows throws at what does not fit; read_xray_record catches it.

xray::State state_from(const std::string& word) {
  for (unsigned i = 0; i <= static_cast<unsigned>(xray::State::contradicted); ++i) {
    if (xray::name(static_cast<xray::State>(i)) == word) return static_cast<xray::State>(i);
  }
  throw std::invalid_argument("\"" + word + "\" is no state known to this version");
}

xray::Range range_from(const json::value& value) {
  return {value.at("low").to_number<double>(), value.at("high").to_number<double>()};
}

xray::Answer answer_from(const json::object& from) {
  xray::Answer answer;
  answer.state = state_from(text(from.at("state")));
  if (const auto* word = from.if_contains("word")) answer.word = text(*word);
  if (const auto* number = from.if_contains("number")) answer.number = number->to_number<double>();
  if (const auto* truth = from.if_contains("truth")) answer.truth = truth->as_bool();
  if (const auto* range = from.if_contains("range")) answer.range = range_from(*range);
  if (const auto* counts = from.if_contains("counts")) {
    for (const auto& one : counts->as_object()) {
      answer.counts[std::string(one.key())] = text(one.value());
    }
  }
  if (const auto* series = from.if_contains("series")) {
    for (const json::value& one : series->as_array()) answer.series.push_back(range_from(one));
  }
  answer.whole = from.at("whole").as_bool();
  answer.evidence = text(from.at("evidence"));
  return answer;
}

XrayRecord record_from(const json::object& from) {
  XrayRecord record;
  record.ended = Instant(Duration(from.at("ended").to_number<std::int64_t>()));
  record.calls = from.at("calls").to_number<std::uint64_t>();
  record.attempts = from.at("attempts").to_number<std::uint64_t>();
  for (const json::value& one : from.at("answers").as_array()) {
    record.answers[text(one.at("name"))] = answer_from(one.as_object());
  }
  for (const std::string_view name : xray::names) {
    if (record.answers.contains(name)) continue;
    throw std::invalid_argument("there is no answer for " + std::string(name));
  }
  return record;
}

}  // namespace

std::string xray_document(const XrayRecord& record) {
  json::object out;
  out["ended"] = record.ended.time_since_epoch().count();
  out["calls"] = record.calls;
  out["attempts"] = record.attempts;
  json::array answers;
  for (const std::string_view name : xray::names) {
    const auto found = record.answers.find(name);
    if (found != record.answers.end()) answers.push_back(written(name, found->second));
  }
  out["answers"] = std::move(answers);
  return json::serialize(out) + "\n";
}

Result<XrayRecord> read_xray_record(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return error(file.string(), "cannot be opened");
  std::ostringstream content;
  content << in.rdbuf();
  try {
    return record_from(json::parse(content.str()).as_object());
  } catch (const std::exception& problem) {
    return error(file.string(), problem.what());
  }
}

}  // namespace faultline
