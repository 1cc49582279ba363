// What a person at three in the morning needs, on one screen: the verdict and why, each expectation
// with what was observed, per fault when it was noticed, what clients were told and when it was
// over, the ledger, and how to do it again. The same text, never coloured, is the report.txt of the
// run folder. UTF-8 only where the run's environment says that the user's charset is UTF-8; ASCII
// otherwise.

#include <algorithm>
#include <cctype>

#include "scenarios/formats/formats.h"
#include "scenarios/formats/table.h"
#include "scenarios/formats/text.h"
#include "scenarios/report/verdict.h"

namespace faultline::formats {
namespace {

constexpr std::size_t most_classes = 8;  // rows of what clients were told; the rest is summed up
constexpr std::size_t widest_class = 24;

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
    xray();
    load();
    if (!recording_.drill.xray) ledger();
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

  void lines(const Table& table) {
    for (const std::string& row : table.lines()) line(row);
  }

  std::string shown(std::string_view text, std::size_t most) const {
    return std::string(shortened(printable(text, ascii_), most));
  }

  std::string_view mark(Verdict verdict) const {
    if (verdict == Verdict::pass) return ascii_ ? "ok" : "\u2713";
    if (verdict == Verdict::fail) return ascii_ ? "FAIL" : "\u2717";
    return "?";
  }

  const Measure* find(const std::string& name) const {
    const auto found = std::ranges::find(report_.measures, name, &NamedMeasure::name);
    return found == report_.measures.end() ? nullptr : &found->measure;
  }

  void verdict() {
    std::string head = upper(name(report_.verdict)) + "  " + recording_.drill.name;
    if (!recording_.drill.title.empty()) head += ": " + recording_.drill.title;
    head += "  (seed " + std::to_string(recording_.drill.seed) + ")";
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
    Table table{Align::left};
    for (const Finding& f : report_.findings) {
      const bool said = f.reason.starts_with("observed ");
      table.row({"  " + std::string(mark(f.verdict)), f.expectation.text, f.observed,
                 said ? "" : f.reason});
    }
    lines(table);
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
    const Touched& touched = record.touched;
    line("  touched    " + counted(touched.connections, "connection") + ", " +
         counted(touched.messages, "message") + ", " + counted(touched.bytes, "byte"));
    if (!touched.any()) return;
    Table table{Align::left};
    points(table, "noticed", record.id,
           {{"on the wire", "detection.wire"},
            {"first told", "detection"},
            {"all told", "detection.complete"},
            {"slowest", "slowest"}});
    points(table, "recovered", record.id,
           {{"first attempt", "recovery.attempt"},
            {"link", "recovery.link"},
            {"client", "recovery.first"},
            {"in full", "recovery.full"},
            {"errors afterwards", "errors_after_recovery"}});
    lines(table);
    told(report.told);
  }

  struct Point {
    std::string_view label;
    std::string_view measure;
  };

  void points(Table& table, std::string_view title, const std::string& fault,
              const std::vector<Point>& list) {
    std::string first = "  " + std::string(title);
    for (const Point& point : list) {
      const Measure* measure = find(std::string(point.measure) + "(" + fault + ")");
      if (measure == nullptr) continue;
      const Unit unit = find_measure_kind(point.measure)->unit;
      table.row({first, std::string(point.label), observed(*measure, unit), measure->reason});
      first = "";
    }
  }

  void told(std::vector<StatusRow> rows) {
    if (rows.empty()) return;
    std::ranges::sort(rows, [](const StatusRow& a, const StatusRow& b) {
      return a.count != b.count ? a.count > b.count : a.klass < b.klass;
    });
    Table table = quantile_table("  told", "");
    for (std::size_t i = 0; i < std::min(rows.size(), most_classes); ++i) {
      const StatusRow& row = rows[i];
      std::vector<std::string> cells = {"    " + shown(row.klass, widest_class),
                                        std::to_string(row.count)};
      for (const double latency : {row.p50, row.p95, row.p99, row.max})
        cells.push_back(formatted(latency, Unit::duration));
      table.row(std::move(cells));
    }
    if (rows.size() > most_classes) {
      std::uint64_t rest = 0;
      for (std::size_t i = most_classes; i < rows.size(); ++i) rest += rows[i].count;
      table.row({"    " + std::to_string(rows.size() - most_classes) + " more classes",
                 std::to_string(rest)});
    }
    lines(table);
  }

  // Latencies are always told by the same quantiles.
  static Table quantile_table(std::string title, std::string last) {
    constexpr Align right = Align::right;
    Table table{Align::left, right, right, right, right, right, right};
    table.row({std::move(title), "n", "p50", "p95", "p99", "max", std::move(last)});
    return table;
  }

  void xray() {
    if (!report_.xray) return;
    const XrayRecord& record = *recording_.xray;
    line("");
    line("X-ray of the " + recording_.drill.xray->kind + " in the place of " +
         recording_.drill.xray->on + ", " + counted(record.calls, "call") + ", " +
         instant(record.ended));
    const std::string found = xray::render_terminal(*report_.xray);
    for (std::size_t from = 0; from < found.size();) {
      const std::size_t end = found.find('\n', from);
      line("  " + found.substr(from, end - from));
      from = end + 1;
    }
  }

  void load() {
    if (recording_.drill.workloads.empty()) return;
    line("");
    std::vector<std::string> phases = {"all"};
    if (!recording_.drill.faults.empty()) {
      phases = {"baseline"};
      for (const FaultPlan& plan : recording_.drill.faults) phases.push_back(plan.id);
      phases.emplace_back("recovery");
    }
    Table table = quantile_table("Load", "failed");
    for (const WorkloadPlan& workload : recording_.drill.workloads)
      for (const std::string& phase : phases) load_row(table, workload.name, phase);
    lines(table);
  }

  void load_row(Table& table, const std::string& workload, const std::string& phase) {
    const std::string of = "(" + workload + ", " + phase + ")";
    const Measure* p50 = find("p50" + of);
    std::vector<std::string> cells = {"  " + workload + ", " + phase,
                                      p50 == nullptr ? "0" : std::to_string(p50->n)};
    for (const std::string_view name : {"p50", "p95", "p99", "max", "errors"}) {
      const Measure* measure = find(std::string(name) + of);
      const bool known = measure != nullptr && measure->certainty == Certainty::known;
      cells.push_back(known ? formatted(measure->value, find_measure_kind(name)->unit) : "-");
    }
    table.row(std::move(cells));
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
    if (const auto on = recording_.environment.find("on"); on != recording_.environment.end())
      command += " --on " + quoted_for_shell(on->second);
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

const ReportFormat terminal = {"terminal", "report.txt", render};

}  // namespace faultline::formats
