#pragma once

// What the external APIs of the bridge are made of when nothing outside may be asked: an agent API
// that places calls, two providers with profiles of users, and the authorisation server of one of
// them. It answers after a seeded, lognormal time, counts what it received, and does what a script
// tells it to:
//
//   POST /calls                     agent   201
//   GET  /oura/users/USER           oura    200, a profile
//   GET  /whoop/users/USER          whoop   200, or 401 without a token that holds
//   POST /oauth/token {user_id}     oauth   200, a token
//
//   GET    /counts                  what came, per API and per user
//   PUT    /script/API              answers for the next requests, such as `500 200 429:2 stall`:
//                                   a status (with Retry-After), or none for as long as we live
//   DELETE /tokens                  every token ends now

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <string_view>

#include "http.h"
#include "stop.h"

namespace bridge {

class StubApi {
 public:
  enum class Api { agent, oura, whoop, oauth };
  static constexpr std::size_t apis = 4;

  struct Settings {
    std::array<Millis, apis> latency{Millis(100), Millis(120), Millis(180), Millis(60)};  ///< means
    Millis token_lifetime{3600000};
    std::uint64_t seed = 42;
  };

  StubApi(const Settings& settings, const Stop& stop);

  /// Answers one request; called by many threads at once.
  Response answer(const Request& request);

 private:
  struct Scripted {
    int status = 0;  ///< 0: stall
    std::string retry_after;
  };
  struct User {
    std::uint64_t requests = 0;
    std::uint64_t in_flight = 0;
    std::uint64_t most_in_flight = 0;
  };
  struct Desk {
    std::uint64_t requests = 0;
    std::map<std::string, User> users;
    std::deque<Scripted> script;
  };
  struct Token {
    std::string text;
    Deadline expires;
  };
  /// One request for an API: who it is about, and what to answer unless the script knows better.
  struct Visit {
    Api api;
    std::string user;
  };

  Response serve(const Visit& visit, const Request& request);
  Response usual(const Visit& visit, const Request& request);
  Response control(const Request& request);
  Response set_script(std::string_view api, std::string_view script);
  Response counts();
  Millis pause_for(Api api);
  Desk& desk(Api api) { return desks_[static_cast<std::size_t>(api)]; }

  const Settings settings_;
  const Stop& stop_;
  std::mutex mutex_;
  std::mt19937_64 random_;
  std::array<Desk, apis> desks_;
  std::map<std::string, Token> tokens_;  ///< by user
  std::uint64_t issued_ = 0;
};

}  // namespace bridge
