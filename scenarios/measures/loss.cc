// The ledger: what became of every message of the run, the warm-up included.
//
//                 stored                     not stored
//   acknowledged  fine                       LOST
//   refused       stored_unacknowledged      fine
//   unanswered    stored_unacknowledged      fine (undecided, and it did not happen)
//
// A message is an id, however often it was sent: acknowledged when any attempt was, refused when
// every attempt was answered otherwise, unanswered else. (All other measures are about attempts: to
// them each is a request of its own.) offered = acknowledged + refused + unanswered. A message is
// stored when every sink asked about holds it, lost when any of them does not; without an argument
// all sinks of the drill are asked. duplicated counts the copies beyond the first; foreign the ids
// in a sink that were never offered (the run is invalid then: somebody else writes there).
//
// Where some kinds of request carry {id} and others do not (those that ask for the service's
// health, say), the others leave nothing to be stored and are in no count of a sink.
//
// A sink that was not read completely, or a drill without one: cannot tell. Nothing acknowledged:
// lost cannot tell, for no loss was possible. Nothing lost of n proves no rate: the reason gives
// the 95 % upper bound 3/n.

#include <algorithm>
#include <expected>
#include <unordered_map>

#include "scenarios/measures/kinds.h"
#include "scenarios/report/figure.h"

namespace faultline::measures {
namespace {

using Sinks = std::vector<const SinkReading*>;

std::expected<Sinks, std::string> sinks_of(const Recording& recording,
                                           std::span<const std::string> arguments) {
  for (const std::string& gap : recording.gaps)
    if (gap.starts_with("sinks.jsonl"))
      return std::unexpected("what the sinks hold was not all recorded: " + gap);
  Sinks sinks;
  for (const SinkPlan& plan : recording.drill.sinks) {
    if (!arguments.empty() && plan.name != arguments[0]) continue;
    const auto reading = std::ranges::find(recording.sinks, plan.name, &SinkReading::sink);
    if (reading == recording.sinks.end())
      return std::unexpected("the sink " + plan.name + " was not read");
    if (!reading->complete)
      return std::unexpected("the reading of " + plan.name + " is incomplete: " + reading->why_not);
    sinks.push_back(&*reading);
  }
  if (sinks.empty()) return std::unexpected("the drill has no sink");
  return sinks;
}

// What its sender learned of a message, from all its attempts.
struct Message {
  bool acknowledged = false;  // by any attempt
  bool refused = true;        // by every attempt
  bool unanswered() const { return !acknowledged && !refused; }
};
using Messages = std::unordered_map<std::string, Message>;  // by id

// By workload and kind of request: whether its messages can be recognised in a sink.
class Recognised {
 public:
  explicit Recognised(const Drill& drill) {
    for (const WorkloadPlan& workload : drill.workloads) {
      auto& kinds = kinds_.emplace_back();
      for (const RequestPlan& kind : requests_of(workload)) {
        kinds.push_back(carries_id(kind));
        any_ = any_ || kinds.back();
      }
    }
  }
  bool operator()(const Request& request) const {
    if (!any_ || request.workload >= kinds_.size()) return true;
    const auto& kinds = kinds_[request.workload];
    return request.kind >= kinds.size() || kinds[request.kind];
  }

 private:
  std::vector<std::vector<bool>> kinds_;
  bool any_ = false;
};

enum class Of : std::uint8_t { all, storable };

Messages messages_of(const Recording& recording, Of which) {
  const Recognised recognised(recording.drill);
  Messages messages;
  for (const Request& request : recording.requests) {
    if (which == Of::storable && !recognised(request)) continue;
    Message& message = messages[request.id];
    message.acknowledged = message.acknowledged || request.acknowledged();
    message.refused = message.refused && request.refused();
  }
  return messages;
}

template <class Is>
Measure messages_that(const Recording& recording, const Is& is) {
  const Messages messages = messages_of(recording, Of::all);
  const auto n = std::ranges::count_if(messages, is, &Messages::value_type::second);
  return Measure::of(static_cast<double>(n), messages.size());
}

Measure all_offered(const Recording& recording, std::span<const std::string>) {
  return messages_that(recording, [](const Message&) { return true; });
}

Measure promised(const Recording& recording, std::span<const std::string>) {
  return messages_that(recording, [](const Message& message) { return message.acknowledged; });
}

Measure turned_away(const Recording& recording, std::span<const std::string>) {
  return messages_that(recording, [](const Message& message) { return message.refused; });
}

Measure never_answered(const Recording& recording, std::span<const std::string>) {
  return messages_that(recording, [](const Message& message) { return message.unanswered(); });
}

bool in_all(const Sinks& sinks, const std::string& id) {
  return std::ranges::all_of(sinks, [&](const auto* sink) { return sink->stored.contains(id); });
}

bool in_any(const Sinks& sinks, const std::string& id) {
  return std::ranges::any_of(sinks, [&](const auto* sink) { return sink->stored.contains(id); });
}

Measure found(const Recording& recording, std::span<const std::string> arguments) {
  const auto sinks = sinks_of(recording, arguments);
  if (!sinks) return Measure::cannot_tell(sinks.error());
  const Messages messages = messages_of(recording, Of::storable);
  const auto n = std::ranges::count_if(
      messages, [&](const std::string& id) { return in_all(*sinks, id); },
      &Messages::value_type::first);
  return Measure::of(static_cast<double>(n), messages.size());
}

Measure missing(const Recording& recording, std::span<const std::string> arguments) {
  const auto sinks = sinks_of(recording, arguments);
  if (!sinks) return Measure::cannot_tell(sinks.error());
  std::uint64_t acked = 0;
  std::uint64_t absent = 0;
  for (const auto& [id, message] : messages_of(recording, Of::storable)) {
    if (!message.acknowledged) continue;
    ++acked;
    if (!in_all(*sinks, id)) ++absent;
  }
  if (acked == 0) return Measure::cannot_tell("nothing was acknowledged, so nothing could be lost");
  Measure measure = Measure::of(static_cast<double>(absent), acked);
  if (absent == 0) {
    const double share = std::min(1.0, 3.0 / static_cast<double>(acked));
    measure.reason = "at most " + formatted(share, Unit::ratio) + " at 95 % confidence";
  }
  return measure;
}

Measure copies(const Recording& recording, std::span<const std::string> arguments) {
  const auto sinks = sinks_of(recording, arguments);
  if (!sinks) return Measure::cannot_tell(sinks.error());
  std::uint64_t extra = 0;
  std::uint64_t n = 0;
  for (const auto& [id, message] : messages_of(recording, Of::storable)) {
    for (const SinkReading* sink : *sinks) {
      const auto stored_as = sink->stored.find(id);
      if (stored_as == sink->stored.end() || stored_as->second == 0) continue;
      ++n;
      extra += stored_as->second - 1;
    }
  }
  return Measure::of(static_cast<double>(extra), n);
}

Measure unpromised(const Recording& recording, std::span<const std::string> arguments) {
  const auto sinks = sinks_of(recording, arguments);
  if (!sinks) return Measure::cannot_tell(sinks.error());
  std::uint64_t n = 0;
  std::uint64_t kept = 0;
  for (const auto& [id, message] : messages_of(recording, Of::storable)) {
    if (message.acknowledged) continue;
    ++n;
    if (in_any(*sinks, id)) ++kept;
  }
  return Measure::of(static_cast<double>(kept), n);
}

Measure strangers(const Recording& recording, std::span<const std::string> arguments) {
  const auto sinks = sinks_of(recording, arguments);
  if (!sinks) return Measure::cannot_tell(sinks.error());
  std::vector<std::string_view> ids;
  for (const Request& request : recording.requests) ids.push_back(request.id);
  std::ranges::sort(ids);
  std::uint64_t n = 0;
  std::uint64_t unknown = 0;
  for (const SinkReading* sink : *sinks) {
    n += sink->stored.size();
    for (const auto& [id, times] : sink->stored)
      if (!std::ranges::binary_search(ids, std::string_view(id))) ++unknown;
  }
  return Measure::of(static_cast<double>(unknown), n);
}

}  // namespace

const MeasureKind offered = {
    "offered", "messages the workloads offered", Unit::count, {}, all_offered, true};
const MeasureKind acknowledged = {
    "acknowledged", "messages answered 2xx", Unit::count, {}, promised, true};
const MeasureKind refused = {"refused", "messages answered otherwise", Unit::count, {}, turned_away,
                             true};
const MeasureKind unanswered = {
    "unanswered", "messages whose sender got no answer", Unit::count, {}, never_answered, true};
const MeasureKind stored = {
    "stored", "offered messages that are in the sink", Unit::count, optional_sink, found, true};
const MeasureKind lost = {"lost",      "acknowledged messages that are not in the sink",
                          Unit::count, optional_sink,
                          missing,     true};
const MeasureKind duplicated = {
    "duplicated", "copies in the sink beyond the first", Unit::count, optional_sink, copies, true};
const MeasureKind stored_unacknowledged = {"stored_unacknowledged",
                                           "messages in the sink that nobody was promised",
                                           Unit::count,
                                           optional_sink,
                                           unpromised,
                                           true};
const MeasureKind foreign = {"foreign",   "ids in the sink that were never offered",
                             Unit::count, optional_sink,
                             strangers,   true};

}  // namespace faultline::measures
