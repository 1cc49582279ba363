// The keeper: the thread of the pool that opens connections and watches the idle ones. See
// pg_pool.h.

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "pg_pool.h"

namespace bridge {

void PgPool::keep() {
  while (!stop_.requested()) {
    bool open = false;
    {
      const std::lock_guard lock(mutex_);
      open = (!up_ || open_ < settings_.size) && Clock::now() >= next_attempt_;
    }
    if (open) {
      open_one();
    } else {
      watch_idle();
    }
  }
  const std::lock_guard lock(mutex_);
  for (Waiter* waiter : waiters_) {
    waiter->refused = true;
    waiter->turn.notify_one();
  }
  waiters_.clear();
}

std::expected<std::unique_ptr<PgConnection>, std::string> PgPool::opened() {
  {
    const std::lock_guard lock(mutex_);
    if (stays_dead()) return std::unexpected("the connection is dead");
  }
  auto connection =
      PgConnection::open(settings_.conninfo, patience(settings_.connect_deadline), stop_);
  if (!connection) return connection;
  if (!prepared()) {
    // Another node may be creating the schema right now and hold its lock, hence more patience.
    const auto outcome =
        (*connection)->run_script(settings_.schema.c_str(), within(Millis(10000)), stop_);
    if (outcome.kind != Outcome::Kind::done) return std::unexpected("schema: " + outcome.message);
  }
  if (!up()) {
    const auto outcome =
        (*connection)->run("SELECT 1", {}, patience(settings_.statement_deadline), stop_);
    if (outcome.kind != Outcome::Kind::done) return std::unexpected(outcome.message);
  }
  return connection;
}

void PgPool::open_one() {
  std::uint64_t attempted_in = 0;
  {
    const std::lock_guard lock(mutex_);
    attempted_in = generation_;
  }
  auto connection = opened();
  if (stop_.requested()) return;
  if (connection) {
    ++metrics_.pg_connects;
    const std::lock_guard lock(mutex_);
    // Opened before the state turned to down: it proves nothing about now.
    if (attempted_in != generation_) return;
    (*connection)->generation = generation_;
    ++adopted_;
    metrics_.pg_pool_open = static_cast<std::int64_t>(++open_);
    if (!up_) turn_up();
    // The freshest goes first: it is the one known to work.
    hand_out(std::move(*connection), true);
    return;
  }
  ++metrics_.pg_connect_failures;
  next_attempt_ = within(settings_.backoff);
  Connections ended;
  const std::lock_guard lock(mutex_);
  last_error_ = connection.error();
  ended = ended_idle();
  // While others of this life still work, one that could not be opened is no outage.
  if (attempted_in == generation_ && idle_.empty() && leased_now_ == 0 && !announced_down_) {
    turn_down(last_error_);
  }
}

void PgPool::watch_idle() {
  std::vector<pollfd> watched{{stop_.fd(), POLLIN, 0}, {kick_, POLLIN, 0}};
  {
    const std::lock_guard lock(mutex_);
    if (idle_may_be_dead()) {
      for (const auto& connection : idle_) watched.push_back({connection->socket(), POLLIN, 0});
    }
  }
  // A descriptor may be leased, closed or even reused while we wait here; what poll says is
  // therefore only a hint, and the second look is taken under the lock. The time-out brings
  // returned ones in.
  auto until = within(Millis(100));
  if (next_attempt_ > Clock::now()) until = std::min(until, next_attempt_);
  ::poll(watched.data(), watched.size(), poll_timeout(until));
  std::uint64_t kicks = 0;
  [[maybe_unused]] const auto got = ::read(kick_, &kicks, sizeof kicks);
  Connections ended;
  const std::lock_guard lock(mutex_);
  ended = ended_idle();
}

PgPool::Connections PgPool::ended_idle() {
  Connections ended;
  if (!idle_may_be_dead()) return ended;
  Connections alive;
  for (auto& connection : idle_) {
    (connection->still_open() ? alive : ended).push_back(std::move(connection));
  }
  idle_ = std::move(alive);
  count_closed(ended.size());
  return ended;
}

}  // namespace bridge
