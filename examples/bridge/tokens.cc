#include "tokens.h"

#include <boost/json.hpp>
#include <utility>

#include "json_text.h"

namespace bridge {
namespace {

/// What the authorisation server granted; nothing when the body is something else.
struct Grant {
  std::string token;
  std::int64_t seconds = 0;
};

std::optional<Grant> grant_in(const std::string& body) {
  boost::json::error_code error;
  const auto document = boost::json::parse(body, error);
  const auto* object = error ? nullptr : document.if_object();
  const auto* token = object ? object->if_contains("access_token") : nullptr;
  const auto* seconds = object ? object->if_contains("expires_in") : nullptr;
  if (!token || !token->is_string() || !seconds || !seconds->is_int64()) return std::nullopt;
  const auto& text = token->get_string();
  // It becomes part of a header, so only what may stand there is a token.
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7f) return std::nullopt;
  }
  if (text.empty() || seconds->get_int64() <= 0) return std::nullopt;
  return Grant{{text.data(), text.size()}, std::min<std::int64_t>(seconds->get_int64(), 86400)};
}

}  // namespace

std::expected<std::string, ApiFailure> Tokens::of(const std::string& user) {
  std::unique_lock lock(mutex_);
  if (const auto known = users_.find(user); known != users_.end() &&
                                            !known->second.token.text.empty() &&
                                            Clock::now() < known->second.token.expires) {
    return known->second.token.text;
  }
  ++metrics_.oauth_wanted;
  make_place();
  Entry& entry = users_[user];
  ++entry.held;
  // Bug `refresh-stampede`: everybody fetches for himself.
  if (entry.fetching && !bugs_.refresh_stampede) {
    ++metrics_.oauth_blocked;
    const auto before = entry.fetches;
    // The fetch has a deadline of its own, and so has this wait.
    fetched_.wait(lock, [&] { return entry.fetches != before; });
    --entry.held;
    if (!entry.last) return std::unexpected(entry.last.error());
    return entry.last->text;
  }
  entry.fetching = true;
  lock.unlock();
  auto fetched = fetch(user);
  lock.lock();
  entry.fetching = false;
  --entry.held;
  ++entry.fetches;
  entry.last = fetched;
  entry.token = fetched.value_or(Token{});
  fetched_.notify_all();
  if (!fetched) return std::unexpected(fetched.error());
  return fetched->text;
}

void Tokens::refused(const std::string& user, const std::string& token) {
  const std::lock_guard lock(mutex_);
  const auto known = users_.find(user);
  if (known != users_.end() && known->second.token.text == token) known->second.token = {};
}

// An entry that is held must stay: those who hold it do so by reference.
void Tokens::make_place() {
  if (users_.size() < most_users) return;
  for (const auto& [user, entry] : users_) {
    if (entry.held > 0) return;
  }
  users_.clear();
}

Tokens::Fetched Tokens::fetch(const std::string& user) {
  ++metrics_.oauth_refresh;
  const auto reply = oauth_.call(
      {.method = "POST", .path = "/oauth/token", .body = "{\"user_id\":" + quoted(user) + "}"});
  if (!reply) return std::unexpected(reply.error());
  const auto grant = reply->status < 300 ? grant_in(reply->body) : std::nullopt;
  if (!grant) {
    return std::unexpected(ApiFailure{ApiFailure::Kind::failed,
                                      "no token in status " + std::to_string(reply->status)});
  }
  return Token{grant->token, Clock::now() + std::chrono::seconds(grant->seconds)};
}

}  // namespace bridge
