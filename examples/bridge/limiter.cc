#include "limiter.h"

#include <algorithm>

namespace bridge {

Limiter::Answer Limiter::ask(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  make_place(now);
  auto [entry, fresh] = windows_.try_emplace(key, Window{now + limit_.window, 0});
  Window& window = entry->second;
  // Bug `rl-no-expire`: the end of a window goes unnoticed, so who was blocked once stays blocked.
  if (!fresh && now >= window.ends && !bugs_.rl_no_expire) window = {now + limit_.window, 0};
  const bool allowed = window.used < limit_.requests;
  if (allowed) ++window.used;
  // Bug `rl-counts-blocked`: a refused request begins the window anew, all of it used up.
  if (!allowed && bugs_.rl_counts_blocked) window.ends = now + limit_.window;
  const auto left = std::max(window.ends - now, Clock::duration::zero());
  return {allowed, limit_.requests - window.used, std::chrono::ceil<std::chrono::seconds>(left)};
}

void Limiter::make_place(Deadline now) {
  if (windows_.size() < most_keys) return;
  std::erase_if(windows_, [now](const auto& entry) { return now >= entry.second.ends; });
  // Still full: forgetting all of them lets some requests pass that should not, for one window.
  if (windows_.size() >= most_keys) windows_.clear();
}

void Limiter::describe(const Answer& answer, Response& response) const {
  // Bug `rl-no-header`: the client is refused, and not told for how long.
  if (bugs_.rl_no_header) return;
  const std::string reset = std::to_string(answer.reset.count());
  response.headers.emplace_back("X-RateLimit-Limit", std::to_string(limit_.requests));
  response.headers.emplace_back("X-RateLimit-Remaining", std::to_string(answer.remaining));
  response.headers.emplace_back("X-RateLimit-Reset", reset);
  if (!answer.allowed) response.headers.emplace_back("Retry-After", reset);
}

}  // namespace bridge
