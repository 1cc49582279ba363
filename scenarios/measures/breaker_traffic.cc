#include "scenarios/measures/breaker_traffic.h"

#include <algorithm>
#include <map>
#include <utility>

#include "scenarios/measures/samples.h"

namespace faultline {
namespace {

bool is_4xx(std::string_view code) { return code.size() == 3 && code.front() == '4'; }

std::vector<Demand> demand_of(const Recording& recording, std::string_view source) {
  std::vector<Demand> demands;
  for (const Request& request : recording.requests) {
    if (recording.drill.workloads[request.workload].name != source) continue;
    if (request.outcome == Outcome::not_sent || is_4xx(code_of(request))) continue;
    demands.push_back({request.sent, request.ended, request.failed(), std::string(code_of(request)),
                       std::nullopt});
  }
  const ProxyId id = recording.proxy(source);
  for (const Event& event : recording.events) {
    if (id == 0 || event.kind != EventKind::exchange || event.proxy != id) continue;
    const Exchange& exchange = event.exchange;
    const bool answered = exchange.told != Told::nothing;
    if (is_4xx(exchange.code.view())) continue;
    demands.push_back({exchange.request_first, answered ? exchange.response_last : event.at,
                       exchange.told != Told::ack,
                       answered ? std::string(exchange.code.view()) : "no answer", std::nullopt});
  }
  std::ranges::sort(demands, {},
                    [](const Demand& demand) { return std::pair(demand.from, demand.to); });
  return demands;
}

// One connection of the link, as far as it matters here.
struct Line {
  Instant accepted{};
  Instant hung_up = never;  // by the service
  Instant closed = never;
  bool broken = false;  // by a fault, the API or the way to it
  bool used = false;
};

struct Call {
  Attempt attempt;
  ConnectionId connection;
};

std::map<ConnectionId, Line> lines_of(const Recording& recording, ProxyId link) {
  std::map<ConnectionId, Line> lines;
  for (const Event& event : recording.events) {
    if (event.proxy != link || event.connection == 0) continue;
    Line& line = lines[event.connection];
    const bool by_service = event.direction == Direction::upstream;
    switch (event.kind) {
      case EventKind::connection_accepted:
        line.accepted = event.at;
        break;
      case EventKind::upstream_failed:
      case EventKind::fault_touched:
        line.broken = true;
        break;
      case EventKind::peer_ended:
      case EventKind::peer_reset:
        if (by_service) line.hung_up = std::min(line.hung_up, event.at);
        if (!by_service) line.broken = true;
        break;
      case EventKind::connection_closed:
        line.closed = event.at;
        break;
      case EventKind::exchange:
        line.used = true;
        break;
      default:
        break;
    }
  }
  return lines;
}

CallOutcome outcome_of(const Exchange& exchange, Instant at, Instant run_ended) {
  switch (exchange.told) {
    case Told::ack:
    case Told::pending:
      return CallOutcome::success;
    case Told::failure:
      return CallOutcome::neither;
    case Told::ambiguous:
      return CallOutcome::failure;
    case Told::nothing:
      break;
  }
  return at >= run_ended ? CallOutcome::unknown : CallOutcome::failure;
}

std::vector<Call> calls_of(const Recording& recording, ProxyId link,
                           const std::map<ConnectionId, Line>& lines) {
  Instant run_ended{};
  for (const Event& event : recording.events) run_ended = std::max(run_ended, event.at);
  std::vector<Call> calls;
  for (const Event& event : recording.events) {
    if (event.kind != EventKind::exchange || event.proxy != link) continue;
    const Exchange& exchange = event.exchange;
    const bool answered = exchange.told != Told::nothing;
    Attempt attempt{exchange.request_first, answered ? exchange.response_last : event.at,
                    outcome_of(exchange, event.at, run_ended),
                    answered ? std::string(exchange.code.view()) : "no answer"};
    // With the service gone there is nobody to answer, however long the connection goes on.
    if (const auto line = lines.find(event.connection);
        line != lines.end() && line->second.hung_up < attempt.to) {
      attempt.to = line->second.hung_up;
      attempt.outcome = CallOutcome::failure;
      attempt.code = answered ? "no answer in time" : "no answer";
    }
    calls.push_back({std::move(attempt), event.connection});
  }
  for (const auto& [connection, line] : lines)
    if (!line.used && line.broken && line.closed != never)
      calls.push_back(
          {{line.accepted, line.closed, CallOutcome::failure, "no connection"}, connection});
  std::ranges::sort(calls, {},
                    [](const Call& call) { return std::pair(call.attempt.from, call.attempt.to); });
  return calls;
}

// The demand that this attempt was made for. `active` are those in flight when it began.
std::optional<std::size_t> owner(const std::vector<Demand>& demands,
                                 const std::vector<std::size_t>& active, const Attempt& attempt) {
  std::optional<std::size_t> best;
  const auto rank = [&](std::size_t i) {
    return std::tuple(demands[i].attempt.has_value(), demands[i].to < attempt.to, demands[i].to);
  };
  for (const std::size_t i : active)
    if (!best || rank(i) < rank(*best)) best = i;
  return best;
}

// An answer that the proxy saw and the service did not wait for is none to the service.
void mark_unheard(Attempt& attempt, const Demand& demand, Instant hung_up) {
  if (attempt.outcome != CallOutcome::success || !demand.failed ||
      hung_up > demand.to + reading_takes)
    return;
  attempt.outcome = CallOutcome::failure;
  attempt.code = "no answer in time";
  attempt.to = hung_up;
}

}  // namespace

std::expected<BreakerTraffic, std::string> breaker_traffic(const Recording& recording,
                                                           std::string_view demand,
                                                           std::string_view link) {
  if (recording.events_lost > 0) return std::unexpected("events of the journal were lost");
  for (const ProxySpec& proxy : recording.drill.proxies)
    if (proxy.name == link && proxy.protocol == "tcp")
      return std::unexpected(std::string(link) + " carries tcp: its calls are not told apart");
  BreakerTraffic traffic;
  traffic.demands = demand_of(recording, demand);
  if (traffic.demands.empty())
    return std::unexpected("not exercised: no demand by " + std::string(demand));
  const ProxyId id = recording.proxy(link);
  const auto lines = lines_of(recording, id);
  std::vector<Demand>& demands = traffic.demands;
  std::vector<std::size_t> active;
  std::size_t next = 0;
  for (Call& call : calls_of(recording, id, lines)) {
    Attempt& attempt = call.attempt;
    for (; next < demands.size() && demands[next].from <= attempt.from; ++next)
      active.push_back(next);
    std::erase_if(active, [&](std::size_t i) { return demands[i].to < attempt.from; });
    if (const auto mine = owner(demands, active, attempt)) {
      if (const auto line = lines.find(call.connection); line != lines.end())
        mark_unheard(attempt, demands[*mine], line->second.hung_up);
      if (!demands[*mine].attempt) demands[*mine].attempt = traffic.attempts.size();
    }
    traffic.attempts.push_back(std::move(attempt));
  }
  return traffic;
}

}  // namespace faultline
