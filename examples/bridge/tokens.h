#pragma once

// OAuth tokens of users, fetched when they are needed. Single flight: whoever needs the token of a
// user while it is being fetched waits for that fetch instead of beginning another, and shares its
// outcome, good or bad. So the authorisation server sees at most one request per user at a time.

#include <condition_variable>
#include <expected>
#include <mutex>
#include <string>
#include <unordered_map>

#include "bugs.h"
#include "external_api.h"
#include "metrics.h"

namespace bridge {

class Tokens {
 public:
  Tokens(ExternalApi& oauth, Bugs bugs, Metrics& metrics)
      : oauth_(oauth), bugs_(bugs), metrics_(metrics) {}

  std::expected<std::string, ApiFailure> of(const std::string& user);

  /// The API did not take this token; the next one who asks gets another.
  void refused(const std::string& user, const std::string& token);

 private:
  struct Token {
    std::string text;  ///< empty: none
    Deadline expires{};
  };
  using Fetched = std::expected<Token, ApiFailure>;
  struct Entry {
    Token token;
    bool fetching = false;
    std::size_t held = 0;       ///< by those who fetch or wait
    std::uint64_t fetches = 0;  ///< that came to an end
    Fetched last = Token{};
  };

  /// Users come from webhooks, so they are bounded; whose token is not at hand pays one fetch.
  static constexpr std::size_t most_users = 10000;

  Fetched fetch(const std::string& user);
  void make_place();

  ExternalApi& oauth_;
  const Bugs bugs_;
  Metrics& metrics_;
  std::mutex mutex_;
  std::condition_variable fetched_;
  std::unordered_map<std::string, Entry> users_;
};

}  // namespace bridge
