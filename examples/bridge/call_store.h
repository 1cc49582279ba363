#pragma once

// The table of calls that were placed: its SQL, and one insert per call.
//
//   voice_calls(id bigserial, call_id text unique, callee text, node text, created_at)

#include <expected>
#include <string>

#include "event_store.h"

namespace bridge {

class CallStore {
 public:
  CallStore(PgPool& pool, std::string node, Millis acquire_deadline)
      : pool_(pool), node_(std::move(node)), acquire_deadline_(acquire_deadline) {}

  /// As EventStore's.
  static std::string schema();

  /// As EventStore's.
  std::expected<Stored, Reason> insert(const std::string& call_id, const std::string& callee);

 private:
  PgPool& pool_;
  const std::string node_;
  const Millis acquire_deadline_;
};

}  // namespace bridge
