// Retries and timeouts, read off the wire: what a service makes of each demand.
//
// A demand is a request of a workload, or an exchange of a proxy in front of the service; an
// attempt is an exchange on the link. An attempt belongs to a demand when that demand alone was
// open as it began; where several were, nobody can tell, and the attempt is unattributed.
//
// amplification(demand, link, phase): attempts per demand, all of both; it needs no attribution.
// attempts.most(demand, link, phase): the most attempts that one demand made. With unattributed
//   attempts it may have been more: the interval ends at what they would add.
// backoff(demand, link, phase): from the end of a demand's first attempt, which failed, to the
//   start of its second; the median, and the interval from the shortest to the longest.
// backoff.growth(…): the next pause as a multiple of the one before it, over all of them; 1 is a
//   constant back-off, 2 a doubling one.
// backoff.jitter(…): how far first pauses spread: (longest - shortest) / median.
// resent(demand, link, phase): attempts with a method that is not idempotent (POST, PATCH) behind
//   another one of the same demand that had reached the link.
// client_timeout(link, phase): from an attempt's last byte until its client gave up (ended or reset
//   the connection without an answer); the median, and the interval from shortest to longest.

#include <algorithm>
#include <unordered_map>

#include "scenarios/measures/attempts.h"
#include "scenarios/measures/kinds.h"

namespace faultline::measures {
namespace {

constexpr std::array<ArgumentSpec, 3> demand_link_phase{{{ArgumentType::source, "demand"},
                                                         {ArgumentType::proxy, "link"},
                                                         {ArgumentType::phase, "phase"}}};

std::string unattributed(const Demanded& found) {
  if (found.unattributed == 0) return "";
  return std::to_string(found.unattributed) + " of " + std::to_string(found.attempts) +
         " attempts began while none or several demands were open";
}

// The middle value, with the least and the greatest as its interval.
Measure middle(std::vector<double> values, std::string reason) {
  std::ranges::sort(values);
  Measure measure =
      Measure::between(values.front(), values[values.size() / 2], values.back(), values.size());
  measure.reason = std::move(reason);
  return measure;
}

Measure attempts_per_demand(const Recording& recording, std::span<const std::string> arguments) {
  const auto found = demanded(recording, arguments[0], arguments[1], arguments[2]);
  if (!found) return Measure::cannot_tell(found.error());
  return Measure::of(
      static_cast<double>(found->attempts) / static_cast<double>(found->demands.size()),
      found->demands.size());
}

Measure most_attempts(const Recording& recording, std::span<const std::string> arguments) {
  const auto found = demanded(recording, arguments[0], arguments[1], arguments[2]);
  if (!found) return Measure::cannot_tell(found.error());
  if (found->attempts > 0 && found->attempts == found->unattributed)
    return Measure::cannot_tell(unattributed(*found));
  std::size_t most = 0;
  for (const DemandSeen& demand : found->demands) most = std::max(most, demand.attempts.size());
  const auto value = static_cast<double>(most);
  Measure measure = Measure::between(value, value, value + static_cast<double>(found->unattributed),
                                     found->demands.size());
  measure.reason = unattributed(*found);
  return measure;
}

// The pauses between attempts of one demand, as long as the attempt before a pause failed.
std::vector<double> pauses_of(const DemandSeen& demand) {
  std::vector<double> pauses;
  for (std::size_t i = 1; i < demand.attempts.size() && demand.attempts[i - 1].failed(); ++i)
    pauses.push_back(
        std::max(0.0, seconds(demand.attempts[i].begun() - demand.attempts[i - 1].ended())));
  return pauses;
}

template <class Collect>
Measure of_pauses(const Recording& recording, std::span<const std::string> arguments,
                  Collect collect) {
  const auto found = demanded(recording, arguments[0], arguments[1], arguments[2]);
  if (!found) return Measure::cannot_tell(found.error());
  std::vector<double> values;
  for (const DemandSeen& demand : found->demands) collect(pauses_of(demand), values);
  if (!values.empty()) return middle(std::move(values), unattributed(*found));
  const std::string open = unattributed(*found);
  return Measure::cannot_tell("no demand made a further attempt after one that failed" +
                              (open.empty() ? "" : "; " + open));
}

Measure first_pause(const Recording& recording, std::span<const std::string> arguments) {
  return of_pauses(recording, arguments, [](const auto& pauses, std::vector<double>& out) {
    if (!pauses.empty()) out.push_back(pauses.front());
  });
}

Measure growth(const Recording& recording, std::span<const std::string> arguments) {
  return of_pauses(recording, arguments, [](const auto& pauses, std::vector<double>& out) {
    for (std::size_t i = 1; i < pauses.size(); ++i) {
      if (pauses[i - 1] > 0) out.push_back(pauses[i] / pauses[i - 1]);
    }
  });
}

Measure jitter(const Recording& recording, std::span<const std::string> arguments) {
  const Measure pause = first_pause(recording, arguments);
  if (pause.certainty != Certainty::known) return pause;
  if (pause.n < 2) return Measure::cannot_tell("one pause does not spread");
  if (pause.value <= 0) return Measure::cannot_tell("there is no pause to compare with");
  Measure measure = Measure::of((pause.high - pause.low) / pause.value, pause.n);
  measure.reason = pause.reason;
  return measure;
}

bool idempotent(const Event& attempt) {
  const std::string_view name = attempt.exchange.name.view();
  return !name.starts_with("POST ") && !name.starts_with("PATCH ");
}

Measure sent_again(const Recording& recording, std::span<const std::string> arguments) {
  const auto found = demanded(recording, arguments[0], arguments[1], arguments[2]);
  if (!found) return Measure::cannot_tell(found.error());
  std::uint64_t again = 0;
  for (const DemandSeen& demand : found->demands) {
    const auto risky = std::ranges::count_if(
        demand.attempts, [](const AttemptSeen& attempt) { return !idempotent(*attempt.event); });
    if (risky > 1) again += static_cast<std::uint64_t>(risky) - 1;
  }
  const auto value = static_cast<double>(again);
  Measure measure = Measure::between(value, value, value + static_cast<double>(found->unattributed),
                                     found->demands.size());
  measure.reason = unattributed(*found);
  return measure;
}

using Endings = std::unordered_map<ConnectionId, std::vector<const Event*>>;

// How the connections of a proxy ended, from either side.
Endings endings_of(const Recording& recording, ProxyId proxy) {
  Endings endings;
  for (const Event& event : recording.events) {
    const bool ending = event.kind == EventKind::peer_ended || event.kind == EventKind::peer_reset;
    if (ending && event.proxy == proxy) endings[event.connection].push_back(&event);
  }
  return endings;
}

// The client's side ended first: nothing of the server's end came before the exchange was over.
bool client_gave_up(const Endings& endings, const Event& attempt) {
  const auto found = endings.find(attempt.connection);
  if (found == endings.end()) return false;
  bool client = false;
  for (const Event* event : found->second) {
    if (event->at > attempt.at || event->at < attempt.exchange.request_first) continue;
    if (event->direction == Direction::downstream) return false;
    client = true;
  }
  return client;
}

Measure gave_up_after(const Recording& recording, std::span<const std::string> arguments) {
  const auto spans = phase_of(recording, arguments[1]);
  if (!spans) return Measure::cannot_tell(spans.error());
  const ProxyId id = recording.proxy(arguments[0]);
  if (id == 0) return Measure::cannot_tell(arguments[0] + " is no proxy");
  const Endings endings = endings_of(recording, id);
  std::vector<double> waits;
  for (const Event& event : recording.events) {
    if (event.kind != EventKind::exchange || event.proxy != id) continue;
    if (event.exchange.told != Told::nothing) continue;
    if (!spans->holds(event.exchange.request_first, event.exchange.request_first)) continue;
    if (client_gave_up(endings, event))
      waits.push_back(seconds(event.at - event.exchange.request_last));
  }
  if (waits.empty()) return Measure::cannot_tell("no client gave up while it waited");
  return middle(std::move(waits), "");
}

constexpr std::array<ArgumentSpec, 2> link_and_phase{
    {{ArgumentType::proxy, "link"}, {ArgumentType::phase, "phase"}}};

}  // namespace

const MeasureKind amplification = {"amplification", "attempts on a link per demand", Unit::count,
                                   demand_link_phase, attempts_per_demand};
const MeasureKind attempts_most = {"attempts.most", "most attempts that one demand made",
                                   Unit::count, demand_link_phase, most_attempts};
const MeasureKind backoff = {"backoff", "pause before the first retry", Unit::duration,
                             demand_link_phase, first_pause};
const MeasureKind backoff_growth = {"backoff.growth", "each pause as a multiple of the one before",
                                    Unit::count, demand_link_phase, growth};
const MeasureKind backoff_jitter = {"backoff.jitter", "spread of first pauses over their median",
                                    Unit::count, demand_link_phase, jitter};
const MeasureKind resent = {"resent", "attempts sent again that are not idempotent", Unit::count,
                            demand_link_phase, sent_again};
const MeasureKind client_timeout = {"client_timeout", "how long a client waited before it gave up",
                                    Unit::duration, link_and_phase, gave_up_after};

}  // namespace faultline::measures
