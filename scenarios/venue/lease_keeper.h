#pragma once

// Keeps an owner's leases on a serving faultline, on a thread of its own, so that nothing the
// runner is busy with lets them run out. When the runner is killed nobody renews, and they do.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "scenarios/venue/api_client.h"

namespace faultline {

class LeaseKeeper {
 public:
  // Told, on the keeper's thread, what the server says the owner has.
  using Renewed = std::function<void(const control::JsonValue& owned)>;

  LeaseKeeper(const ApiClient& api, const std::string& owner, Duration ttl, Renewed renewed);
  ~LeaseKeeper();  // renews no more
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  // Why the leases are lost: the server refused, or did not answer for a whole ttl.
  std::optional<std::string> lost();

 private:
  void run();
  void renew();

  ApiClient api_;
  const std::string path_;
  const Duration ttl_;
  const Duration every_;
  const Renewed renewed_;
  Instant good_until_;  // of the keeper's thread, once it runs

  std::mutex mutex_;  // guards what follows
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::string lost_;

  std::thread thread_;  // last: it runs on everything above
};

}  // namespace faultline
