#pragma once

// One thread's event loop: an edge-triggered epoll set that it waits on, deadlines of microsecond
// resolution (one absolute timerfd), and libuv embedded through its backend descriptor for what is
// not on the path of bytes (signals, processes, name resolution, messages from other threads).
//
// Why not libuv's streams: before 1.52 they turn "data, then RST" into an end of file, and a
// stopped stream sees neither FIN nor RST. Why not uv_poll: 12 epoll_ctl per short connection
// instead of 2.
//
// A turn: wait ─▶ watchers are told what became ready ─▶ due deadlines ─▶ settle ─▶ wait.
// Watchers and deadlines record facts; decisions and destruction belong in settle. Everything but
// post() and stop() is for the loop's own thread.

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "faults/time.h"

typedef struct uv_loop_s uv_loop_t;
typedef struct uv_async_s uv_async_t;

namespace faultline::wire {

// Told of readiness, as epoll's bits: EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR. Edges: a
// bit is told once, when it becomes true (and for all that is true when the watch begins).
class Watcher {
 public:
  virtual void ready(std::uint32_t events) = 0;

 protected:
  ~Watcher() = default;
};

class Loop;

// An instant at which somebody wants to be called, once. Set it again as often as needed; its owner
// may destroy it at any time.
class Deadline {
 public:
  Deadline(Loop& loop, std::function<void(Instant now)> due);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(Instant at);  // `never` clears
  void clear();
  bool is_set() const { return place_ != unset; }
  Instant at() const { return at_; }

 private:
  friend class Loop;
  static constexpr std::size_t unset = ~std::size_t{0};

  Loop& loop_;
  std::function<void(Instant)> due_;
  Instant at_ = never;
  std::size_t place_ = unset;  // in the loop's heap
};

class Loop {
 public:
  Loop();
  ~Loop();  // asserts that nothing is left: uv_loop_close returned 0
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Watches a non-blocking descriptor for everything, until it is closed. One epoll_ctl in its
  // life. The watcher must outlive the events of the turn in which the descriptor is closed:
  // destroy it in settle or later.
  void watch(int fd, Watcher& watcher);

  // The same descriptor, from now on for another watcher, which is told of all that is true then.
  void rewatch(int fd, Watcher& watcher);

  // Runs once at the end of every turn, before the loop waits.
  void on_settle(std::function<void(Instant now)> settle) { settle_ = std::move(settle); }

  // From any thread: calls `task` on the loop's thread, soon.
  void post(std::function<void()> task);

  void run();   // until stop(); then what was posted before it has been called
  void stop();  // from any thread

  // The next turn does not wait: somebody has not used up what is ready.
  void again() { again_ = true; }

  // The instant of this turn's wake-up: one clock reading for all that happens in it.
  Instant now() const { return now_; }
  void refresh_now();  // after something slow, or for an exact stamp

  uv_loop_t* uv() { return uv_; }  // for proxy/wire/ only

 private:
  friend class Deadline;

  void set_watcher(int operation, int fd, Watcher& watcher);
  void turn();
  void wait();
  int wait_for(std::span<epoll_event> events);
  void run_due();
  bool timer_serves(Instant next) const { return timer_at_ > now_ && timer_at_ <= next; }
  void arm_timer(Instant next);
  void run_posted();
  void sift_up(std::size_t place);
  void sift_down(std::size_t place);
  void place(Deadline* deadline, std::size_t at);

  // Deadlines due so soon after one that woke the loop are taken along: a timer wake-up costs more.
  static constexpr Duration coalesce = std::chrono::microseconds(5);
  // A timer comes late by what it takes to wake: 10 us after a short sleep, 60 us where the
  // processor has slept deeply. So it is set earlier, by what two thirds of the latest sleeps of
  // that kind were late at least, and what it then came too early is polled away.
  struct Lead {
    Duration most, now{};
    void learn(Duration late);
  };
  static constexpr Duration short_sleep = std::chrono::microseconds(200);

  int epoll_ = -1;
  int timer_ = -1;
  uv_loop_t* uv_ = nullptr;
  uv_async_t* wake_ = nullptr;
  Instant now_{};
  Instant timer_at_ = never;  // what the timer was last set to
  Lead short_lead_{std::chrono::microseconds(20)}, long_lead_{std::chrono::microseconds(60)};
  Lead* lead_ = &long_lead_;  // what it was set earlier by
  bool again_ = false;
  std::vector<Deadline*> heap_;
  std::function<void(Instant)> settle_;
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
  std::atomic<bool> any_posted_{false};  // spares a turn without messages the lock
  std::atomic<bool> stopping_{false};
};

}  // namespace faultline::wire
