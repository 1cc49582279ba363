#pragma once

// The rate limiter: so many requests per key in a fixed window. The window of a key begins with its
// first request and ends `window` later; the first request after that begins the next. A refused
// request counts nothing, so Retry-After is true: at that moment a request is allowed, and a second
// earlier it is not.

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "bugs.h"
#include "http.h"
#include "stop.h"
#include "values.h"

namespace bridge {

class Limiter {
 public:
  struct Answer {
    bool allowed = false;
    std::uint64_t remaining = 0;
    /// Until the window of this key ends, rounded up to what Retry-After can say.
    std::chrono::seconds reset{0};
  };

  Limiter(Limit limit, Bugs bugs) : limit_(limit), bugs_(bugs) {}

  Answer ask(const std::string& key);

  /// X-RateLimit-Limit, -Remaining and -Reset (in seconds); of a refusal also Retry-After.
  void describe(const Answer& answer, Response& response) const;

 private:
  struct Window {
    Deadline ends;
    std::uint64_t used = 0;
  };

  /// Keys come from clients, so they are bounded: windows that are over make place first.
  static constexpr std::size_t most_keys = 100000;

  void make_place(Deadline now);

  const Limit limit_;
  const Bugs bugs_;
  std::mutex mutex_;
  std::unordered_map<std::string, Window> windows_;
};

}  // namespace bridge
