#include "scenarios/venue/lease_keeper.h"

#include <algorithm>
#include <utility>

#include "proxy/control/json_text.h"
#include "proxy/wire/clock.h"

namespace faultline {
namespace {

constexpr int renewals_per_ttl = 3;
constexpr Duration longest_pause = std::chrono::seconds(1);  // what is renewed tells of faults, too
constexpr Duration longest_answer = std::chrono::seconds(5);

}  // namespace

LeaseKeeper::LeaseKeeper(const ApiClient& api, const std::string& owner, Duration ttl,
                         Renewed renewed)
    : api_(api),
      path_("/v1/leases/" + percent_encoded(owner)),
      ttl_(ttl),
      every_(std::min(ttl / renewals_per_ttl, longest_pause)),
      renewed_(std::move(renewed)),
      good_until_(wire::now() + ttl) {
  api_.limit = std::min(ttl / renewals_per_ttl, longest_answer);
  thread_ = std::thread([this] { run(); });
}

LeaseKeeper::~LeaseKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

std::optional<std::string> LeaseKeeper::lost() {
  const std::lock_guard lock(mutex_);
  if (lost_.empty()) return std::nullopt;
  return lost_;
}

void LeaseKeeper::run() {
  std::unique_lock lock(mutex_);
  while (lost_.empty() && !stopped_.wait_for(lock, every_, [this] { return stopping_; })) {
    lock.unlock();
    renew();
    lock.lock();
  }
}

void LeaseKeeper::renew() {
  const Instant asked = wire::now();
  const auto response =
      api_.ask("PUT", path_, "{\"ttl\":" + control::json_string(to_string(ttl_)) + "}");
  std::string why;
  if (response && response->status == 200) {
    good_until_ = asked + ttl_;
    if (const auto owned = control::read_json(response->body)) renewed_(*owned);
  } else if (response) {
    why = "it refused to renew the leases: " + reason_of(*response);
  } else if (wire::now() >= good_until_) {
    why = "it did not answer for " + to_string(ttl_) +
          ", and the leases ran out: " + response.error().what;
  }
  const std::lock_guard lock(mutex_);
  lost_ = std::move(why);
}

}  // namespace faultline
