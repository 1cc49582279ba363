#pragma once

// The HTTP surface: which route does what, and what the service says about its own health.

#include <atomic>
#include <string>

#include "http.h"
#include "metrics.h"
#include "options.h"
#include "pg_pool.h"
#include "pipeline.h"

namespace bridge {

class Service {
 public:
  Service(const Options& options, Pipeline& pipeline, PgPool& pool, Metrics& metrics);

  /// Answers one request; called by many threads at once.
  Response answer(const Request& request);

  /// From now on no webhook is taken, and readiness says so.
  void drain() { draining_ = true; }

 private:
  Response route(const Request& request);
  Response webhook(const Request& request, std::string_view provider);
  Response health() const;
  Response ready() const;
  Response metrics() const;

  const Options& options_;
  Pipeline& pipeline_;
  PgPool& pool_;
  Metrics& metrics_;
  const Deadline started_ = Clock::now();
  std::atomic<bool> draining_{false};
};

}  // namespace bridge
