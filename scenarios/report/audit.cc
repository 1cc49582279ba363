#include "scenarios/report/audit.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "scenarios/drill/plan.h"
#include "scenarios/report/figure.h"

namespace faultline {
namespace {

using State = AuditRule::State;

// The order that latencies of one population must have.
constexpr std::array<std::string_view, 6> ascending = {"min", "p50", "p90", "p95", "p99", "max"};

class Audit {
 public:
  Audit(const Recording& recording, std::span<const NamedMeasure> measures)
      : recording_(recording), drill_(recording.drill), measures_(measures) {}

  std::vector<AuditRule> rules() {
    every_message_has_one_fate();
    attempts_add_up();
    requests_run_forwards();
    the_plan_was_offered();
    every_workload_sent();
    latencies_are_in_order();
    the_wire_agrees();
    the_sinks_add_up();
    the_journal_is_whole();
    return std::move(rules_);
  }

 private:
  void add(std::string rule, std::string numbers, bool kept) {
    rules_.push_back({std::move(rule), std::move(numbers), kept ? State::kept : State::violated});
  }
  void not_tested(std::string rule, std::string why) {
    rules_.push_back({std::move(rule), std::move(why), State::not_tested});
  }

  const Measure* find(const std::string& name) const {
    const auto found = std::ranges::find(measures_, name, &NamedMeasure::name);
    const bool known = found != measures_.end() && found->measure.certainty == Certainty::known;
    return known ? &found->measure : nullptr;
  }
  std::string count(const Measure* measure) const { return formatted(measure->value, Unit::count); }

  void every_message_has_one_fate() {
    const std::string rule = "offered = acknowledged + refused + unanswered";
    const Measure* offered = find("offered");
    const Measure* acknowledged = find("acknowledged");
    const Measure* refused = find("refused");
    const Measure* unanswered = find("unanswered");
    if (!offered || !acknowledged || !refused || !unanswered)
      return not_tested(rule, "not all of them are known");
    add(rule,
        count(offered) + " = " + count(acknowledged) + " + " + count(refused) + " + " +
            count(unanswered),
        offered->value == acknowledged->value + refused->value + unanswered->value);
  }

  void attempts_add_up() {
    const std::string rule = "attempts = messages + retries";
    const Measure* offered = find("offered");
    if (!offered) return not_tested(rule, "how many messages there were is not known");
    const auto retries = std::ranges::count_if(
        recording_.requests, [](const Request& request) { return request.attempt > 1; });
    const auto attempts = static_cast<double>(recording_.requests.size());
    add(rule,
        formatted(attempts, Unit::count) + " = " + count(offered) + " + " + std::to_string(retries),
        attempts == offered->value + static_cast<double>(retries));
  }

  void requests_run_forwards() {
    const std::string rule = "no request was sent before it was due, or ended before it was sent";
    const auto n = std::ranges::count_if(recording_.requests, [](const Request& request) {
      return request.sent < request.scheduled || request.ended < request.sent;
    });
    add(rule, std::to_string(n) + " of " + counted(recording_.requests.size(), "request"), n == 0);
  }

  // Only the end of a run that completed is the end of its plan.
  void the_plan_was_offered() {
    const std::string rule = "the open workloads offered what was planned";
    std::uint64_t planned = 0;
    std::uint64_t offered = 0;
    for (std::size_t i = 0; i < drill_.workloads.size(); ++i) {
      const std::uint64_t arrivals = planned_arrivals(drill_.workloads[i]);
      if (arrivals == 0) continue;
      planned += arrivals;
      for (const Request& request : recording_.requests)
        if (request.workload == i && request.attempt == 1) ++offered;
    }
    if (recording_.ending != Ending::completed || !recording_.gaps.empty())
      return not_tested(rule, "the run did not complete, or its recording has gaps");
    if (planned == 0) return not_tested(rule, "no open workload has a plan");
    const std::uint64_t apart = std::max(planned, offered) - std::min(planned, offered);
    // Of stages the last arrival of each may be one off, by rounding.
    std::uint64_t allowed = 0;
    for (const WorkloadPlan& workload : drill_.workloads) allowed += 1 + workload.stages.size();
    add(rule, std::to_string(offered) + " of " + std::to_string(planned), apart <= allowed);
  }

  void every_workload_sent() {
    const std::string rule = "every workload made requests";
    if (drill_.workloads.empty()) return not_tested(rule, "the drill has no workload");
    std::vector<std::uint64_t> requests(drill_.workloads.size());
    for (const Request& request : recording_.requests) ++requests[request.workload];
    if (recording_.ending != Ending::completed) return not_tested(rule, "the run did not complete");
    const auto silent = std::ranges::count(requests, 0U);
    add(rule, std::to_string(silent) + " of " + counted(requests.size(), "workload") + " made none",
        silent == 0);
  }

  void latencies_are_in_order() {
    const std::string rule = "min <= P50 <= P90 <= P95 <= P99 <= max, and the mean between";
    std::uint64_t populations = 0;
    std::uint64_t wrong = 0;
    for (const NamedMeasure& named : measures_) {
      if (!named.name.starts_with("mean(") || named.measure.certainty != Certainty::known) continue;
      const std::string of = named.name.substr(named.name.find('('));
      std::vector<double> values;
      for (const std::string_view kind : ascending)
        if (const Measure* measure = find(std::string(kind) + of)) values.push_back(measure->value);
      if (values.size() != ascending.size()) continue;
      ++populations;
      // The mean is a quotient: of equal values its last digits may differ from them.
      const double slack = 1e-9;
      const bool between = named.measure.value >= values.front() - slack &&
                           named.measure.value <= values.back() + slack;
      if (!between || !std::ranges::is_sorted(values)) ++wrong;
    }
    if (populations == 0) return not_tested(rule, "no phase had requests");
    add(rule, std::to_string(wrong) + " of " + counted(populations, "population"), wrong == 0);
  }

  // Two observers of one thing: the load, and the codec of the proxy it went through. What a client
  // got, the proxy had passed on; the other way round an answer may have been cut off.
  void the_wire_agrees() {
    for (std::size_t i = 0; i < drill_.workloads.size(); ++i) {
      const WorkloadPlan& workload = drill_.workloads[i];
      if (workload.through.empty()) continue;
      const std::string rule =
          "answers to " + workload.name + " <= answers seen by the proxy " + workload.through;
      const ProxyId id = recording_.proxy(workload.through);
      const auto of_proxy = [&](EventKind kind) {
        return [id, kind](const Event& event) { return event.proxy == id && event.kind == kind; };
      };
      if (std::ranges::none_of(recording_.events, of_proxy(EventKind::exchange)) ||
          std::ranges::any_of(recording_.events, of_proxy(EventKind::desync)) ||
          std::ranges::any_of(recording_.events, of_proxy(EventKind::session))) {
        not_tested(rule, "the proxy read no exchanges there, or not all of them");
        continue;
      }
      if (!whole_journal()) {
        not_tested(rule, "events are missing");
        continue;
      }
      const auto got = std::ranges::count_if(recording_.requests, [&](const Request& request) {
        return request.workload == i && request.outcome == Outcome::answered;
      });
      const auto seen = std::ranges::count_if(recording_.events, [&](const Event& event) {
        return event.proxy == id && event.kind == EventKind::exchange &&
               event.exchange.told != Told::nothing;
      });
      add(rule, std::to_string(got) + " <= " + std::to_string(seen), got <= seen);
    }
  }

  void the_sinks_add_up() {
    // Acknowledged are those of n that a sink could hold: not every kind of request carries an id.
    const std::string rule = "stored = acknowledged - lost + stored_unacknowledged";
    const Measure* stored = find("stored");
    const Measure* lost = find("lost");
    const Measure* unpromised = find("stored_unacknowledged");
    if (drill_.sinks.size() != 1) return not_tested(rule, "it is for drills with one sink");
    if (!stored || !lost || !unpromised) return not_tested(rule, "not all of them are known");
    add(rule,
        count(stored) + " = " + formatted(static_cast<double>(lost->n), Unit::count) + " - " +
            count(lost) + " + " + count(unpromised),
        stored->value == static_cast<double>(lost->n) - lost->value + unpromised->value);
  }

  bool whole_journal() const { return recording_.events_lost == 0 && recording_.gaps.empty(); }

  // Told by the verdict in words of its own (inconclusive), so it is no violation here.
  void the_journal_is_whole() {
    const std::string rule = "nothing is missing from journal and recording";
    if (!whole_journal())
      return not_tested(rule, counted(recording_.events_lost, "event") + " lost, " +
                                  counted(recording_.gaps.size(), "gap"));
    add(rule, counted(recording_.events.size(), "event") + ", 0 lost, 0 gaps", true);
  }

  const Recording& recording_;
  const Drill& drill_;
  std::span<const NamedMeasure> measures_;
  std::vector<AuditRule> rules_;
};

}  // namespace

std::string_view name(AuditRule::State state) {
  switch (state) {
    case State::kept:
      return "kept";
    case State::violated:
      return "violated";
    case State::not_tested:
      return "not tested";
  }
  return "";
}

std::vector<AuditRule> audit_of(const Recording& recording,
                                std::span<const NamedMeasure> measures) {
  return Audit(recording, measures).rules();
}

}  // namespace faultline
