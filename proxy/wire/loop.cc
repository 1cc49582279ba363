#include "proxy/wire/loop.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "proxy/wire/clock.h"

namespace faultline::wire {
namespace {

constexpr int events_per_wait = 256;
// So often at most it is asked for more in one turn: what has happened to all of ten thousand
// connections is known before the first is settled, so that those with messages come first.
constexpr int most_waits = 64;

}  // namespace

Deadline::Deadline(Loop& loop, std::function<void(Instant)> due)
    : loop_(loop), due_(std::move(due)) {}

Deadline::~Deadline() { clear(); }

void Deadline::set(Instant at) {
  if (at == never) return clear();
  if (place_ == unset) {
    at_ = at;
    loop_.heap_.push_back(this);
    place_ = loop_.heap_.size() - 1;
    loop_.sift_up(place_);
    return;
  }
  const bool earlier = at < at_;
  at_ = at;
  if (earlier) {
    loop_.sift_up(place_);
  } else {
    loop_.sift_down(place_);
  }
}

void Deadline::clear() {
  if (place_ == unset) return;
  const std::size_t hole = std::exchange(place_, unset);
  at_ = never;
  Deadline* last = loop_.heap_.back();
  loop_.heap_.pop_back();
  if (last == this) return;
  loop_.place(last, hole);
  loop_.sift_up(hole);
  loop_.sift_down(last->place_);
}

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)), uv_(new uv_loop_t), wake_(new uv_async_t) {
  timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  assert(epoll_ >= 0 && timer_ >= 0);
  [[maybe_unused]] const int started = uv_loop_init(uv_);
  assert(started == 0);
  // The wake-up is the only handle that keeps the loop alive; its callback has nothing to do, since
  // every turn looks at what was posted.
  uv_async_init(uv_, wake_, [](uv_async_t*) {});
  uv_run(uv_, UV_RUN_NOWAIT);  // lets libuv register its own descriptors
  epoll_event uv_event{};
  uv_event.events = EPOLLIN;
  uv_event.data.ptr = uv_;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, uv_backend_fd(uv_), &uv_event);
  epoll_event timer_event{};
  timer_event.events = EPOLLIN | EPOLLET;
  timer_event.data.ptr = &timer_;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &timer_event);
  now_ = wire::now();
}

Loop::~Loop() {
  assert(heap_.empty());
  uv_close(reinterpret_cast<uv_handle_t*>(wake_), nullptr);
  uv_run(uv_, UV_RUN_DEFAULT);
  [[maybe_unused]] const int closed = uv_loop_close(uv_);
  assert(closed == 0);
  delete wake_;
  delete uv_;
  close(timer_);
  close(epoll_);
}

void Loop::watch(int fd, Watcher& watcher) { set_watcher(EPOLL_CTL_ADD, fd, watcher); }

void Loop::rewatch(int fd, Watcher& watcher) { set_watcher(EPOLL_CTL_MOD, fd, watcher); }

void Loop::set_watcher(int operation, int fd, Watcher& watcher) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watcher;
  [[maybe_unused]] const int done = epoll_ctl(epoll_, operation, fd, &event);
  assert(done == 0);
}

void Loop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(task));
    any_posted_.store(true, std::memory_order_release);
  }
  uv_async_send(wake_);
}

void Loop::stop() {
  stopping_.store(true);
  uv_async_send(wake_);
}

void Loop::refresh_now() { now_ = wire::now(); }

void Loop::run() {
  stopping_.store(false);
  while (!stopping_.load(std::memory_order_relaxed)) turn();
  run_posted();
}

void Loop::turn() {
  wait();
  run_posted();
  run_due();
  if (settle_) settle_(now_);
}

void Loop::wait() {
  std::array<epoll_event, events_per_wait> events;
  int n = wait_for(events);
  bool uv_ready = n == 0 || uv_backend_timeout(uv_) == 0;
  for (int waits = 1;; ++waits) {
    for (int i = 0; i < n; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.ptr == uv_) {
        uv_ready = true;
      } else if (event.data.ptr != &timer_) {
        static_cast<Watcher*>(event.data.ptr)->ready(event.events);
      }
    }
    if (n < events_per_wait || waits == most_waits) break;
    n = epoll_wait(epoll_, events.data(), events_per_wait, 0);
  }
  if (uv_ready) uv_run(uv_, UV_RUN_NOWAIT);
}

void Loop::run_posted() {
  if (!any_posted_.load(std::memory_order_acquire)) return;
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(posted_mutex_);
    any_posted_.store(false, std::memory_order_relaxed);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) task();
}

// As many as there were at the start: one that is set anew for now waits for the next turn, so that
// it cannot keep the sockets waiting.
void Loop::run_due() {
  for (std::size_t left = heap_.size(); left > 0 && !heap_.empty(); --left) {
    if (heap_.front()->at_ > now_ + coalesce) return;
    if (heap_.front()->at_ > now_) {
      // Never early: the few microseconds left are waited for here.
      while (wire::now() < heap_.front()->at_) {
      }
      refresh_now();
    }
    Deadline* deadline = heap_.front();
    deadline->clear();
    deadline->due_(now_);
  }
}

// Setting the timer costs more than all else in a turn (on a virtual machine it may leave the
// guest), so it is set only by a loop that is about to sleep and sleeps long enough.
int Loop::wait_for(std::span<epoll_event> events) {
  const auto ask = [&](int limit) {
    const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), limit);
    assert(n >= 0 || errno == EINTR);
    refresh_now();
    return n;
  };
  if (std::exchange(again_, false)) return ask(0);
  const int limit = uv_loop_alive(uv_) != 0 ? uv_backend_timeout(uv_) : -1;
  if (heap_.empty()) return ask(limit);
  const Instant next = heap_.front()->at_;
  if (!timer_serves(next)) {
    int n = ask(0);
    while (n == 0 && limit != 0 && now_ < next && next - now_ <= short_lead_.now) n = ask(0);
    if (n != 0 || limit == 0 || now_ >= next) return n;
    lead_ = next - now_ < short_sleep ? &short_lead_ : &long_lead_;
    arm_timer(next - lead_->now);
  }
  const int n = ask(limit);
  if (n == 1 && events.front().data.ptr == &timer_) lead_->learn(now_ - timer_at_);
  return n;
}

// timerfd_settime also clears the expiry, so the descriptor is never read; and a timer that nobody
// waits for any more, or that comes before it is needed, is left to lapse, which costs at most one
// idle turn. So the deadlines of thousands of short connections cost nothing.
void Loop::arm_timer(Instant next) {
  timer_at_ = next;
  itimerspec when{};
  const auto since = std::max<Duration>(next.time_since_epoch(), Duration(1));
  when.it_value.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(since).count();
  when.it_value.tv_nsec = (since % std::chrono::seconds(1)).count();
  timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
}

// One step up for a wake that was later than expected, two down for one that was not.
void Loop::Lead::learn(Duration late) {
  constexpr Duration step = std::chrono::microseconds(1);
  now = std::clamp(late > now ? now + step : now - 2 * step, Duration(0), most);
}

void Loop::place(Deadline* deadline, std::size_t at) {
  heap_[at] = deadline;
  deadline->place_ = at;
}

void Loop::sift_up(std::size_t at) {
  Deadline* moving = heap_[at];
  while (at > 0) {
    const std::size_t parent = (at - 1) / 2;
    if (heap_[parent]->at_ <= moving->at_) break;
    place(heap_[parent], at);
    at = parent;
  }
  place(moving, at);
}

void Loop::sift_down(std::size_t at) {
  Deadline* moving = heap_[at];
  while (true) {
    std::size_t child = 2 * at + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->at_ < heap_[child]->at_) ++child;
    if (heap_[child]->at_ >= moving->at_) break;
    place(heap_[child], at);
    at = child;
  }
  place(moving, at);
}

}  // namespace faultline::wire
