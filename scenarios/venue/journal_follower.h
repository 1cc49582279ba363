#pragma once

// Reads the journal of a serving faultline (proxy/control/journal_streams.h) while it is written,
// on a thread of its own. Its instants are taken as they are, so the server's monotonic clock must
// be this machine's: the instant in the stream's first line has to lie between asking and reading
// it.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "proxy/journal.h"
#include "scenarios/venue/api_client.h"

namespace faultline {

class JournalFollower {
 public:
  // Told of events in the order of the stream, on the follower's thread. It may change them.
  using Arrived = std::function<void(std::vector<Event>& events)>;

  struct Server {
    std::uint64_t record = 0;  // the number of this one
    std::string version;
    std::string limits;
  };

  // Returns when the record has begun, or why it has not. `over` is called on the follower's thread
  // when there will be no more. Of the proxies of these names.
  static Result<std::unique_ptr<JournalFollower>> begin(const ApiClient& api,
                                                        const std::vector<std::string>& proxies,
                                                        Arrived arrived,
                                                        std::function<void()> over);
  ~JournalFollower();  // reads no further
  JournalFollower(const JournalFollower&) = delete;
  JournalFollower& operator=(const JournalFollower&) = delete;

  const Server& server() const { return server_; }
  // Why it broke off; nothing while it goes on, or when it is whole.
  std::optional<std::string> broken();
  // Has the server end the record, and reads it to its last line. Says why that could not be.
  Result<void> finish();

 private:
  JournalFollower(const ApiClient& api, Arrived arrived, std::function<void()> over);
  void run(const std::string& path);
  bool take(ByteView bytes);
  bool take_line(std::string_view line, std::vector<Event>& events);
  bool take_first(std::string_view line);
  bool stop(std::string why);

  const ApiClient api_;
  const Arrived arrived_;
  const std::function<void()> told_over_;
  Instant asked_{};
  std::string waiting_;  // what is not a whole line yet
  bool ended_ = false;   // the last line was read

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  Server server_;  // constant once begun
  bool begun_ = false;
  bool over_ = false;
  std::string why_;

  std::atomic<bool> abandoned_{false};
  std::thread thread_;  // last: it runs on everything above
};

}  // namespace faultline
