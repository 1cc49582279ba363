// report.json, schema_version 1. Durations are seconds as numbers, shares are from 0 to 1; what is
// not known is null. Keys stand in a fixed order and numbers in their shortest exact form, so the
// same recording gives the same bytes.

#include <boost/json.hpp>
#include <charconv>
#include <cmath>

#include "scenarios/formats/formats.h"
#include "scenarios/formats/text.h"
#include "scenarios/report/verdict.h"

namespace faultline::formats {
namespace {

namespace js = boost::json;

constexpr int schema_version = 1;

js::string text(std::string_view view) { return js::string(valid_utf8(view)); }

js::value at(Instant instant) { return seconds(instant.time_since_epoch()); }
js::value at_if(bool known, Instant instant) { return known ? at(instant) : js::value(nullptr); }

std::string_view word(Unit unit) {
  switch (unit) {
    case Unit::count:
      return "count";
    case Unit::duration:
      return "seconds";
    case Unit::ratio:
      return "ratio";
  }
  return "";
}

std::string_view word(Certainty certainty) {
  switch (certainty) {
    case Certainty::known:
      return "known";
    case Certainty::exceeds:
      return "exceeds";
    case Certainty::unknown:
      return "unknown";
  }
  return "";
}

js::object measure(const NamedMeasure& named) {
  const Measure& m = named.measure;
  const bool known = m.certainty == Certainty::known;
  const auto number = [](bool is_known, double value) {
    return is_known ? js::value(value) : js::value(nullptr);
  };
  js::object out;
  out["unit"] = word(named.unit);
  out["certainty"] = word(m.certainty);
  out["value"] = number(known, m.value);
  out["low"] = number(m.certainty != Certainty::unknown, m.low);
  out["high"] = number(known, m.high);
  out["n"] = m.n;
  out["reason"] = text(m.reason);
  return out;
}

js::array expectations(const Report& report) {
  js::array out;
  for (const Finding& finding : report.findings) {
    js::object item;
    item["text"] = text(finding.expectation.text);
    item["measure"] = text(finding.expectation.call());
    item["observed"] = text(finding.observed);
    item["verdict"] = name(finding.verdict);
    item["reason"] = text(finding.reason);
    out.push_back(std::move(item));
  }
  return out;
}

js::array told(const std::vector<StatusRow>& rows) {
  js::array out;
  for (const StatusRow& row : rows) {
    js::object item;
    item["class"] = text(row.klass);
    item["count"] = row.count;
    item["p50"] = row.p50;
    item["p95"] = row.p95;
    item["p99"] = row.p99;
    item["max"] = row.max;
    out.push_back(std::move(item));
  }
  return out;
}

js::object fault(const FaultReport& report) {
  const FaultRecord& record = report.record;
  const bool armed = record.armed_as != 0;
  const bool removed = armed && record.disarmed > record.commanded;
  js::object out;
  out["id"] = text(record.id);
  out["kind"] = text(record.kind);
  js::array on;
  for (const std::string& proxy : record.on) on.push_back(text(proxy));
  out["on"] = std::move(on);
  out["touched"] = record.touched.connections;
  out["touched_messages"] = record.touched.messages;
  out["touched_bytes"] = record.touched.bytes;
  out["planned_on"] = at(record.planned_on);
  out["planned_off"] = at(record.planned_off);
  out["t_cmd"] = at_if(armed, record.commanded);
  out["t_arm"] = at_if(armed, record.armed);
  out["t_on"] = at_if(record.touched.any(), record.touched.first);
  out["t_clr"] = at_if(record.touched.any(), record.touched.last);
  out["t_off_cmd"] = at_if(removed, record.disarm_commanded);
  out["t_off"] = at_if(removed, record.disarmed);
  out["told"] = told(report.told);
  return out;
}

js::object ledger(const Report& report) {
  js::object out;
  for (const NamedMeasure& named : report.measures) {
    const auto parenthesis = named.name.find('(');
    const MeasureKind* kind = find_measure_kind(named.name.substr(0, parenthesis));
    if (kind == nullptr || !kind->of_ledger) continue;
    if (named.measure.certainty == Certainty::known)
      out[named.name] = static_cast<std::uint64_t>(named.measure.value);
    else
      out[named.name] = nullptr;
  }
  return out;
}

js::array audit(const std::vector<AuditRule>& rules) {
  js::array out;
  for (const AuditRule& rule : rules) {
    js::object item;
    item["rule"] = text(rule.rule);
    item["numbers"] = text(rule.numbers);
    item["state"] = name(rule.state);
    out.push_back(std::move(item));
  }
  return out;
}

js::object texts(const std::map<std::string, std::string>& map) {
  js::object out;
  for (const auto& [key, value] : map) out[valid_utf8(key)] = text(value);
  return out;
}

js::array texts(const std::vector<std::string>& list) {
  js::array out;
  for (const std::string& item : list) out.push_back(text(item));
  return out;
}

// Boost.JSON writes numbers as 2.13E-1 and everything on one line; people read this file too.
class Writer {
 public:
  std::string write(const js::value& value) {
    put(value, 0);
    out_ += '\n';
    return std::move(out_);
  }

 private:
  void line(std::size_t depth) {
    out_ += '\n';
    out_.append(depth * 2, ' ');
  }

  void put(const js::value& value, std::size_t depth) {
    if (const auto* object = value.if_object()) {
      put_list(*object, "{}", depth, [&](const auto& pair) {
        out_ += js::serialize(pair.key()) + ": ";
        put(pair.value(), depth + 1);
      });
    } else if (const auto* array = value.if_array()) {
      put_list(*array, "[]", depth, [&](const js::value& item) { put(item, depth + 1); });
    } else if (const auto* number = value.if_double()) {
      put_number(*number);
    } else {
      out_ += js::serialize(value);
    }
  }

  template <class List, class Put>
  void put_list(const List& list, std::string_view brackets, std::size_t depth, Put put_one) {
    out_ += brackets[0];
    const char* separator = "";
    for (const auto& item : list) {
      out_ += separator;
      line(depth + 1);
      put_one(item);
      separator = ",";
    }
    if (!list.empty()) line(depth);
    out_ += brackets[1];
  }

  void put_number(double number) {
    if (!std::isfinite(number)) {
      out_ += "null";
      return;
    }
    char digits[40];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  }

  std::string out_;
};

std::string render(const Report& report, const Recording& recording) {
  js::object out;
  out["schema_version"] = schema_version;
  out["tool"] = "faultline";
  out["version"] = text(recording.version);
  out["drill"] = text(recording.drill.name);
  out["title"] = text(recording.drill.title);
  out["seed"] = recording.drill.seed;
  out["started_at"] = text(recording.started_at);
  out["verdict"] = name(report.verdict);
  out["reason"] = text(report.reason);
  out["exit_code"] = exit_code(report.verdict, recording);
  out["expectations"] = expectations(report);
  js::object measures;
  for (const NamedMeasure& named : report.measures)
    measures[valid_utf8(named.name)] = measure(named);
  out["measures"] = std::move(measures);
  js::array faults;
  for (const FaultReport& one : report.faults) faults.push_back(fault(one));
  out["faults"] = std::move(faults);
  if (report.xray) out["xray"] = js::parse(xray::render_json(*report.xray));
  out["ledger"] = ledger(report);
  out["audit"] = audit(report.audit);
  out["environment"] = texts(recording.environment);
  out["variables"] = texts(recording.variables);
  out["overrides"] = texts(recording.overrides);
  out["notes"] = texts(report.notes);
  return Writer().write(out);
}

}  // namespace

const ReportFormat json = {"json", "report.json", render};

}  // namespace faultline::formats
