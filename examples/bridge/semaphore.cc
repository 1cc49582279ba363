#include "semaphore.h"

#include <algorithm>

namespace bridge {

Semaphore::Semaphore(std::size_t limit, Metrics& metrics) : metrics_(metrics), free_(limit) {
  metrics_.sem_limit = static_cast<std::int64_t>(limit);
}

std::optional<Semaphore::Permit> Semaphore::acquire(Deadline deadline) {
  const auto asked = Clock::now();
  std::unique_lock lock(mutex_);
  bool granted = false;
  if (free_ > 0 && !closed_) {
    --free_;
    granted = true;
  } else if (!closed_) {
    Waiter self;
    waiters_.push_back(&self);
    const Counted waiting(metrics_.sem_waiting);
    self.turn.wait_until(lock, deadline, [&] { return self.granted || closed_; });
    granted = self.granted;
    if (!granted) std::erase(waiters_, &self);
  }
  metrics_.sem_wait.observe(Clock::now() - asked);
  if (!granted) return std::nullopt;
  ++metrics_.sem_in_use;
  return Permit(*this);
}

void Semaphore::release() {
  const std::lock_guard lock(mutex_);
  --metrics_.sem_in_use;
  if (waiters_.empty()) {
    ++free_;
    return;
  }
  Waiter* next = waiters_.front();
  waiters_.pop_front();
  next->granted = true;
  next->turn.notify_one();
}

void Semaphore::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (Waiter* waiter : waiters_) waiter->turn.notify_one();
}

}  // namespace bridge
