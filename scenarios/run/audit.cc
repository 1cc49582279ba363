#include "scenarios/run/audit.h"

#include <cassert>
#include <utility>

#include "proxy/wire/clock.h"
#include "scenarios/run/errand.h"
#include "scenarios/sinks/sink.h"

namespace faultline {
namespace {

const SinkKind& kind_of(const SinkPlan& plan) {
  const SinkKind* const kind = find_sink_kind(plan.kind);
  assert(kind != nullptr);  // the drill was checked
  return *kind;
}

template <class Answer>
bool wait_for(const Errand<Answer>& errand, RunLoop& waiting) {
  return waiting.await(Patience::while_undisturbed, [&] { return errand.done(); }, never);
}

// Asks every sink the same; all that is wrong is told at once.
Checked<void> ask(const Drill& drill, RunLoop& waiting,
                  Result<void> (*SinkKind::*question)(const SinkPlan&)) {
  Errors errors;
  for (const SinkPlan& plan : drill.sinks) {
    const SinkKind& kind = kind_of(plan);
    Errand<Result<void>> asking([&](const auto&) { return (kind.*question)(plan); });
    if (!wait_for(asking, waiting)) break;
    if (!asking.answer()) errors.push_back(asking.answer().error());
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return {};
}

}  // namespace

Checked<void> probe_sinks(const Drill& drill, RunLoop& waiting) {
  return ask(drill, waiting, &SinkKind::probe);
}

Checked<void> expect_empty_sinks(const Drill& drill, RunLoop& waiting) {
  return ask(drill, waiting, &SinkKind::find_nothing);
}

std::vector<SinkReading> read_sinks(const Drill& drill, Instant zero, RunLoop& waiting) {
  std::vector<SinkReading> sinks;
  for (const SinkPlan& plan : drill.sinks) {
    const SinkKind& kind = kind_of(plan);
    Errand<SinkReading> reading([&](const auto& abandoned) { return kind.read(plan, abandoned); });
    if (!wait_for(reading, waiting)) break;
    sinks.push_back(std::move(reading.answer()));
    sinks.back().read_at = Instant(wire::now() - zero);
  }
  return sinks;
}

}  // namespace faultline
