// The ring of a pen counts for ever and indexes by remainder:
//
//   taken_ ─────▶ [ events to be read ] ◀───── written_        written_ - taken_ <= capacity
//
// The writer alone moves written_ and lost_, the reader alone moves taken_. Each publishes with
// release what the other acquires, so an event is whole before it can be seen, and has been copied
// out before its place is written again.
//
// A reader that falls asleep says so first and looks for events then; a writer writes first and
// looks for a sleeper then. In the one order of these four (they are sequentially consistent) one
// of the two sees the other, so no event waits for the next.

#include "proxy/journal.h"

#include <algorithm>
#include <cassert>

namespace faultline {

std::string_view name(EventKind kind) {
  switch (kind) {
    case EventKind::proxy_opened:
      return "proxy_opened";
    case EventKind::proxy_closed:
      return "proxy_closed";
    case EventKind::connection_accepted:
      return "connection_accepted";
    case EventKind::connection_shed:
      return "connection_shed";
    case EventKind::upstream_connected:
      return "upstream_connected";
    case EventKind::upstream_failed:
      return "upstream_failed";
    case EventKind::client_failed:
      return "client_failed";
    case EventKind::peer_ended:
      return "peer_ended";
    case EventKind::peer_reset:
      return "peer_reset";
    case EventKind::connection_closed:
      return "connection_closed";
    case EventKind::exchange:
      return "exchange";
    case EventKind::session:
      return "session";
    case EventKind::desync:
      return "desync";
    case EventKind::fault_commanded:
      return "fault_commanded";
    case EventKind::fault_armed:
      return "fault_armed";
    case EventKind::fault_touched:
      return "fault_touched";
    case EventKind::fault_disarm_commanded:
      return "fault_disarm_commanded";
    case EventKind::fault_disarmed:
      return "fault_disarmed";
    case EventKind::journal_overflowed:
      return "journal_overflowed";
  }
  assert(false);
  return {};
}

void Touched::add(const Touched& other) {
  connections += other.connections;
  early += other.early;
  messages += other.messages;
  bytes += other.bytes;
  first = std::min(first, other.first);
  last = std::max(last, other.last);
}

JournalPen::JournalPen(std::size_t capacity, Journal* journal)
    : journal_(journal), ring_(capacity) {
  assert(capacity > 0);
}

void JournalPen::write(const Event& event) {
  const std::uint64_t written = written_.load(std::memory_order_relaxed);
  if (written - taken_.load(std::memory_order_acquire) == ring_.size()) {
    lost_.store(lost_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    return;
  }
  ring_[written % ring_.size()] = event;
  written_.store(written + 1);
  if (journal_ != nullptr) journal_->something_written();
}

bool JournalPen::written() const {
  return written_.load() != taken_.load(std::memory_order_relaxed);
}

// The count of the lost is read before the count of the written, and the room is given back last:
// an event is lost only while the ring is full, so all that was written before the gap is in this
// batch and nothing from after it is.
void JournalPen::take(std::vector<Event>& out) {
  const std::uint64_t lost = lost_.load(std::memory_order_acquire);
  const std::uint64_t written = written_.load(std::memory_order_acquire);
  const std::uint64_t taken = taken_.load(std::memory_order_relaxed);
  assert(written - taken <= ring_.size());
  for (std::uint64_t i = taken; i != written; ++i) out.push_back(ring_[i % ring_.size()]);
  if (written != taken) last_at_ = out.back().at;
  if (lost != lost_told_) {
    Event gap;
    gap.at = last_at_;
    gap.kind = EventKind::journal_overflowed;
    gap.count = lost - lost_told_;
    out.push_back(gap);
    lost_told_ = lost;
  }
  taken_.store(written, std::memory_order_release);
}

Journal::Journal(JournalReader& reader, std::size_t capacity)
    : reader_(reader), capacity_(capacity), thread_([this] { run(); }) {}

Journal::~Journal() {
  {
    const std::lock_guard lock(orders_mutex_);
    stopping_ = true;
  }
  ordered_.notify_one();
  thread_.join();
}

JournalPen& Journal::pen() {
  auto pen = std::make_unique<JournalPen>(capacity_, this);
  const std::lock_guard lock(pens_mutex_);
  return *pens_.emplace_back(std::move(pen));
}

void Journal::flush() {
  assert(std::this_thread::get_id() != thread_.get_id());
  std::unique_lock lock(orders_mutex_);
  const std::uint64_t ticket = ++flushes_asked_;
  ordered_.notify_one();
  drained_.wait(lock, [&] { return flushes_done_ >= ticket; });
}

std::uint64_t Journal::lost() const {
  const std::lock_guard lock(pens_mutex_);
  std::uint64_t sum = 0;
  for (const auto& pen : pens_) sum += pen->lost();
  return sum;
}

void Journal::run() {
  std::unique_lock lock(orders_mutex_);
  const auto ordered = [&] { return stopping_ || flushes_asked_ != flushes_done_; };
  bool found = true;
  for (bool last = false; !last;) {
    if (found) {
      ordered_.wait_for(lock, longest_wait, ordered);
    } else if (fall_asleep()) {
      ordered_.wait(lock, [&] { return ordered() || !asleep_.load(); });
      asleep_.store(false);
    }
    last = stopping_;
    const std::uint64_t answered = flushes_asked_;
    lock.unlock();
    found = drain();
    lock.lock();
    flushes_done_ = answered;
    drained_.notify_all();
  }
}

bool Journal::drain() {
  {
    const std::lock_guard lock(pens_mutex_);
    for (const auto& pen : pens_) pen->take(batch_);
  }
  const bool found = !batch_.empty();
  if (found) reader_.read(batch_);
  batch_.clear();
  return found;
}

bool Journal::fall_asleep() {
  asleep_.store(true);
  const std::lock_guard lock(pens_mutex_);
  if (std::ranges::none_of(pens_, [](const auto& pen) { return pen->written(); })) return true;
  asleep_.store(false);
  return false;
}

// One writer of many rings. The reader holds the mutex from its look at the pens until it waits,
// and never while it reads, so this is short.
void Journal::wake() {
  if (!asleep_.exchange(false)) return;
  orders_mutex_.lock();
  orders_mutex_.unlock();
  ordered_.notify_one();
}

}  // namespace faultline
