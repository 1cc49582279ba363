#pragma once

// How many webhooks are worked on at once. First come, first served: a permit given back goes
// straight to whoever waits longest, so nobody who arrives later can slip past.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "metrics.h"
#include "stop.h"

namespace bridge {

class Semaphore {
 public:
  /// One place among the limit; given back on destruction.
  class Permit {
   public:
    explicit Permit(Semaphore& owner) : owner_(&owner) {}
    Permit(Permit&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Permit& operator=(Permit&&) = delete;
    ~Permit() {
      if (owner_) owner_->release();
    }

   private:
    Semaphore* owner_;
  };

  Semaphore(std::size_t limit, Metrics& metrics);

  /// Nothing when the deadline passed, or the semaphore was closed, before it was our turn.
  std::optional<Permit> acquire(Deadline deadline);

  /// Sends everybody who waits away, now and later.
  void close();

 private:
  struct Waiter {
    std::condition_variable turn;
    bool granted = false;
  };

  void release();

  Metrics& metrics_;
  std::mutex mutex_;
  std::size_t free_;
  bool closed_ = false;
  std::deque<Waiter*> waiters_;
};

}  // namespace bridge
