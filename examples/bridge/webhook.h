#pragma once

// What providers send: a JSON object with an `event_id` and usually a `user_id`. What clients send
// who want a call placed.

#include <expected>
#include <string>
#include <string_view>

#include "event_store.h"

namespace bridge {

/// The error says what is wrong with the body, for the answer 400.
std::expected<Webhook, std::string> parse_webhook(std::string_view provider, std::string body);

/// What a client orders with POST /calls/outbound: a JSON object with `call_id` and `to`.
struct CallOrder {
  std::string call_id;
  std::string to;
};

/// The error is as parse_webhook's.
std::expected<CallOrder, std::string> parse_call(const std::string& body);

}  // namespace bridge
