#include "external_api.h"

#include <algorithm>
#include <utility>

namespace bridge {
namespace {

using Verdict = Breaker::Verdict;

/// Longer than this we do not wait on the word of somebody else.
constexpr std::chrono::seconds most_patience{60};

std::string why(const std::expected<HttpReply, CallFailure>& reply) {
  return reply ? "status " + std::to_string(reply->status) : reply.error().message;
}

}  // namespace

ExternalApi::ExternalApi(Settings settings, BreakerMetrics& metrics, Events& events,
                         const Stop& stop)
    : bugs_(settings.breaker.bugs),
      deadline_(settings.deadline),
      stop_(stop),
      client_(std::move(settings.address), settings.keep_alive),
      breaker_(std::move(settings.breaker), metrics, events) {}

std::expected<HttpReply, ApiFailure> ExternalApi::call(const HttpCall& call) {
  using Kind = ApiFailure::Kind;
  if (const auto left = patience_left(); left.count() > 0) {
    return std::unexpected(ApiFailure{Kind::limited, "the API asked for patience", left});
  }
  const auto pass = breaker_.admit();
  if (!pass) {
    const auto wait = std::chrono::ceil<std::chrono::seconds>(breaker_.wait());
    return std::unexpected(
        ApiFailure{Kind::breaker, "the breaker is open", std::max(wait, std::chrono::seconds(1))});
  }
  auto reply = client_.call(call, within(deadline_), stop_);
  breaker_.ended(*pass, judge(reply), why(reply));
  return told(std::move(reply));
}

Verdict ExternalApi::judge(const std::expected<HttpReply, CallFailure>& reply) const {
  if (!reply) {
    return reply.error().kind == CallFailure::Kind::stopped ? Verdict::not_counted
                                                            : Verdict::failure;
  }
  if (reply->status >= 500) return Verdict::failure;
  if (reply->status < 400) return Verdict::success;
  // Bug `cb-counts-4xx`: the client's own mistakes are taken for the API's.
  return bugs_.cb_counts_4xx ? Verdict::failure : Verdict::not_counted;
}

std::expected<HttpReply, ApiFailure> ExternalApi::told(
    std::expected<HttpReply, CallFailure> reply) {
  using Kind = ApiFailure::Kind;
  if (!reply) {
    const auto kind = reply.error().kind == CallFailure::Kind::timed_out ? Kind::timed_out
                      : reply.error().kind == CallFailure::Kind::stopped ? Kind::stopped
                                                                         : Kind::failed;
    return std::unexpected(ApiFailure{kind, std::move(reply.error().message)});
  }
  if (reply->status == 429) {
    const auto asked = std::clamp(reply->retry_after.value_or(std::chrono::seconds(1)),
                                  std::chrono::seconds(1), most_patience);
    const std::lock_guard lock(mutex_);
    if (reply->retry_after) not_before_ = std::max(not_before_, Clock::now() + asked);
    return std::unexpected(ApiFailure{Kind::limited, "status 429", asked});
  }
  if (reply->status >= 500) {
    return std::unexpected(ApiFailure{Kind::failed, "status " + std::to_string(reply->status)});
  }
  return std::move(*reply);
}

std::chrono::seconds ExternalApi::patience_left() {
  const std::lock_guard lock(mutex_);
  return std::chrono::ceil<std::chrono::seconds>(
      std::max(not_before_ - Clock::now(), Clock::duration::zero()));
}

}  // namespace bridge
