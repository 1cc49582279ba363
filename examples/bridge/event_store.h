#pragma once

// The table of accepted webhooks: its SQL, and one insert per webhook.
//
//   events(id bigserial, event_id text unique, provider, user_id, node text, body jsonb,
//   created_at)

#include <expected>
#include <optional>
#include <string>

#include "pg_pool.h"

namespace bridge {

/// One webhook as it is to be stored.
struct Webhook {
  std::string provider;
  std::string event_id;
  std::optional<std::string> user_id;
  std::string body;  ///< JSON text
};

enum class Stored {
  stored,     ///< committed, and the commit was acknowledged
  duplicate,  ///< this event_id was there already
  unfit,      ///< JSON which PostgreSQL cannot hold, such as \u0000
};

class EventStore {
 public:
  EventStore(PgPool& pool, std::string node, Millis acquire_deadline, bool dedupe);

  /// Statements that create what is missing; they may be repeated, and run by several nodes at
  /// once.
  static std::string schema(bool dedupe);

  /// Returns after PostgreSQL has acknowledged the commit, or says what was in the way; in that
  /// case the event may be stored nevertheless.
  std::expected<Stored, Reason> insert(const Webhook& webhook);

 private:
  PgPool& pool_;
  const std::string node_;
  const Millis acquire_deadline_;
  const std::string statement_;
};

}  // namespace bridge
