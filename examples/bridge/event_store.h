#pragma once

// The table of accepted webhooks: its SQL, and one insert per webhook.
//
//   events(id bigserial, event_id text unique, provider, user_id, node text, body, profile jsonb,
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
  std::string body;                    ///< JSON text
  std::optional<std::string> profile;  ///< of its user, JSON text
};

enum class Stored {
  stored,     ///< committed, and the commit was acknowledged
  duplicate,  ///< this event_id was there already
  unfit,      ///< JSON which PostgreSQL cannot hold, such as \u0000
};

/// What the outcome of an INSERT says of its row.
std::expected<Stored, Reason> stored(const Outcome& outcome);

class EventStore {
 public:
  EventStore(PgPool& pool, std::string node, Millis acquire_deadline, bool dedupe);

  /// Statements that create what is missing; they may be repeated, and run by several nodes at
  /// once.
  static std::string schema(bool dedupe);

  /// Returns after PostgreSQL has acknowledged the commit, or says what was in the way; in that
  /// case the event may be stored nevertheless.
  std::expected<Stored, Reason> insert(const Webhook& webhook);

  /// Puts a profile to a webhook that is stored already. What fails is left as it is: a webhook is
  /// worth having without.
  void add_profile(const std::string& event_id, const std::string& profile);

 private:
  PgPool& pool_;
  const std::string node_;
  const Millis acquire_deadline_;
  const std::string statement_;
};

}  // namespace bridge
