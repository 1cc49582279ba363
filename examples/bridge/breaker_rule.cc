#include "breaker_rule.h"

#include <algorithm>

#include "values.h"

namespace bridge {
namespace {

constexpr std::uint64_t most = 10000;

std::optional<std::size_t> amount(std::string_view text) {
  const auto number = whole_number(text);
  if (!number || *number == 0 || *number > most) return std::nullopt;
  return static_cast<std::size_t>(*number);
}

std::optional<BreakerRule> consecutive(std::string_view text) {
  const auto failures = amount(text);
  if (!failures) return std::nullopt;
  return BreakerRule{.failures = *failures};
}

std::optional<BreakerRule> count(std::string_view text) {
  const auto parts = limit(text);
  if (!parts || parts->requests > most) return std::nullopt;
  return BreakerRule{.kind = BreakerRule::Kind::count,
                     .failures = static_cast<std::size_t>(parts->requests),
                     .window = parts->window};
}

std::optional<BreakerRule> rate(std::string_view text) {
  const auto sign = text.find("%/");
  if (sign == text.npos) return std::nullopt;
  const auto percent = whole_number(text.substr(0, sign));
  const auto rest = limit(text.substr(sign + 2));
  if (!percent || *percent < 1 || *percent > 100 || !rest || rest->requests > most) {
    return std::nullopt;
  }
  return BreakerRule{.kind = BreakerRule::Kind::rate,
                     .percent = static_cast<unsigned>(*percent),
                     .minimum = static_cast<std::size_t>(rest->requests),
                     .window = rest->window};
}

}  // namespace

std::optional<BreakerRule> breaker_rule(std::string_view text) {
  const auto colon = std::min(text.find(':'), text.size());
  const auto kind = text.substr(0, colon);
  const auto rest = text.substr(std::min(colon + 1, text.size()));
  if (kind == "consecutive") return consecutive(rest);
  if (kind == "count") return count(rest);
  if (kind == "rate") return rate(rest);
  return std::nullopt;
}

bool FailureCount::add(bool failed, Deadline now) {
  using Kind = BreakerRule::Kind;
  if (rule_.kind == Kind::consecutive) {
    in_a_row_ = failed ? in_a_row_ + 1 : 0;
    return in_a_row_ >= rule_.failures;
  }
  // A count of failures has no use for successes.
  if (failed || rule_.kind == Kind::rate) recent_.push_back({now, failed});
  while (!recent_.empty() && now - recent_.front().at >= rule_.window) recent_.pop_front();
  if (!failed) return false;
  if (rule_.kind == Kind::count) return recent_.size() >= rule_.failures;
  const auto failures =
      static_cast<std::size_t>(std::ranges::count(recent_, true, &Outcome::failed));
  return recent_.size() >= rule_.minimum && failures * 100 >= rule_.percent * recent_.size();
}

void FailureCount::forget() {
  in_a_row_ = 0;
  recent_.clear();
}

}  // namespace bridge
