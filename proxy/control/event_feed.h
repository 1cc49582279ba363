#pragma once

// What happens, told as it happens: each event of the journal is one JSON object to every follower
// of GET /v1/events (server-sent events: `id`, `event`, `data`). The journal's thread hands batches
// over to the control thread; when that cannot keep up, or a follower cannot, events are left out
// and counted (`lost`), or the follower is dropped: nobody who looks on slows the proxies down.
//
// Whoever records what happened, instead of looking on, follows the journal itself
// (proxy/control/journal_streams.h), which this feeds too.

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "proxy/control/journal_streams.h"
#include "proxy/control/names.h"
#include "proxy/http_service.h"
#include "proxy/journal.h"

namespace faultline::control {

class EventFeed final : public JournalReader {
 public:
  static constexpr std::size_t most_followers = 64;
  static constexpr std::uint64_t most_waiting = 16 * 1024;  // events between the two threads
  static constexpr Duration beat_every = std::chrono::seconds(10);

  // Has a task run on the control thread.
  using Post = std::function<void(std::function<void()>)>;

  // `start` is the instant 0 of the events' "at".
  EventFeed(Post post, Instant start) : post_(std::move(post)), start_(start) {}

  void read(std::span<const Event> events) override;  // on the journal's thread

  // The rest is for the control thread.
  struct Sources {
    JournalStreams::Sources of_journals;
    std::function<void()> flush;  // returns when what has happened has been read
  };
  void begin(Sources sources);
  HttpResponse follow();
  // A stream of the journal: of these proxies, or of all.
  HttpResponse record(std::set<std::string> proxies);
  // Has it end when all that has happened is told; false if there is none of this number.
  bool end_record(std::uint64_t record);
  // Who records wants to know at once what has been changed.
  void hasten();
  void beat();  // a comment, so that whoever stands between keeps the connection
  std::size_t followers() const { return streams_of_.size(); }
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  void tell(const std::vector<Event>& events);
  void tell_followers(const std::vector<Event>& events);
  void look();  // whether anybody follows
  void send(const std::string& text);
  std::string told(const Event& event);

  const Post post_;
  const Instant start_;
  std::atomic<bool> followed_{false};
  std::atomic<std::uint64_t> waiting_{0};
  std::atomic<std::uint64_t> lost_{0};
  std::optional<JournalStreams> journals_;
  std::function<void()> flush_;
  const Names* names_ = nullptr;
  HttpStreams* streams_ = nullptr;
  std::set<HttpStreamId> streams_of_;
  std::uint64_t next_ = 1;
  std::uint64_t lost_told_ = 0;
};

}  // namespace faultline::control
