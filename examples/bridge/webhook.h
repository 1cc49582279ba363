#pragma once

// What a provider sends: a JSON object with an `event_id` and usually a `user_id`.

#include <expected>
#include <string>
#include <string_view>

#include "event_store.h"

namespace bridge {

/// The error says what is wrong with the body, for the answer 400.
std::expected<Webhook, std::string> parse_webhook(std::string_view provider, std::string body);

}  // namespace bridge
