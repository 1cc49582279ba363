#pragma once

// One connection to PostgreSQL, driven through libpq's non-blocking calls: every wait has a
// deadline and ends when the process stops. Not thread-safe; whoever holds the lease uses it alone.
//
// After any outcome but `done` and `bad_data` the connection is of no further use: an answer may
// still be on its way, so the only safe thing is to throw it away.

#include <libpq-fe.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "stop.h"

namespace bridge {

struct Outcome {
  enum class Kind {
    done,       ///< the server has acknowledged the statement
    bad_data,   ///< SQLSTATE class 22: this value cannot be stored, the connection is fine
    sql_error,  ///< any other error that left the connection open
    lost,       ///< the connection ended, or the server is ending it
    timed_out,  ///< no answer by the deadline; whether it was carried out is unknown
    stopped,    ///< the process is ending
  };
  Kind kind = Kind::done;
  std::string message;
  std::uint64_t rows = 0;
};

class PgConnection {
 public:
  /// A text parameter of a statement; nothing is SQL's NULL.
  using Parameter = std::optional<std::string>;

  /// Connects and authenticates. The error says why not, on one line.
  static std::expected<std::unique_ptr<PgConnection>, std::string> open(const std::string& conninfo,
                                                                        Deadline deadline,
                                                                        const Stop& stop);
  ~PgConnection();
  PgConnection(const PgConnection&) = delete;
  PgConnection& operator=(const PgConnection&) = delete;

  /// Runs one statement with $1, $2… by the extended protocol.
  Outcome run(const char* sql, std::span<const Parameter> parameters, Deadline deadline,
              const Stop& stop);

  /// Runs several statements, separated by semicolons, as one transaction.
  Outcome run_script(const char* sql, Deadline deadline, const Stop& stop);

  int socket() const { return PQsocket(connection_); }

  /// For a connection nobody uses: takes in what the server sent unasked. False when it has ended.
  bool still_open();

  /// Which life of the dependency it was opened in; the pool's to set and compare.
  std::uint64_t generation = 0;

 private:
  explicit PgConnection(PGconn* connection) : connection_(connection) {}

  Outcome finish(Deadline deadline, const Stop& stop);
  std::optional<Outcome> flush(Deadline deadline, const Stop& stop);
  Outcome lost() const;

  PGconn* connection_;
};

}  // namespace bridge
