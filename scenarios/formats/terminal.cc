// What a person at three in the morning needs, on one screen: the verdict and why, each expectation
// with what was observed, per fault when it was noticed, what clients were told and when it was
// over, the ledger, and how to do it again. UTF-8 marks only where the run's environment says that
// the terminal's charset is UTF-8; ASCII otherwise.

#include <algorithm>
#include <cctype>

#include "scenarios/formats/formats.h"
#include "scenarios/formats/text.h"
#include "scenarios/verdict.h"

namespace faultline::formats {
namespace {

constexpr std::size_t most_classes = 8;  // rows of what clients were told; the rest is summed up

bool utf8_terminal(const Recording& recording) {
  const auto charset = recording.environment.find("charset");
  if (charset == recording.environment.end()) return false;
  std::string letters;
  for (const char c : charset->second)
    if (std::isalnum(static_cast<unsigned char>(c)))
      letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return letters == "utf8";
}

std::string quoted_for_shell(const std::string& word) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("-_./=:,+@%").contains(c);
  };
  if (!word.empty() && std::ranges::all_of(word, plain)) return word;
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

std::string upper(std::string_view word) {
  std::string out;
  for (const char c : word) out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

class Page {
 public:
  Page(const Report& report, const Recording& recording)
      : report_(report), recording_(recording), ascii_(!utf8_terminal(recording)) {}

  std::string text() {
    verdict();
    expectations();
    for (const FaultReport& one : report_.faults) fault(one);
    load();
    ledger();
    notes();
    again();
    return std::move(out_);
  }

 private:
  void line(std::string_view text) {
    std::string trimmed = printable(text, ascii_);
    trimmed.erase(trimmed.find_last_not_of(' ') + 1);
    out_ += trimmed + "\n";
  }

  // Widths count bytes, which is what columns hold here: names, numbers and ASCII.
  static std::string padded(std::string text, std::size_t width) {
    if (text.size() < width) text.append(width - text.size(), ' ');
    return text;
  }
  static std::string right(std::string text, std::size_t width) {
    if (text.size() < width) text.insert(0, width - text.size(), ' ');
    return text;
  }

  std::string_view mark(Verdict verdict) const {
    if (verdict == Verdict::pass) return ascii_ ? "ok  " : "\u2713";
    if (verdict == Verdict::fail) return ascii_ ? "FAIL" : "\u2717";
    return ascii_ ? "?   " : "?";
  }

  const Measure* find(const std::string& name) const {
    const auto found = std::ranges::find(report_.measures, name, &NamedMeasure::name);
    return found == report_.measures.end() ? nullptr : &found->measure;
  }

  void verdict() {
    std::string head = upper(name(report_.verdict)) + "  " + recording_.drill.name;
    if (!recording_.drill.title.empty()) head += ": " + recording_.drill.title;
    line(head);
    if (!report_.reason.empty()) line("  " + report_.reason);
  }

  void expectations() {
    const auto met = std::ranges::count(report_.findings, Verdict::pass, &Finding::verdict);
    line("");
    if (report_.findings.empty()) {
      line("The drill expects nothing.");
      return;
    }
    line("Expectations: " + std::to_string(met) + " of " + std::to_string(report_.findings.size()) +
         " met");
    std::size_t width = 0;
    for (const Finding& f : report_.findings) width = std::max(width, f.expectation.text.size());
    for (const Finding& f : report_.findings) {
      std::string row = "  " + std::string(mark(f.verdict)) + " " +
                        padded(f.expectation.text, width) + "  " + f.observed;
      if (!f.reason.empty() && !f.reason.starts_with("observed ")) row += "  " + f.reason;
      line(row);
    }
  }

  void fault(const FaultReport& report) {
    const FaultRecord& record = report.record;
    std::string on;
    for (const std::string& proxy : record.on) on += (on.empty() ? "" : ", ") + proxy;
    line("");
    std::string head = "Fault " + record.id + ": " + record.kind + " on " + on;
    if (record.armed_as == 0) {
      line(head + ", never armed");
      return;
    }
    head += record.touched.any() ? ", from " + instant(record.touched.first)
                                 : ", armed at " + instant(record.armed);
    if (record.disarmed > record.commanded) head += " to " + instant(record.disarmed);
    line(head);
    line("  touched    " + std::to_string(record.touched.connections) + " connections, " +
         std::to_string(record.touched.messages) + " messages, " +
         std::to_string(record.touched.bytes) + " bytes");
    if (!record.touched.any()) return;
    points("noticed", record.id,
           {{"on the wire", "detection.wire"},
            {"first told", "detection"},
            {"all told", "detection.complete"},
            {"slowest", "slowest"}});
    told(report.told);
    points("recovered", record.id,
           {{"first attempt", "recovery.attempt"},
            {"link", "recovery.link"},
            {"client", "recovery.first"},
            {"in full", "recovery.full"},
            {"errors afterwards", "errors_after_recovery"}});
  }

  struct Point {
    std::string_view label;
    std::string_view measure;
  };

  void points(std::string_view title, const std::string& fault, std::vector<Point> list) {
    std::string first = padded(std::string(title), 11);
    for (const Point& point : list) {
      const Measure* measure = find(std::string(point.measure) + "(" + fault + ")");
      if (measure == nullptr) continue;
      const Unit unit = find_measure_kind(point.measure)->unit;
      std::string row =
          "  " + first + padded(std::string(point.label), 18) + observed(*measure, unit);
      if (!measure->reason.empty()) row += "  " + measure->reason;
      line(row);
      first = std::string(11, ' ');
    }
  }

  void told(std::vector<StatusRow> rows) {
    if (rows.empty()) return;
    std::ranges::sort(rows, [](const StatusRow& a, const StatusRow& b) {
      return a.count != b.count ? a.count > b.count : a.klass < b.klass;
    });
    line("  told       " + padded("class", 22) + right("count", 8) + right("p50", 11) +
         right("p99", 11) + right("max", 11));
    for (std::size_t i = 0; i < std::min(rows.size(), most_classes); ++i) {
      const StatusRow& row = rows[i];
      line(std::string(13, ' ') + padded(printable(row.klass, ascii_).substr(0, 21), 22) +
           right(std::to_string(row.count), 8) + right(formatted(row.p50, Unit::duration), 11) +
           right(formatted(row.p99, Unit::duration), 11) +
           right(formatted(row.max, Unit::duration), 11));
    }
    if (rows.size() <= most_classes) return;
    std::uint64_t rest = 0;
    for (std::size_t i = most_classes; i < rows.size(); ++i) rest += rows[i].count;
    line(std::string(13, ' ') +
         padded(std::to_string(rows.size() - most_classes) + " more classes", 22) +
         right(std::to_string(rest), 8));
  }

  void load() {
    if (recording_.drill.workloads.empty()) return;
    line("");
    line(padded("Load", 35) + right("n", 8) + right("p50", 11) + right("p99", 11) +
         right("errors", 10));
    std::vector<std::string> phases = {"all"};
    if (!recording_.drill.faults.empty()) {
      phases = {"baseline"};
      for (const FaultPlan& plan : recording_.drill.faults) phases.push_back(plan.id);
      phases.emplace_back("recovery");
    }
    for (const WorkloadPlan& workload : recording_.drill.workloads)
      for (const std::string& phase : phases) load_row(workload.name, phase);
  }

  void load_row(const std::string& workload, const std::string& phase) {
    const std::string of = "(" + workload + ", " + phase + ")";
    const Measure* p50 = find("p50" + of);
    const Measure* p99 = find("p99" + of);
    const Measure* errors = find("errors" + of);
    if (p50 == nullptr || p99 == nullptr || errors == nullptr) return;
    const auto value = [](const Measure& m, Unit unit) {
      return m.certainty == Certainty::known ? formatted(m.value, unit) : std::string("-");
    };
    line("  " + padded(workload + ", " + phase, 33) + right(std::to_string(p50->n), 8) +
         right(value(*p50, Unit::duration), 11) + right(value(*p99, Unit::duration), 11) +
         right(value(*errors, Unit::ratio), 10));
  }

  void ledger() {
    constexpr std::string_view told_senders[] = {"offered", "acknowledged", "refused",
                                                 "unanswered"};
    constexpr std::string_view arrived[] = {"stored", "lost", "duplicated", "stored_unacknowledged",
                                            "foreign"};
    line("");
    line("Ledger");
    row_of(told_senders);
    row_of(arrived);
    if (const Measure* lost = find("lost"); lost != nullptr && !lost->reason.empty())
      line("  lost: " + lost->reason);
  }

  void row_of(std::span<const std::string_view> names) {
    std::string row = " ";
    for (const std::string_view name : names) {
      const Measure* measure = find(std::string(name));
      if (measure == nullptr) continue;
      row += " " + std::string(name) + " ";
      row += measure->certainty == Certainty::known ? formatted(measure->value, Unit::count) : "?";
      row += ",";
    }
    row.pop_back();
    line(row);
  }

  void notes() {
    if (report_.notes.empty()) return;
    line("");
    line("Notes");
    for (const std::string& note : report_.notes) line("  " + note);
  }

  void again() {
    std::string command = "faultline run " + quoted_for_shell(recording_.drill.file);
    for (const std::string& setting : recording_.overrides)
      if (!setting.starts_with("seed=")) command += " --set " + quoted_for_shell(setting);
    command += " --set seed=" + std::to_string(recording_.drill.seed);
    line("");
    line("Again: " + command);
    line("Exit code " + std::to_string(exit_code(report_.verdict, recording_)) + " (" +
         std::string(name(report_.verdict)) + ")");
  }

  static std::string instant(Instant at) {
    return formatted(seconds(at.time_since_epoch()), Unit::duration);
  }

  const Report& report_;
  const Recording& recording_;
  const bool ascii_;
  std::string out_;
};

std::string render(const Report& report, const Recording& recording) {
  return Page(report, recording).text();
}

}  // namespace

const ReportFormat terminal = {"terminal", "", render};

}  // namespace faultline::formats
