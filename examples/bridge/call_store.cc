#include "call_store.h"

#include <array>

namespace bridge {

std::string CallStore::schema() {
  return "CREATE TABLE IF NOT EXISTS voice_calls ("
         " id bigserial PRIMARY KEY, call_id text NOT NULL UNIQUE, callee text NOT NULL,"
         " node text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());";
}

std::expected<Stored, Reason> CallStore::insert(const std::string& call_id,
                                                const std::string& callee) {
  auto lease = pool_.acquire(within(acquire_deadline_));
  if (!lease) return std::unexpected(lease.error());
  const std::array<PgConnection::Parameter, 3> values{call_id, callee, node_};
  return stored(
      lease->run("INSERT INTO voice_calls (call_id, callee, node) VALUES ($1, $2, $3)"
                 " ON CONFLICT (call_id) DO NOTHING",
                 values));
}

}  // namespace bridge
