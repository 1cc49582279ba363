#include "webhook.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

namespace bridge {
namespace {

constexpr std::size_t longest_id = 200;

bool plain(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

/// The text of a member; nothing when it is absent, an error when it is not a usable text.
std::expected<std::optional<std::string>, std::string> text_member(
    const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains({name.data(), name.size()});
  if (!value || value->is_null()) return std::nullopt;
  const auto* string = value->if_string();
  if (!string) return std::unexpected(std::string(name) + ": not a string");
  const std::string_view text(string->data(), string->size());
  if (text.empty() || text.size() > longest_id || !plain(text)) {
    return std::unexpected(std::string(name) + ": expected 1 to " + std::to_string(longest_id) +
                           " bytes without control characters");
  }
  return std::string(text);
}

std::expected<boost::json::object, std::string> object_in(const std::string& body) {
  boost::json::error_code error;
  auto document = boost::json::parse({body.data(), body.size()}, error);
  if (error) return std::unexpected("body: not JSON: " + error.message());
  if (!document.is_object()) return std::unexpected("body: not a JSON object");
  return std::move(document.get_object());
}

std::expected<std::string, std::string> required(const boost::json::object& object,
                                                 std::string_view name) {
  auto text = text_member(object, name);
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::unexpected(std::string(name) + ": missing; it is required");
  return std::move(**text);
}

}  // namespace

std::expected<Webhook, std::string> parse_webhook(std::string_view provider, std::string body) {
  const auto object = object_in(body);
  if (!object) return std::unexpected(object.error());
  auto event_id = required(*object, "event_id");
  if (!event_id) return std::unexpected(event_id.error());
  auto user_id = text_member(*object, "user_id");
  if (!user_id) return std::unexpected(user_id.error());
  return Webhook{std::string(provider), std::move(*event_id), std::move(*user_id), std::move(body),
                 std::nullopt};
}

std::expected<CallOrder, std::string> parse_call(const std::string& body) {
  const auto object = object_in(body);
  if (!object) return std::unexpected(object.error());
  auto call_id = required(*object, "call_id");
  if (!call_id) return std::unexpected(call_id.error());
  auto to = required(*object, "to");
  if (!to) return std::unexpected(to.error());
  return CallOrder{std::move(*call_id), std::move(*to)};
}

}  // namespace bridge
