#include "scenarios/measures/limit_history.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "faults/http/http_date.h"

namespace faultline {
namespace {

constexpr std::int64_t longest_wait = 366 * 24 * 3600;  // seconds; more is no answer

using Outcome = LimitArrival::Outcome;

struct Seen {
  const Event* event = nullptr;
  LimitArrival arrival;
};

// The host of "127.0.0.1:4711" and "[::1]:4711".
std::string host_of(std::string_view address) {
  return std::string(address.substr(0, address.rfind(':')));
}

std::unordered_map<ConnectionId, std::string> clients_of(const Recording& recording,
                                                         ProxyId proxy) {
  std::unordered_map<ConnectionId, std::string> clients;
  for (const Event& event : recording.events)
    if (event.kind == EventKind::connection_accepted && event.proxy == proxy)
      clients[event.connection] = host_of(event.text.view());
  return clients;
}

std::optional<Duration> wait_of(const Exchange& exchange) {
  const std::string_view text = exchange.retry_after.view();
  std::int64_t wait = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), wait);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size() || wait < 0 ||
      wait > longest_wait)
    return std::nullopt;
  return std::chrono::seconds(wait);
}

bool is_date(const Exchange& exchange) {
  return http::http_date_from(exchange.retry_after.view()).has_value();
}

// The instant that a date in Retry-After names. One that is over says to come back at once.
std::optional<Instant> date_of(const Exchange& exchange, WallTime wall_zero) {
  const auto date = http::http_date_from(exchange.retry_after.view());
  if (!date || wall_zero == WallTime{}) return std::nullopt;
  // Seconds: a year of four digits may be too far for nanoseconds.
  const auto wait = *date - std::chrono::floor<std::chrono::seconds>(wall_zero);
  if (wait > std::chrono::seconds(longest_wait)) return std::nullopt;
  if (wait < std::chrono::seconds(-longest_wait)) return exchange.response_first;
  return std::max(Instant(*date - wall_zero), exchange.response_first);
}

LimitArrival arrival_of(const Event& event, const LimitPlan& plan) {
  const Exchange& exchange = event.exchange;
  LimitArrival arrival;
  const bool answered = exchange.told != Told::nothing && exchange.response_first != Instant{};
  arrival.from = exchange.request_first - plan.tolerance;
  arrival.to = std::max(answered ? exchange.response_first : event.at, exchange.request_first) +
               plan.tolerance;
  if (!answered || exchange.fault != 0) return arrival;
  arrival.outcome =
      exchange.code.view() == std::to_string(plan.status) ? Outcome::refused : Outcome::passed;
  return arrival;
}

// Those that were decided about while others behind them in this order may have been, too.
void count_beside(std::vector<Seen>& seen) {
  for (std::size_t i = 0; i < seen.size(); ++i) {
    LimitArrival& arrival = seen[i].arrival;
    if (arrival.outcome != Outcome::refused) continue;
    for (std::size_t next = i + 1; next < seen.size() && seen[next].arrival.from < arrival.to;
         ++next) {
      const Outcome outcome = seen[next].arrival.outcome;
      if (outcome == Outcome::passed) ++arrival.passed_beside;
      if (outcome != Outcome::refused) ++arrival.perhaps_beside;
    }
  }
}

LimitDecision::Judged judged(const LimitAnswer& answer, bool refused) {
  using Judged = LimitDecision::Judged;
  if (answer.may_pass && answer.may_refuse) return Judged::undecided;
  return answer.may_refuse == refused ? Judged::right : Judged::wrong;
}

std::vector<LimitDecision> decisions_of(std::vector<Seen>& seen, const LimitPlan& plan,
                                        WallTime wall_zero, LimitHistory& history) {
  std::ranges::stable_sort(seen, {}, [](const Seen& one) { return one.arrival.from; });
  count_beside(seen);
  std::vector<LimitDecision> decisions;
  const auto model = make_limit_model(plan);
  for (const Seen& one : seen) {
    const LimitAnswer answer = model->meet(one.arrival);
    if (one.arrival.outcome == Outcome::unknown) {
      ++history.unknown;
      continue;
    }
    LimitDecision decision{.event = one.event};
    decision.refused = one.arrival.outcome == Outcome::refused;
    decision.judged = judged(answer, decision.refused);
    if (decision.refused) {
      const Exchange& exchange = one.event->exchange;
      const auto wait = wait_of(exchange);
      decision.come_back = wait ? exchange.response_first + *wait : date_of(exchange, wall_zero);
      decision.dated = wall_zero == WallTime{} && is_date(exchange);
      if (decision.dated) ++history.dates;
      decision.free_low = answer.free_low;
      decision.free_high = answer.free_high;
    }
    decisions.push_back(decision);
  }
  return decisions;
}

}  // namespace

std::vector<const LimitDecision*> LimitHistory::all() const {
  std::vector<const LimitDecision*> every;
  for (const auto& [key, decisions] : by_key)
    for (const LimitDecision& one : decisions) every.push_back(&one);
  return every;
}

const LimitPlan* find_limit(const Drill& drill, std::string_view name) {
  const auto found = std::ranges::find(drill.limits, name, &LimitPlan::name);
  return found == drill.limits.end() ? nullptr : &*found;
}

bool takes_route(std::string_view route, std::string_view exchange) {
  if (route.starts_with('/')) exchange.remove_prefix(std::min(exchange.find('/'), exchange.size()));
  if (!route.ends_with('*')) return route == exchange;
  route.remove_suffix(1);
  return exchange.starts_with(route);
}

bool untold(const LimitDecision& decision) {
  return decision.refused && !decision.come_back && !decision.dated;
}

std::expected<LimitHistory, std::string> limit_history(const Recording& recording,
                                                       const LimitPlan& plan) {
  const ProxyId proxy = recording.proxy(plan.on);
  if (proxy == 0) return std::unexpected(plan.on + " was never open");
  const auto clients = clients_of(recording, proxy);
  std::map<std::string, std::vector<Seen>> seen;
  for (const Event& event : recording.events) {
    if (event.kind != EventKind::exchange || event.proxy != proxy) continue;
    const Exchange& exchange = event.exchange;
    if (exchange.fate == Fate::withheld) continue;
    const auto meant = [&](const std::string& route) {
      return takes_route(route, exchange.name.view());
    };
    if (!plan.routes.empty() && std::ranges::none_of(plan.routes, meant)) continue;
    std::string key;
    if (plan.key == LimitKey::source || plan.key == LimitKey::header) key = exchange.source.view();
    if (plan.key == LimitKey::header && key.empty()) key = "none";
    if (plan.key != LimitKey::all && key.empty()) {
      const auto client = clients.find(event.connection);
      key = client == clients.end() ? "unknown client" : client->second;
    }
    seen[key].push_back({&event, arrival_of(event, plan)});
  }
  LimitHistory history;
  for (auto& [key, requests] : seen) {
    auto decisions = decisions_of(requests, plan, recording.wall_zero, history);
    if (!decisions.empty()) history.by_key[key] = std::move(decisions);
  }
  if (history.by_key.empty())
    return std::unexpected("no answered request that the limit " + plan.name +
                           " is for was seen on " + plan.on);
  return history;
}

}  // namespace faultline
