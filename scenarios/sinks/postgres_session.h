#pragma once

// The door to libpq: one connection to PostgreSQL that never blocks beyond what its caller grants.
// Only the look-up of a host name, which libpq does itself, cannot be interrupted.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "faults/time.h"

struct pg_conn;

namespace faultline {

// How long somebody is ready to wait. `abandoned` is asked every 50 ms.
struct Allowance {
  Instant until{};
  const std::function<bool()>& abandoned;
};

enum class PostgresEnd : std::uint8_t {
  done,
  failed,     // `why`, and `sqlstate` if it was the server that said it
  late,       // the time allowed is over
  abandoned,  // the caller gave up
  stopped,    // the reader of rows wanted no more
};

struct PostgresAnswer {
  PostgresEnd end = PostgresEnd::done;
  std::string why{};
  std::string sqlstate{};
  bool lost = false;  // there is no connection (any more)
};

class PostgresSession {
 public:
  // The first column of one row; null is told apart. False: no more.
  using Row = std::function<bool(const std::string_view* value)>;

  bool open() const { return connection_ != nullptr; }
  void close() { connection_.reset(); }

  PostgresAnswer connect(const std::string& conninfo, const Allowance& allowance);
  // One statement that gives rows, read as a stream. After any other end than `done`, and after an
  // error in the connection, close the session.
  PostgresAnswer query(const std::string& sql, const Allowance& allowance, const Row& row);

  // "127.0.0.1:5432/shop": where the last connect went. Never a password.
  const std::string& place() const { return place_; }

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };

  PostgresAnswer wait(short events, const Allowance& allowance) const;
  PostgresAnswer send(const Allowance& allowance);
  PostgresAnswer await_result(const Allowance& allowance);
  PostgresAnswer failure() const;

  std::unique_ptr<pg_conn, Finish> connection_;
  std::string place_;
};

}  // namespace faultline
