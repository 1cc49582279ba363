#include "proxy/journal.h"

#include <condition_variable>
#include <set>

#include "tests/support/catch.h"

using namespace faultline;

namespace {

Instant at(std::int64_t ns) { return Instant(Duration(ns)); }

Event numbered(ConnectionId writer, std::uint64_t number) {
  Event event;
  event.at = at(static_cast<std::int64_t>(number));
  event.kind = EventKind::exchange;
  event.connection = writer;
  event.count = number;
  return event;
}

// Remembers every event; can be asked to wait until told to go on, and waited for.
class Tape : public JournalReader {
 public:
  void read(std::span<const Event> batch) override {
    std::unique_lock lock(mutex_);
    events_.insert(events_.end(), batch.begin(), batch.end());
    threads_.insert(std::this_thread::get_id());
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_; });
  }
  void hold() { set(true); }
  void release() { set(false); }
  void await(std::size_t count) {
    std::unique_lock lock(mutex_);
    REQUIRE(
        changed_.wait_for(lock, std::chrono::minutes(1), [&] { return events_.size() >= count; }));
  }
  std::vector<Event> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  std::size_t threads() const {
    const std::lock_guard lock(mutex_);
    return threads_.size();
  }

 private:
  void set(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
  std::set<std::thread::id> threads_;
  bool held_ = false;
};

}  // namespace

TEST_CASE("a pen keeps events in order and counts those that do not fit") {
  JournalPen pen(4);
  std::vector<Event> out;
  for (std::uint64_t n = 1; n <= 6; ++n) pen.write(numbered(1, n));
  CHECK(pen.lost() == 2);
  pen.take(out);
  REQUIRE(out.size() == 5);
  for (std::uint64_t n = 1; n <= 4; ++n) CHECK(out[n - 1].count == n);
  CHECK(out[4].kind == EventKind::journal_overflowed);
  CHECK(out[4].count == 2);
  CHECK(out[4].at == at(4));

  SECTION("the gap is told once") {
    out.clear();
    pen.take(out);
    CHECK(out.empty());
  }
  SECTION("a second gap is told for itself") {
    out.clear();
    for (std::uint64_t n = 7; n <= 11; ++n) pen.write(numbered(1, n));
    pen.take(out);
    REQUIRE(out.size() == 5);
    CHECK(out[0].count == 7);
    CHECK(out[4].count == 1);
    CHECK(out[4].at == at(10));
  }
}

TEST_CASE("a pen's place is used again after it was read") {
  JournalPen pen(3);
  std::vector<Event> out;
  for (std::uint64_t n = 1; n <= 100; ++n) {
    pen.write(numbered(1, n));
    pen.write(numbered(1, n));
    pen.take(out);
  }
  REQUIRE(out.size() == 200);
  for (std::size_t i = 0; i < out.size(); ++i) CHECK(out[i].count == i / 2 + 1);
  CHECK(pen.lost() == 0);
}

TEST_CASE("flush returns when what was written before it has been read") {
  Tape tape;
  Journal journal(tape);
  JournalPen& pen = journal.pen();
  for (std::uint64_t n = 1; n <= 50; ++n) {
    pen.write(numbered(1, n));
    journal.flush();
    REQUIRE(tape.events().size() == n);
    REQUIRE(tape.events().back().count == n);
  }
  CHECK(tape.threads() == 1);
}

TEST_CASE("the journal reads by itself when nobody flushes") {
  Tape tape;
  Journal journal(tape);
  journal.pen().write(numbered(1, 1));
  tape.await(1);
}

TEST_CASE("a reader that has nothing to read sleeps, and the next event wakes it") {
  Tape tape;
  Journal journal(tape);
  JournalPen& early = journal.pen();
  for (std::uint64_t n = 1; n <= 5; ++n) {
    while (!journal.asleep()) std::this_thread::yield();
    (n % 2 == 0 ? early : journal.pen()).write(numbered(1, n));
    tape.await(n);
  }
  while (!journal.asleep()) std::this_thread::yield();
  journal.flush();
  CHECK(tape.events().size() == 5);
}

TEST_CASE("the end of the journal reads what is left") {
  Tape tape;
  {
    Journal journal(tape);
    JournalPen& pen = journal.pen();
    for (std::uint64_t n = 1; n <= 100; ++n) pen.write(numbered(1, n));
  }
  CHECK(tape.events().size() == 100);
}

TEST_CASE("a reader that stands still costs events, never the writer") {
  Tape tape;
  Journal journal(tape, 8);
  JournalPen& pen = journal.pen();
  tape.hold();
  pen.write(numbered(1, 0));
  tape.await(1);
  for (std::uint64_t n = 1; n <= 20; ++n) pen.write(numbered(1, n));
  CHECK(journal.lost() == 12);
  tape.release();
  journal.flush();
  const auto events = tape.events();
  REQUIRE(events.size() == 10);
  CHECK(events.back().kind == EventKind::journal_overflowed);
  CHECK(events.back().count == 12);
}

TEST_CASE("writers, flushes and new pens at once: nothing vanishes uncounted, order holds") {
  constexpr std::size_t writers = 3;
  constexpr std::uint64_t each = 20'000;
  Tape tape;
  std::uint64_t lost = 0;
  {
    Journal journal(tape, 256);
    std::vector<std::thread> threads;
    for (std::size_t w = 0; w < writers; ++w) {
      threads.emplace_back([&journal, w] {
        JournalPen& pen = journal.pen();
        for (std::uint64_t n = 1; n <= each; ++n) {
          pen.write(numbered(w, n));
          if (n % 100 == 0) journal.flush();
        }
      });
    }
    for (auto& thread : threads) thread.join();
    journal.flush();
    lost = journal.lost();
  }
  std::vector<std::uint64_t> last(writers, 0);
  std::uint64_t kept = 0;
  std::uint64_t told_lost = 0;
  bool ordered = true;
  for (const Event& event : tape.events()) {
    if (event.kind == EventKind::journal_overflowed) {
      told_lost += event.count;
      continue;
    }
    ++kept;
    ordered = ordered && event.count > last[event.connection];
    last[event.connection] = event.count;
  }
  CHECK(ordered);
  CHECK(kept + told_lost == writers * each);
  CHECK(told_lost == lost);
  CHECK(tape.threads() == 1);
}

TEST_CASE("what was touched adds up") {
  Touched sum;
  CHECK_FALSE(sum.any());
  sum.add(Touched{});
  CHECK(sum.first == never);
  sum.add({.connections = 1, .messages = 2, .bytes = 3, .first = at(5), .last = at(9)});
  sum.add({.connections = 2, .messages = 1, .bytes = 1, .first = at(4), .last = at(8)});
  CHECK(sum.any());
  CHECK(sum.connections == 3);
  CHECK(sum.messages == 3);
  CHECK(sum.bytes == 4);
  CHECK(sum.first == at(4));
  CHECK(sum.last == at(9));
}

TEST_CASE("every kind of event, word of an answer and fact of a session has a name of its own") {
  std::set<std::string_view> names;
  constexpr int kinds = static_cast<int>(EventKind::journal_overflowed) + 1;
  for (int i = 0; i < kinds; ++i) names.insert(name(static_cast<EventKind>(i)));
  CHECK(names.size() == kinds);
  names.clear();
  for (int i = 0; i <= static_cast<int>(Told::nothing); ++i)
    names.insert(name(static_cast<Told>(i)));
  CHECK(names.size() == 5);
  names.clear();
  for (int i = 0; i <= static_cast<int>(SessionFact::server_error); ++i)
    names.insert(name(static_cast<SessionFact>(i)));
  CHECK(names.size() == 5);
}
