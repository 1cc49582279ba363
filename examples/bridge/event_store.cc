#include "event_store.h"

#include <array>
#include <utility>

namespace bridge {
namespace {

// Bug `no-dedupe` is `dedupe == false` in the two functions below: no unique index, no ON CONFLICT.

std::string schema_text(bool dedupe) {
  std::string sql =
      "SELECT pg_advisory_xact_lock(7205759403792793);"
      "CREATE TABLE IF NOT EXISTS events ("
      " id bigserial PRIMARY KEY, event_id text NOT NULL, provider text NOT NULL, user_id text,"
      " node text NOT NULL, body jsonb NOT NULL, profile jsonb,"
      " created_at timestamptz NOT NULL DEFAULT now());"
      "ALTER TABLE events ADD COLUMN IF NOT EXISTS profile jsonb;";
  sql += dedupe ? "CREATE UNIQUE INDEX IF NOT EXISTS events_event_id_unique ON events (event_id);"
                : "DROP INDEX IF EXISTS events_event_id_unique;";
  return sql;
}

std::string insert_text(bool dedupe) {
  std::string sql =
      "INSERT INTO events (event_id, provider, user_id, node, body, profile)"
      " VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb)";
  if (dedupe) sql += " ON CONFLICT (event_id) DO NOTHING";
  return sql;
}

}  // namespace

EventStore::EventStore(PgPool& pool, std::string node, Millis acquire_deadline, bool dedupe)
    : pool_(pool),
      node_(std::move(node)),
      acquire_deadline_(acquire_deadline),
      statement_(insert_text(dedupe)) {}

std::string EventStore::schema(bool dedupe) { return schema_text(dedupe); }

std::expected<Stored, Reason> EventStore::insert(const Webhook& webhook) {
  auto lease = pool_.acquire(within(acquire_deadline_));
  if (!lease) return std::unexpected(lease.error());
  const std::array<PgConnection::Parameter, 6> values{
      webhook.event_id, webhook.provider, webhook.user_id, node_, webhook.body, webhook.profile};
  return stored(lease->run(statement_.c_str(), values));
}

void EventStore::add_profile(const std::string& event_id, const std::string& profile) {
  auto lease = pool_.acquire(within(acquire_deadline_));
  if (!lease) return;
  const std::array<PgConnection::Parameter, 2> values{event_id, profile};
  (void)lease->run("UPDATE events SET profile = $2::jsonb WHERE event_id = $1", values);
}

std::expected<Stored, Reason> stored(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::done:
      return outcome.rows > 0 ? Stored::stored : Stored::duplicate;
    case Outcome::Kind::bad_data:
      return Stored::unfit;
    case Outcome::Kind::stopped:
      return std::unexpected(Reason::draining);
    case Outcome::Kind::sql_error:
    case Outcome::Kind::lost:
    case Outcome::Kind::timed_out:
      break;
  }
  return std::unexpected(Reason::pg);
}

}  // namespace bridge
