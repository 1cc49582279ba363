#pragma once

// A recording of calls one after the other, told as a word: one letter per demand, 200 ms apart,
// beginning at 0. The workload `webhooks` is the demand, the proxy `db` the link to the API.
//
//   S  the call succeeded     F  it failed, 500, after 100 ms
//   N  it was answered 404    r  refused within 1 ms, nothing on the link
//   x  answered 429 by the service itself, nothing on the link

#include <string_view>

#include "tests/support/recordings.h"

namespace faultline::test {

class BreakerStory : public RecordingBuilder {
 public:
  static constexpr double step = 200;
  static constexpr double call_takes = 100;

  explicit BreakerStory(std::string_view word) {
    double t = 0;
    for (const char letter : word) {
      tell(t, letter);
      t += step;
    }
    // Something later than all calls: none of them was cut by the end of the recording.
    event(EventKind::proxy_closed, "db", t + 1000);
    recording().load_ended = ms(t);
  }

  // What the service says: it went from one state to the other.
  BreakerStory& claim(double at, std::string from, std::string to, std::uint64_t failed = 0,
                      std::uint64_t total = 0) {
    BreakerClaim one;
    one.at = ms(at);
    one.process = "service";
    one.breaker = "api";
    one.from = std::move(from);
    one.to = std::move(to);
    one.failures = failed;
    one.total = total;
    recording().breaker_claims.push_back(one);
    return *this;
  }

  // When the letter at this place (from 0) began, and when its call had ended.
  static double began(int place) { return step * place + 1; }
  static double ended(int place) { return began(place) + call_takes; }

  Measure of(std::string_view name, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"webhooks", "db"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return measure("breaker." + std::string(name), arguments);
  }

 private:
  void tell(double t, char letter) {
    const double over = t + 1 + call_takes;
    switch (letter) {
      case 'S':
        exchange("db", t + 1, over, Told::ack, "201");
        request(t, over + 1 - t, {202, ""});
        return;
      case 'F':
        exchange("db", t + 1, over, Told::ambiguous, "500");
        request(t, over + 1 - t, {502, "agent"});
        return;
      case 'N':
        exchange("db", t + 1, over, Told::failure, "404");
        request(t, over + 1 - t, {502, "agent"});
        return;
      case 'x':
        request(t, 1, {429, "rate_limited"});
        return;
      default:
        request(t, 1, {503, "breaker"});
    }
  }
};

// Everything that a healthy breaker can show: it opened, a probe failed, another closed it.
inline BreakerStory healthy_breaker() {
  BreakerStory story("SSFFFFFrrrFrrrSSS");
  story.claim(BreakerStory::ended(6), "closed", "open", 5, 7);
  story.claim(BreakerStory::began(10), "open", "half_open");
  story.claim(BreakerStory::ended(10), "half_open", "open", 1, 1);
  story.claim(BreakerStory::began(14), "open", "half_open");
  story.claim(BreakerStory::ended(14), "half_open", "closed");
  return story;
}

}  // namespace faultline::test
