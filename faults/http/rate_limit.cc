// rate_limit: so many requests per window of time, and then 429 until the next one begins. Windows
// count from the arming, over all connections. What is told of the time to wait may be true or not;
// who comes back before the time that it was told is counted as early.

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <mutex>

#include "faults/http/http_date.h"
#include "faults/http/rule.h"

namespace faultline {
namespace http {
namespace {

using std::chrono::seconds;

constexpr std::string_view told_waits[] = {"seconds", "http_date", "missing",
                                           "0",       "garbage",   "86400"};
constexpr std::size_t most_clients = 4096;  // remembered for having been told to wait

constexpr auto parameters = with_request_aim(std::array<Parameter, 4>{{
    {.name = "limit",
     .summary = "so many requests pass in each window",
     .type = ParameterType::integer,
     .least = "0"},
    {.name = "window",
     .summary = "the length of a window",
     .type = ParameterType::duration,
     .fallback = "1s",
     .least = "1ms",
     .most = "24h"},
    {.name = "retry_after",
     .summary = "what Retry-After says: the time that is left, as seconds or as http_date; nothing "
                "at all; or a lie",
     .type = ParameterType::choice,
     .fallback = "seconds",
     .choices = told_waits},
    {.name = "code",
     .summary = "the status that the client is told",
     .type = ParameterType::integer,
     .fallback = "429",
     .least = "400",
     .most = "599"},
}});

class RateLimit final : public HttpRule {
 public:
  struct Terms {
    std::uint64_t limit = 0;
    Duration window{};
    std::string_view told;
    std::uint16_t status = 429;
  };

  // The wall clock is read here, once: rules are told of the other one only.
  RateLimit(RequestAim aim, const Terms& terms)
      : HttpRule(std::move(aim)),
        terms_(terms),
        wall_(std::chrono::system_clock::now()),
        then_(std::chrono::steady_clock::now().time_since_epoch()) {}

  Phase phase() const override { return Phase::before; }

  bool early(const Moment& moment) const override {
    const std::lock_guard lock(mutex_);
    const auto found = waits_.find(moment.client);
    return found != waits_.end() && moment.now < found->second;
  }

  // Counts the request; one within the limit passes.
  bool wants(const Request&, const Moment& moment) const override {
    const std::lock_guard lock(mutex_);
    const std::int64_t window = window_of(moment);
    if (window != window_) passed_ = 0;
    window_ = window;
    if (passed_ >= terms_.limit) return true;
    ++passed_;
    return false;
  }

  std::optional<Reply> reply(const Request& request, const Moment& moment) const override {
    const Instant next = moment.since + terms_.window * (window_of(moment) + 1);
    Instant until = next;
    std::string fields = "Content-Type: application/json\r\n";
    if (terms_.told == "seconds") {
      const auto left = std::chrono::ceil<seconds>(next - moment.now);
      fields += "Retry-After: " + std::to_string(left.count()) + "\r\n";
      until = moment.now + left;
    } else if (terms_.told == "http_date") {
      const auto date = std::chrono::ceil<seconds>(wall_ + (next.time_since_epoch() - then_));
      fields += "Retry-After: " + http_date(date) + "\r\n";
      until = Instant(std::chrono::ceil<Duration>(date - wall_) + then_);
    } else if (terms_.told == "86400") {
      fields += "Retry-After: 86400\r\n";
      until = moment.now + seconds(86400);
    } else {
      if (terms_.told == "0") fields += "Retry-After: 0\r\n";
      if (terms_.told == "garbage") fields += "Retry-After: soon, perhaps\r\n";
      until = Instant{};  // nothing that could be heeded
    }
    remember(moment, until);
    return Reply{response(request, terms_.status, fields, R"({"error":"rate limit exceeded"})"),
                 std::to_string(terms_.status), Ending::keep};
  }

 private:
  std::int64_t window_of(const Moment& moment) const {
    return (moment.now - moment.since) / terms_.window;
  }

  void remember(const Moment& moment, Instant until) const {
    const std::lock_guard lock(mutex_);
    if (waits_.size() >= most_clients) {
      std::erase_if(waits_, [&](const auto& one) { return one.second <= moment.now; });
      if (waits_.size() >= most_clients) return;
    }
    waits_[std::string(moment.client)] = until;
  }

  const Terms terms_;
  const std::chrono::system_clock::time_point wall_;
  const Duration then_;
  mutable std::mutex mutex_;  // guards what follows: links of every worker count
  mutable std::int64_t window_ = -1;
  mutable std::uint64_t passed_ = 0;
  mutable std::map<std::string, Instant, std::less<>> waits_;  // until when each client was told to
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  auto aim = RequestAim::from(settings);
  if (!aim) return std::unexpected(std::move(aim.error()));
  if (aim->asks_status())
    return std::unexpected(
        Errors{{settings.where("upstream_status"),
                "a request that the server never sees has no status; leave it out"}});
  const RateLimit::Terms terms{.limit = static_cast<std::uint64_t>(settings.integer("limit")),
                               .window = settings.duration("window"),
                               .told = *std::ranges::find(told_waits, settings.text("retry_after")),
                               .status = static_cast<std::uint16_t>(settings.integer("code"))};
  return by_request(std::make_shared<RateLimit>(std::move(*aim), terms));
}

}  // namespace
}  // namespace http

extern const FaultKind rate_limit_kind;
constinit const FaultKind rate_limit_kind = {
    .name = "rate_limit",
    .summary = "so many requests pass in each window of time, the rest are told to wait",
    .contract =
        "Arm: windows count from now on, over all connections; within the limit requests pass "
        "untouched. Beyond it the server never sees a request (not done), the client is told 429 "
        "and, truthfully or not, how long to wait; a request that its client's address sends "
        "before that time is counted as early. Update: counting begins anew. Disarm: a request "
        "whose answer is still to come costs the connection: it is reset. Half-close: passes. "
        "Reset: passes.",
    .parameters = http::parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make,
};

}  // namespace faultline
