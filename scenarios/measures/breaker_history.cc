#include "scenarios/measures/breaker_history.h"

#include <algorithm>
#include <set>
#include <utility>

namespace faultline {
namespace {

// What is learned in order of time. At one instant ends come before beginnings.
struct Fact {
  enum class Kind : std::uint8_t { attempt_ended, attempt_began, refused };
  Instant at{};
  Kind kind = Kind::attempt_ended;
  std::size_t index = 0;  // of the attempt or the demand
};

std::vector<Fact> facts_of(const BreakerTraffic& traffic) {
  std::vector<Fact> facts;
  for (std::size_t i = 0; i < traffic.attempts.size(); ++i) {
    facts.push_back({traffic.attempts[i].from, Fact::Kind::attempt_began, i});
    facts.push_back({traffic.attempts[i].to, Fact::Kind::attempt_ended, i});
  }
  for (std::size_t i = 0; i < traffic.demands.size(); ++i)
    if (!traffic.demands[i].attempt && traffic.demands[i].failed)
      facts.push_back({traffic.demands[i].from, Fact::Kind::refused, i});
  std::ranges::sort(facts, {}, [](const Fact& fact) { return std::pair(fact.at, fact.kind); });
  return facts;
}

class Inference {
 public:
  explicit Inference(BreakerHistory& history) : history_(history) {}

  void learn(const Fact& fact) {
    const BreakerTraffic& traffic = history_.traffic;
    switch (fact.kind) {
      case Fact::Kind::attempt_began:
        return began(fact.at);
      case Fact::Kind::attempt_ended:
        return ended(traffic.attempts[fact.index]);
      case Fact::Kind::refused:
        return refused(traffic.demands[fact.index]);
    }
  }

 private:
  enum class State : std::uint8_t { closed, open, probing, probed };

  BreakerOpening& opening() { return history_.openings.back(); }
  BreakerCycle& cycle() { return opening().cycles.back(); }

  void began(Instant at) {
    // One that the service admitted before it had read of the failure may begin a little after it.
    if (earliest_ && at > *earliest_ + reading_takes) earliest_.reset();
    if (state_ == State::open) {
      if (!cycle().probed) cycle().probed = at;
      probes_out_ = 1;
      state_ = State::probing;
    } else if (state_ == State::probing) {
      ++probes_out_;
    } else if (state_ == State::probed) {
      return close(at);
    }
    if (state_ == State::probing) cycle().probes = std::max(cycle().probes, probes_out_);
  }

  void ended(const Attempt& attempt) {
    if (state_ == State::closed) return count(attempt);
    if (attempt.from < cycle().refused_first) {
      ++opening().late;
    } else if (state_ == State::probing && attempt.outcome != CallOutcome::unknown) {
      cycle().probe_ended = attempt.to;
      cycle().probe = attempt.outcome;
      // Of an answer that counts neither way nothing follows: the next attempt is a probe, too.
      state_ = attempt.outcome == CallOutcome::neither ? State::open : State::probed;
    }
  }

  void count(const Attempt& attempt) {
    if (attempt.outcome == CallOutcome::unknown || attempt.from < closed_at_) return;
    last_ended_ = attempt.outcome;
    if (attempt.outcome == CallOutcome::neither) return;
    ++total_;
    if (attempt.outcome != CallOutcome::failure) {
      in_a_row_ = 0;
      return;
    }
    ++failures_;
    if (in_a_row_++ == 0) first_failure_ = attempt.from;
    last_failure_ = attempt.to;
    if (!earliest_) earliest_ = attempt.to;
    at_last_failure_ = {failures_, total_};
    code_ = attempt.code;
  }

  void refused(const Demand& demand) {
    if (state_ == State::closed) {
      if (failures_ == 0 || last_ended_ == CallOutcome::neither) return;
      open(demand.from);
    } else if (state_ == State::probed && demand.from > *cycle().probe_ended + reading_takes) {
      const Instant again = *cycle().probe_ended;
      opening().cycles.push_back(
          {.opened = again, .opened_earliest = again, .refused_first = demand.from});
      state_ = State::open;
    }
    if (state_ == State::open) cycle().refused_last = demand.from;
    ++cycle().refused;
    opening().refusals.push_back(demand.to - demand.from);
  }

  void open(Instant refused_first) {
    BreakerOpening opening;
    opening.failures = at_last_failure_.first;
    opening.total = at_last_failure_.second;
    opening.late = total_ - at_last_failure_.second;
    opening.first_failure = first_failure_;
    opening.code = code_;
    opening.cycles.push_back({.opened = last_failure_,
                              .opened_earliest = earliest_.value_or(last_failure_),
                              .refused_first = refused_first});
    history_.openings.push_back(std::move(opening));
    state_ = State::open;
  }

  void close(Instant next) {
    opening().closed = *cycle().probe_ended;
    opening().passed_next = next;
    closed_at_ = *cycle().probe_ended;
    failures_ = total_ = in_a_row_ = 0;
    earliest_.reset();
    state_ = State::closed;
  }

  BreakerHistory& history_;
  State state_ = State::closed;
  Instant closed_at_ = Instant::min();
  std::uint64_t probes_out_ = 0;
  std::uint64_t failures_ = 0;
  std::uint64_t total_ = 0;
  std::uint64_t in_a_row_ = 0;
  Instant first_failure_{};
  Instant last_failure_{};
  std::optional<Instant> earliest_;  // first failure after which no attempt began
  std::pair<std::uint64_t, std::uint64_t> at_last_failure_;
  CallOutcome last_ended_ = CallOutcome::unknown;
  std::string code_;
};

// "127.0.0.1" of "127.0.0.1:40312".
std::string_view host_of(std::string_view address) { return address.substr(0, address.rfind(':')); }

std::size_t hosts_on(const Recording& recording, ProxyId link) {
  std::set<std::string> hosts;
  for (const Event& event : recording.events)
    if (event.kind == EventKind::connection_accepted && event.proxy == link)
      hosts.emplace(host_of(event.text.view()));
  return hosts.size();
}

}  // namespace

std::expected<BreakerHistory, std::string> breaker_history(const Recording& recording,
                                                           std::string_view demand,
                                                           std::string_view link) {
  if (const auto hosts = hosts_on(recording, recording.proxy(link)); hosts > 1)
    return std::unexpected(std::string(link) + " is dialed by " + std::to_string(hosts) +
                           " hosts, each with a breaker of its own; give each a proxy");
  auto traffic = breaker_traffic(recording, demand, link);
  if (!traffic) return std::unexpected(traffic.error());
  BreakerHistory history;
  history.traffic = std::move(*traffic);
  history.demands = history.traffic.demands.size();
  history.attempts = history.traffic.attempts.size();
  for (const Attempt& attempt : history.traffic.attempts) {
    if (attempt.outcome == CallOutcome::failure) ++history.failures;
    if (attempt.outcome == CallOutcome::failure || attempt.outcome == CallOutcome::neither)
      ++history.stimuli;
  }
  Inference inference(history);
  for (const Fact& fact : facts_of(history.traffic)) inference.learn(fact);
  return history;
}

}  // namespace faultline
