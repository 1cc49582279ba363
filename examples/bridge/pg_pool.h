#pragma once

// The pool of PostgreSQL connections, and the one place that knows whether PostgreSQL is there.
//
//              first success of the keeper
//     down  ---------------------------------->  up
//      ^                                          |
//      '------------------------------------------'
//        a connection is lost or a statement gets no answer in time,
//        or none is left and a new one cannot be opened
//
// Requests never open connections. A thread of the pool, the keeper, does: while up it fills the
// pool and watches idle connections for their end; while down it tries one connection every
// back-off, and only one that has answered `SELECT 1` turns the state to up. A request that comes
// while the state is down is refused at once, and those that wait are sent away when it turns to
// down: nothing piles up.
//
// Every turn to down begins a new generation. Connections of earlier generations are closed: the
// idle ones at once, leased ones when they come back. So nothing opened before an outage is used
// after it, and the late failure of an old connection says nothing about the new life.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "bugs.h"
#include "events.h"
#include "metrics.h"
#include "pg_connection.h"
#include "stop.h"

namespace bridge {

class PgPool {
 public:
  struct Settings {
    std::string conninfo;
    /// Run once, on the first connection, before the state can turn to up. Must be repeatable.
    std::string schema;
    std::size_t size;
    Millis statement_deadline;
    Millis connect_deadline;
    Millis backoff;
    Bugs bugs;
  };

  /// The right to use one connection; it goes back to the pool on destruction.
  class Lease {
   public:
    Lease(PgPool& pool, std::unique_ptr<PgConnection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    /// One statement within the pool's statement deadline. A connection that failed is thrown away.
    Outcome run(const char* sql, std::span<const PgConnection::Parameter> parameters);

   private:
    PgPool* pool_;
    std::unique_ptr<PgConnection> connection_;
  };

  PgPool(Settings settings, Metrics& metrics, Events& events, const Stop& stop);
  ~PgPool();

  /// Begins to connect; until then everything is refused with `pg`.
  void start();

  /// Waits for the keeper's end, after the process has been told to stop. The destructor does it
  /// too.
  void join();

  /// First come, first served. Refused with `pg` at once while down, with `pool` after the
  /// deadline.
  std::expected<Lease, Reason> acquire(Deadline deadline);

  bool up() const;
  /// Whether PostgreSQL has been up and the schema there at least once.
  bool prepared() const;
  /// Why the last attempt to connect failed.
  std::string last_error() const;

 private:
  using Connections = std::deque<std::unique_ptr<PgConnection>>;

  struct Waiter {
    std::condition_variable turn;
    std::unique_ptr<PgConnection> granted;
    bool refused = false;
  };

  enum class Fate { keep, discard, discard_as_outage };
  void give_back(std::unique_ptr<PgConnection> connection, Fate fate, const std::string& why);

  void keep();
  void open_one();
  std::expected<std::unique_ptr<PgConnection>, std::string> opened();
  void watch_idle();
  void kick();

  // These expect the lock to be held.
  void lease_out(const PgConnection& connection);
  void count_closed(std::size_t closed);
  void hand_out(std::unique_ptr<PgConnection> connection, bool first);
  Connections turn_down(const std::string& why);
  void turn_up();
  Connections ended_idle();

  Deadline patience(Millis duration) const;
  bool idle_may_be_dead() const;
  bool stays_dead() const;

  const Settings settings_;
  Metrics& metrics_;
  Events& events_;
  const Stop& stop_;
  const int kick_;

  mutable std::mutex mutex_;
  bool up_ = false;
  bool prepared_ = false;
  bool announced_down_ = false;
  std::uint64_t generation_ = 0;
  std::size_t adopted_ = 0;     ///< connections that ever entered the pool
  std::size_t open_ = 0;        ///< those of them that are not closed yet
  std::size_t leased_now_ = 0;  ///< leased connections of this generation
  Deadline down_since_{};
  std::string last_error_;
  Connections idle_;
  std::deque<Waiter*> waiters_;

  Deadline next_attempt_{};  ///< the keeper's own
  std::thread keeper_;
};

}  // namespace bridge
