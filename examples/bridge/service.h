#pragma once

// The HTTP surface: which route does what, and what the service says about its own health.

#include <atomic>
#include <optional>
#include <string>

#include "calls.h"
#include "http.h"
#include "limiter.h"
#include "metrics.h"
#include "options.h"
#include "pg_pool.h"
#include "pipeline.h"

namespace bridge {

class Service {
 public:
  /// `calls` is null when there is no agent API, and then there is no route for them.
  Service(const Options& options, Pipeline& pipeline, Calls* calls, PgPool& pool, Metrics& metrics,
          Events& events);

  /// Answers one request; called by many threads at once.
  Response answer(const Request& request);

  /// From now on no webhook is taken, and readiness says so.
  void drain() { draining_ = true; }

 private:
  Response route(const Request& request);
  Response webhook(const Request& request, std::string_view provider);
  Response call(const Request& request);
  /// Asks the limiter of the source, then that of the route if it has one; `work` is done only if
  /// both allow it, and its answer is told what is left.
  template <class Work>
  Response limited(const Request& request, bool is_call, Work work);
  Response blocked(std::string_view rule, const std::string& key, const Limiter& limiter,
                   const Limiter::Answer& answer);
  Response health() const;
  Response ready() const;
  Response metrics() const;

  const Options& options_;
  Pipeline& pipeline_;
  Calls* const calls_;
  PgPool& pool_;
  Metrics& metrics_;
  Events& events_;
  std::optional<Limiter> source_limit_;
  std::optional<Limiter> calls_limit_;
  const Deadline started_ = Clock::now();
  std::atomic<bool> draining_{false};
};

}  // namespace bridge
