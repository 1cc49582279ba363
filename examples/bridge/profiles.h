#pragma once

// What the providers know of the users whose webhooks we take: fetched from their APIs and stored
// beside the webhook. By default after the answer, by workers with a bounded queue: an API that is
// slow or away costs profiles, never webhooks. What finds the queue full is dropped and counted.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "event_store.h"
#include "external_api.h"
#include "metrics.h"
#include "options.h"
#include "tokens.h"

namespace bridge {

class Profiles {
 public:
  Profiles(const Options& options, EventStore& store, Metrics& metrics, Events& events,
           const Stop& stop);
  /// The process must have been told to stop.
  ~Profiles();

  void start();

  /// The profile of the webhook's user as JSON; nothing when its provider has no API here, or gives
  /// none now. Waits for the API's deadline at most; with a token to fetch, for that one's too.
  std::optional<std::string> of(const Webhook& webhook);

  /// Fetches it soon and stores it with the webhook, which is in the table already.
  void fetch_later(const Webhook& webhook);

  /// Ends the workers, after the process has been told to stop.
  void join();

 private:
  static constexpr std::size_t longest_queue = 1000;

  void work();
  bool has_api(const Webhook& webhook) const;
  std::expected<HttpReply, ApiFailure> ask(const Webhook& webhook);
  std::expected<HttpReply, ApiFailure> ask_whoop(const std::string& user);

  const std::size_t workers_wanted_;
  EventStore& store_;
  Metrics& metrics_;
  std::optional<ExternalApi> oura_;
  std::optional<ExternalApi> whoop_;
  std::optional<ExternalApi> whoop_oauth_;
  std::optional<Tokens> tokens_;

  std::mutex mutex_;
  std::condition_variable news_;
  bool ending_ = false;
  std::deque<Webhook> queue_;
  std::vector<std::thread> workers_;
};

}  // namespace bridge
