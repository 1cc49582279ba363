#pragma once

// The gauges and counters behind GET /metrics (Prometheus text format 0.0.4). Plain atomics:
// whoever does the work updates them, any thread may render them.

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bridge {

/// Why a webhook or a call was refused; `reason_text` is what stands in the header X-Reason.
enum class Reason {
  pg,
  pool,
  semaphore,
  draining,
  connections,
  rate_limited,   ///< by us
  breaker,        ///< the breaker in front of the agent API is open
  agent,          ///< the agent API failed or gave no answer in time
  agent_limited,  ///< the agent API wants fewer calls
};
inline constexpr std::size_t reason_count = 9;
std::string_view reason_text(Reason reason);

using Count = std::atomic<std::int64_t>;

/// A cumulative histogram of waits, from 1 ms to 10 s.
class Waits {
 public:
  void observe(std::chrono::nanoseconds wait);
  std::string render(std::string_view name) const;

 private:
  static constexpr std::array<double, 13> bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                 0.25,  0.5,    1.0,   2.5,  5.0,   10.0};
  std::array<Count, bounds.size() + 1> buckets_{};
  Count nanoseconds_{0};
};

/// Of one breaker; its name is set before anybody renders it.
struct BreakerMetrics {
  std::string name;  ///< empty: there is no such breaker
  Count state{0};    ///< 0 closed, 1 open, 2 half-open
  Count opens{0};
  Count rejected{0};
};

struct Metrics {
  Count sem_in_use{0};
  Count sem_waiting{0};
  Count sem_limit{0};
  Waits sem_wait;

  Count pg_up{0};
  Count pg_pool_size{0};
  Count pg_pool_open{0};
  Count pg_pool_in_use{0};
  Count pg_pool_waiting{0};
  Count pg_acquire_timeouts{0};
  Count pg_connects{0};
  Count pg_connect_failures{0};
  Count pg_statement_failures{0};
  Waits pg_acquire;
  Waits pg_statement;

  Count http_connections{0};
  Count http_in_flight{0};
  Count accepted{0};
  Count duplicates{0};
  Count calls_placed{0};
  std::array<Count, reason_count> rejected{};

  BreakerMetrics agent;
  BreakerMetrics oura;
  BreakerMetrics whoop;
  BreakerMetrics whoop_oauth;

  Count enriched{0};
  Count enrich_failed{0};
  Count enrich_dropped{0};
  Count enrich_queue{0};
  Count oauth_wanted{0};   ///< a token was needed and not at hand
  Count oauth_refresh{0};  ///< asked the API for it
  Count oauth_blocked{0};  ///< waited for somebody else's refresh instead

  Count blocked_by_source{0};
  Count blocked_by_calls{0};

  Count& rejected_for(Reason reason) { return rejected[static_cast<std::size_t>(reason)]; }

  std::string render(std::string_view build_variant) const;
};

/// Counts up for the length of a scope.
class Counted {
 public:
  explicit Counted(Count& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  Count& count_;
};

}  // namespace bridge
