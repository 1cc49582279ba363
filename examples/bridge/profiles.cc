#include "profiles.h"

#include <boost/json.hpp>
#include <utility>

namespace bridge {
namespace {

/// A user's id as one segment of a path.
std::string segment(std::string_view text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  return out;
}

bool is_json(const std::string& text) {
  boost::json::error_code error;
  (void)boost::json::parse(text, error);
  return !error;
}

}  // namespace

Profiles::Profiles(const Options& options, EventStore& store, Metrics& metrics, Events& events,
                   const Stop& stop)
    : workers_wanted_(options.enrich_workers), store_(store), metrics_(metrics) {
  const auto api = [&](std::string name, const Address& address, Millis deadline) {
    return ExternalApi::Settings{
        address,
        options.api_keep_alive,
        deadline,
        {std::move(name), options.breaker, options.breaker_open, options.bugs}};
  };
  if (options.oura) {
    oura_.emplace(api("oura", *options.oura, options.api_deadline), metrics.oura, events, stop);
  }
  if (options.whoop) {
    whoop_.emplace(api("whoop", *options.whoop, options.api_deadline), metrics.whoop, events, stop);
    // Tokens have a breaker of their own: while none can be had, the API itself is well.
    whoop_oauth_.emplace(api("whoop-oauth", *options.whoop, options.oauth_deadline),
                         metrics.whoop_oauth, events, stop);
    tokens_.emplace(*whoop_oauth_, options.bugs, metrics);
  }
}

Profiles::~Profiles() { join(); }

void Profiles::start() {
  if (!oura_ && !whoop_) return;
  for (std::size_t i = 0; i < workers_wanted_; ++i) {
    workers_.emplace_back([this] { work(); });
  }
}

void Profiles::join() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  news_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

bool Profiles::has_api(const Webhook& webhook) const {
  if (!webhook.user_id) return false;
  return (webhook.provider == "oura" && oura_) || (webhook.provider == "whoop" && whoop_);
}

std::optional<std::string> Profiles::of(const Webhook& webhook) {
  if (!has_api(webhook)) return std::nullopt;
  auto reply = ask(webhook);
  if (!reply || reply->status != 200 || !is_json(reply->body)) {
    ++metrics_.enrich_failed;
    return std::nullopt;
  }
  ++metrics_.enriched;
  return std::move(reply->body);
}

std::expected<HttpReply, ApiFailure> Profiles::ask(const Webhook& webhook) {
  if (webhook.provider == "whoop") return ask_whoop(*webhook.user_id);
  return oura_->call({.path = "/oura/users/" + segment(*webhook.user_id)});
}

// A token may be revoked before it expires: then once more with a new one, and not again.
std::expected<HttpReply, ApiFailure> Profiles::ask_whoop(const std::string& user) {
  for (bool again = false;; again = true) {
    const auto token = tokens_->of(user);
    if (!token) return std::unexpected(token.error());
    auto reply = whoop_->call({.path = "/whoop/users/" + segment(user),
                               .headers = {{"Authorization", "Bearer " + *token}}});
    if (!reply || reply->status != 401) return reply;
    tokens_->refused(user, *token);
    if (again) return reply;
  }
}

void Profiles::fetch_later(const Webhook& webhook) {
  if (!has_api(webhook)) return;
  {
    const std::lock_guard lock(mutex_);
    if (ending_ || queue_.size() >= longest_queue) {
      ++metrics_.enrich_dropped;
      return;
    }
    queue_.push_back(webhook);
    ++metrics_.enrich_queue;
  }
  news_.notify_one();
}

void Profiles::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    news_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (ending_) return;
    const Webhook webhook = std::move(queue_.front());
    queue_.pop_front();
    --metrics_.enrich_queue;
    lock.unlock();
    if (const auto profile = of(webhook)) store_.add_profile(webhook.event_id, *profile);
    lock.lock();
  }
}

}  // namespace bridge
