// report.md: the report at length, for a wiki or a merge request. Its sections always are the same,
// in the same order; one for which nothing was collected says so and why, because a section that is
// missing reads like one that was fine.

#include <algorithm>
#include <map>
#include <utility>

#include "scenarios/formats/formats.h"
#include "scenarios/formats/text.h"
#include "scenarios/measures/quantile.h"
#include "scenarios/measures/samples.h"
#include "scenarios/report/verdict.h"

namespace faultline::formats {
namespace {

using Row = std::vector<std::string>;

// Text from outside as itself, on one line: it can neither end a cell nor become markup.
std::string plain(std::string_view text) {
  std::string one_line(text);
  std::ranges::replace(one_line, '\n', ' ');
  std::string out;
  for (const char c : printable(one_line, false)) {
    if (std::string_view("\\|<&*[`").contains(c)) out += '\\';
    out += c;
  }
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string length(Duration duration) { return formatted(seconds(duration), Unit::duration); }
std::string instant(Instant at) { return length(at.time_since_epoch()); }

std::string share(std::uint64_t k, std::uint64_t n) {
  std::string out = std::to_string(k) + "/" + std::to_string(n);
  if (n == 0) return out;
  return out + " (" + formatted(static_cast<double>(k) / static_cast<double>(n), Unit::ratio) + ")";
}

std::string address(const Address& address) {
  return address.host.empty() ? "found by the run" : address.text();
}

class Document {
 public:
  Document(const Report& report, const Recording& recording)
      : report_(report), recording_(recording), drill_(recording.drill) {}

  std::string text() {
    header();
    summary();
    configuration();
    performance();
    throughput();
    errors();
    not_collected("Resource utilisation", "the run does not sample processors, memory or disks");
    not_collected("Connection pools", "the wire does not show a service's pools");
    not_collected("Rate limiting", "no workload of a drill checks limits");
    not_collected("Circuit breaker", "the state of a breaker is not on the wire");
    not_collected("Health checks", "readiness is asked before the load only, and not recorded");
    queries();
    not_collected("Spike test", "phases are told by faults, not by steps of the load");
    not_collected("Soak test", "no trend over the length of a run is measured");
    not_collected("Performance by webhook type", "a workload sends one type; see its own rows");
    for (const FaultReport& one : report_.faults) fault(one);
    if (report_.faults.empty()) not_collected("Failure scenarios", "the drill has no fault");
    ledger();
    audit();
    not_collected("Bottlenecks", "which resource is saturated first is not on the wire");
    notes();
    return std::move(out_);
  }

 private:
  // What goes into these is Markdown already: text from outside has been through plain().
  void line(const std::string& markdown) { out_ += markdown + "\n"; }
  void paragraph(const std::string& markdown) { line("\n" + markdown); }
  void section(const std::string& title) { paragraph("## " + title); }
  void nothing(const std::string& reason) { paragraph("not collected: " + reason); }
  void not_collected(const std::string& title, const std::string& reason) {
    section(title);
    nothing(reason);
  }

  void table(const Row& head, const std::vector<Row>& rows, const std::string& why_empty) {
    if (rows.empty()) return nothing(why_empty);
    line("");
    row(head);
    row(Row(head.size(), "---"));
    for (const Row& one : rows) row(one);
  }

  void row(const Row& cells) {
    out_ += "|";
    for (const std::string& cell : cells) out_ += " " + cell + " |";
    out_ += "\n";
  }

  const Measure* find(const std::string& name) const {
    const auto found = std::ranges::find(report_.measures, name, &NamedMeasure::name);
    return found == report_.measures.end() ? nullptr : &found->measure;
  }

  // Its value alone, for tables whose heads say the rest.
  std::string value(const std::string& kind, const std::string& arguments) const {
    const Measure* measure = find(kind + arguments);
    const bool known = measure != nullptr && measure->certainty == Certainty::known;
    return known ? formatted(measure->value, find_measure_kind(kind)->unit) : "cannot tell";
  }

  void header() {
    line("# " + plain(drill_.title.empty() ? drill_.name : drill_.title));
    paragraph("**Verdict**: " + std::string(name(report_.verdict)) +
              (report_.reason.empty() ? "" : ", " + plain(report_.reason)));
    paragraph("**Drill**: " + plain(drill_.file) + " · **Seed**: " + std::to_string(drill_.seed) +
              " · **Tool**: faultline " + plain(recording_.version));
    paragraph("**Start**: " + plain(recording_.started_at) + " · **Load**: planned " +
              length(workload_end(drill_)) + ", reached " + instant(recording_.load_ended) +
              " · **Ending**: " + std::string(name(recording_.ending)));
    std::vector<std::string> environment;
    for (const auto& [key, said] : recording_.environment)
      environment.push_back(plain(key) + " " + plain(said));
    paragraph("**Environment**: " + (environment.empty() ? "not recorded" : joined(environment)));
  }

  void summary() {
    section("Executive summary");
    const auto met = std::ranges::count(report_.findings, Verdict::pass, &Finding::verdict);
    paragraph(std::to_string(met) + " of " + counted(report_.findings.size(), "expectation") +
              " met; " + counted(report_.faults.size(), "fault") + ".");
    std::vector<Row> rows;
    for (const Finding& finding : report_.findings)
      rows.push_back({plain(finding.expectation.text), plain(finding.observed),
                      std::string(name(finding.verdict)), plain(finding.reason)});
    table({"Expectation", "Observed", "Verdict", "Reason"}, rows, "the drill expects nothing");
  }

  void configuration() {
    section("Test configuration");
    std::vector<Row> workloads;
    for (const WorkloadPlan& one : drill_.workloads) {
      const bool open = one.model == LoadModel::rate;
      std::string load = open ? formatted(one.rate, Unit::count) + " per second"
                              : counted(one.vus, "virtual user");
      if (!one.stages.empty()) {
        load = open ? "requests per second:" : "virtual users:";
        for (const LoadStage& stage : one.stages)
          load += " to " + formatted(stage.target, Unit::count) + " in " + length(stage.lasting);
      }
      const std::string to = one.target ? address(*one.target) : one.through;
      workloads.push_back({plain(one.name), plain(one.method + " " + one.path), plain(to), load,
                           length(one.lasting), length(one.timeout)});
    }
    table({"Workload", "Request", "To", "Load", "Duration", "Deadline"}, workloads,
          "the drill has no workload");
    std::vector<Row> proxies;
    for (const ProxySpec& one : drill_.proxies)
      proxies.push_back({plain(one.name),
                         plain(address(one.listen) + " -> " + address(one.upstream)),
                         plain(one.protocol)});
    table({"Proxy", "Listen -> upstream", "Protocol"}, proxies, "the drill has no proxy");
    std::vector<Row> processes;
    for (const ProcessRecord& one : recording_.processes)
      processes.push_back({plain(one.name), instant(one.started), instant(one.ready),
                           instant(one.ended), plain(one.ending)});
    table({"Process", "Started", "Ready", "Ended", "Ending"}, processes,
          "the run started no process");
    std::vector<Row> faults;
    for (const FaultReport& one : report_.faults) {
      const FaultRecord& record = one.record;
      const bool armed = record.armed_as != 0;
      const bool removed = armed && record.disarmed > record.commanded;
      faults.push_back({plain(record.id), plain(record.kind), plain(joined(record.on)),
                        instant(record.planned_on), armed ? instant(record.armed) : "never",
                        removed ? instant(record.disarmed) : "not removed",
                        instant(record.planned_off)});
    }
    table({"Fault", "Kind", "On", "Planned", "Applied", "Until", "Planned until"}, faults,
          "the drill has no fault");
  }

  std::vector<std::string> phases() const {
    if (drill_.faults.empty()) return {"all"};
    std::vector<std::string> phases = {"baseline"};
    for (const FaultPlan& plan : drill_.faults) phases.push_back(plan.id);
    phases.emplace_back("recovery");
    return phases;
  }

  // One row per workload and phase, with the measures asked for.
  void per_phase(Row head, const std::vector<std::string>& kinds) {
    std::vector<Row> rows;
    for (const WorkloadPlan& workload : drill_.workloads) {
      for (const std::string& phase : phases()) {
        const std::string of = "(" + workload.name + ", " + phase + ")";
        const Measure* first = find(kinds.front() + of);
        rows.push_back({plain(workload.name), plain(phase),
                        first == nullptr ? "0" : std::to_string(first->n)});
        for (const std::string& kind : kinds) rows.back().push_back(value(kind, of));
      }
    }
    head.insert(head.begin(), {"Workload", "Phase", "n"});
    table(head, rows, "the drill has no workload");
  }

  void performance() {
    section("Performance metrics");
    per_phase({"P50", "P95", "P99", "Max", "Failed"}, {"p50", "p95", "p99", "max", "errors"});
  }

  void throughput() {
    section("Throughput");
    per_phase({"Answered per second"}, {"rate"});
  }

  void errors() {
    section("Error distribution");
    std::map<std::string, std::uint64_t> classes;
    std::uint64_t failed = 0;
    for (const Request& request : recording_.requests) {
      if (!request.failed()) continue;
      ++failed;
      ++classes[std::string(code_of(request)) + (request.reason.empty() ? "" : " ") +
                request.reason];
    }
    if (recording_.requests.empty()) return nothing("no request was made");
    paragraph("Failed requests, warm-up included: " + share(failed, recording_.requests.size()));
    std::vector<Row> rows;
    for (const auto& [klass, count] : classes)
      rows.push_back({plain(klass), std::to_string(count), share(count, failed)});
    if (!rows.empty()) table({"Class", "Requests", "Of all failed"}, rows, "");
  }

  void queries() {
    section("Query performance");
    std::vector<Row> rows;
    for (const ProxySpec& proxy : drill_.proxies) {
      const auto samples = samples_of(recording_, proxy.name, "all");
      if (!samples || samples->all.empty()) continue;
      std::vector<Duration> latencies;
      for (const Sample& sample : samples->all) latencies.push_back(sample.latency);
      std::ranges::sort(latencies);
      const auto failed = std::ranges::count(samples->all, true, &Sample::failed);
      rows.push_back({plain(proxy.name), plain(proxy.protocol), std::to_string(latencies.size())});
      for (const PerMille p : {500U, 950U, 990U, 1000U})
        rows.back().push_back(length(quantile(latencies, p)));
      rows.back().push_back(share(static_cast<std::uint64_t>(failed), latencies.size()));
    }
    table({"Proxy", "Protocol", "Exchanges", "P50", "P95", "P99", "Max", "Failed"}, rows,
          "no proxy saw an exchange that its codec could read");
    if (!rows.empty()) nothing("by statement; the journal holds no SQL text");
  }

  void fault(const FaultReport& report) {
    const FaultRecord& record = report.record;
    section("Failure scenario: " + plain(record.id));
    paragraph(plain(record.kind) + " on " + plain(joined(record.on)));
    if (record.armed_as == 0) return nothing("the fault was never armed");
    const Touched& touched = record.touched;
    paragraph("Touched: " + counted(touched.connections, "connection") + ", " +
              counted(touched.messages, "message") + ", " + counted(touched.bytes, "byte"));
    std::vector<Row> points;
    for (const NamedMeasure& named : report.measures)
      points.push_back({plain(named.name), plain(observed(named.measure, named.unit)),
                        plain(named.measure.reason)});
    table({"Measure", "Observed", "Reason"}, points, "nothing is measured of this fault");
    std::vector<Row> told;
    for (const StatusRow& one : report.told) {
      told.push_back({plain(one.klass), std::to_string(one.count)});
      for (const double latency : {one.p50, one.p95, one.p99, one.max})
        told.back().push_back(formatted(latency, Unit::duration));
    }
    table({"Told", "n", "P50", "P95", "P99", "Max"}, told, "no request was sent under the fault");
  }

  void ledger() {
    section("Ledger");
    std::vector<Row> rows;
    for (const NamedMeasure& named : report_.measures) {
      const auto* kind = find_measure_kind(named.name.substr(0, named.name.find('(')));
      if (kind == nullptr || !kind->of_ledger) continue;
      rows.push_back({plain(named.name), plain(observed(named.measure, named.unit)),
                      plain(named.measure.reason)});
    }
    table({"Messages", "Observed", "Reason"}, rows, "the drill offers no message");
  }

  void audit() {
    section("Consistency audit");
    if (report_.notes.empty()) paragraph("Nothing speaks against the numbers above.");
    if (!report_.notes.empty()) line("");
    for (const std::string& note : report_.notes) line("- " + plain(note));
  }

  void notes() {
    section("Notes");
    if (drill_.notes.empty()) return nothing("the drill has no notes");
    paragraph("Written by people, in the drill; nothing here was measured:\n");
    for (std::size_t from = 0; from < drill_.notes.size();) {
      const std::size_t end = std::min(drill_.notes.find('\n', from), drill_.notes.size());
      const std::string said = plain(std::string_view(drill_.notes).substr(from, end - from));
      line(said.empty() ? ">" : "> " + said);
      from = end + 1;
    }
  }

  const Report& report_;
  const Recording& recording_;
  const Drill& drill_;
  std::string out_;
};

std::string render(const Report& report, const Recording& recording) {
  return Document(report, recording).text();
}

}  // namespace

const ReportFormat markdown = {"markdown", "report.md", render};

}  // namespace faultline::formats
