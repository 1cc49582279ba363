#include "pg_pool.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "json_text.h"

namespace bridge {

PgPool::PgPool(Settings settings, Metrics& metrics, Events& events, const Stop& stop)
    : settings_(std::move(settings)),
      metrics_(metrics),
      events_(events),
      stop_(stop),
      kick_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      down_since_(Clock::now()) {
  if (kick_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  metrics_.pg_pool_size = static_cast<std::int64_t>(settings_.size);
}

void PgPool::start() {
  keeper_ = std::thread([this] { keep(); });
}

void PgPool::join() {
  if (keeper_.joinable()) keeper_.join();
}

PgPool::~PgPool() {
  join();
  idle_.clear();
  ::close(kick_);
}

// Bug `no-deadline`: connecting and statements take as long as they take.
Deadline PgPool::patience(Millis duration) const {
  return settings_.bugs.no_deadline ? never : within(duration);
}

// Bug `stale-pool`: idle connections are believed to be alive, whatever happened to others.
bool PgPool::idle_may_be_dead() const { return !settings_.bugs.stale_pool; }

// Bug `no-reconnect`: once a connection was lost, nobody opens another. With the lock held.
bool PgPool::stays_dead() const { return settings_.bugs.no_reconnect && adopted_ > open_; }

bool PgPool::up() const {
  const std::lock_guard lock(mutex_);
  return up_;
}

bool PgPool::prepared() const {
  const std::lock_guard lock(mutex_);
  return prepared_;
}

std::string PgPool::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

void PgPool::kick() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(kick_, &one, sizeof one);
}

std::expected<PgPool::Lease, Reason> PgPool::acquire(Deadline deadline) {
  const auto asked = Clock::now();
  std::unique_lock lock(mutex_);
  if (stop_.requested()) return std::unexpected(Reason::draining);
  if (!up_) return std::unexpected(Reason::pg);
  std::unique_ptr<PgConnection> connection;
  if (!idle_.empty()) {
    connection = std::move(idle_.front());
    idle_.pop_front();
    lease_out(*connection);
  } else {
    Waiter self;
    waiters_.push_back(&self);
    const Counted waiting(metrics_.pg_pool_waiting);
    self.turn.wait_until(lock, deadline, [&] { return self.granted || self.refused; });
    if (self.refused) return std::unexpected(stop_.requested() ? Reason::draining : Reason::pg);
    if (!self.granted) {
      std::erase(waiters_, &self);
      ++metrics_.pg_acquire_timeouts;
      return std::unexpected(Reason::pool);
    }
    connection = std::move(self.granted);
  }
  ++metrics_.pg_pool_in_use;
  metrics_.pg_acquire.observe(Clock::now() - asked);
  return Lease(*this, std::move(connection));
}

PgPool::Lease::~Lease() {
  if (connection_) pool_->give_back(std::move(connection_), Fate::keep, {});
}

Outcome PgPool::Lease::run(const char* sql, std::span<const PgConnection::Parameter> parameters) {
  const auto begin = Clock::now();
  auto outcome = connection_->run(
      sql, parameters, pool_->patience(pool_->settings_.statement_deadline), pool_->stop_);
  pool_->metrics_.pg_statement.observe(Clock::now() - begin);
  using Kind = Outcome::Kind;
  if (outcome.kind == Kind::done || outcome.kind == Kind::bad_data) return outcome;
  ++pool_->metrics_.pg_statement_failures;
  // An error the server could still report is about this statement; silence or the end of the
  // connection is about the server.
  const bool outage = outcome.kind == Kind::lost || outcome.kind == Kind::timed_out;
  pool_->give_back(std::move(connection_), outage ? Fate::discard_as_outage : Fate::discard,
                   outcome.message);
  return outcome;
}

void PgPool::give_back(std::unique_ptr<PgConnection> connection, Fate fate,
                       const std::string& why) {
  // Connections are closed after the lock is released.
  Connections evicted;
  {
    const std::lock_guard lock(mutex_);
    --metrics_.pg_pool_in_use;
    const bool of_this_life = connection->generation == generation_;
    if (of_this_life) --leased_now_;
    if (fate == Fate::keep && of_this_life && !stop_.requested()) {
      hand_out(std::move(connection), false);
      return;
    }
    if (fate == Fate::discard_as_outage && of_this_life) evicted = turn_down(why);
    count_closed(1);
  }
  kick();
}

void PgPool::lease_out(const PgConnection& connection) {
  if (connection.generation == generation_) ++leased_now_;
}

void PgPool::count_closed(std::size_t closed) {
  open_ -= closed;
  metrics_.pg_pool_open = static_cast<std::int64_t>(open_);
}

void PgPool::hand_out(std::unique_ptr<PgConnection> connection, bool first) {
  if (!waiters_.empty()) {
    Waiter* next = waiters_.front();
    waiters_.pop_front();
    lease_out(*connection);
    next->granted = std::move(connection);
    next->turn.notify_one();
  } else if (first) {
    idle_.push_front(std::move(connection));
  } else {
    idle_.push_back(std::move(connection));
  }
}

PgPool::Connections PgPool::turn_down(const std::string& why) {
  if (up_) down_since_ = Clock::now();
  up_ = false;
  metrics_.pg_up = 0;
  ++generation_;
  leased_now_ = 0;
  Connections evicted;
  if (idle_may_be_dead()) evicted.swap(idle_);
  count_closed(evicted.size());
  for (Waiter* waiter : waiters_) {
    waiter->refused = true;
    waiter->turn.notify_one();
  }
  waiters_.clear();
  if (!std::exchange(announced_down_, true)) {
    events_.emit("dependency_down", {{"dependency", quoted("pg")}, {"reason", quoted(why)}});
  }
  return evicted;
}

void PgPool::turn_up() {
  up_ = true;
  prepared_ = true;
  announced_down_ = false;
  metrics_.pg_up = 1;
  const std::chrono::duration<double> down = Clock::now() - down_since_;
  events_.emit("dependency_up",
               {{"dependency", quoted("pg")}, {"down_s", seconds_text(down.count())}});
}

}  // namespace bridge
