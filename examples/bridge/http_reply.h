#pragma once

// Reading the head of an HTTP/1.1 answer: its status, and where its body ends.

#include <cstddef>
#include <optional>
#include <string_view>

#include "http_client.h"

namespace bridge {

struct ReplyHead {
  HttpReply reply;
  /// Nothing: the body goes on until the connection ends.
  std::optional<std::size_t> length;
  bool keep_alive = true;
};

/// Up to and including the empty line. Nothing when it is not an answer that this client reads;
/// transfer codings are among what it does not.
std::optional<ReplyHead> parse_reply(std::string_view head);

/// Request line, headers and body, ready to be sent.
std::string request_text(const HttpCall& call, const Address& api, bool keep_alive);

}  // namespace bridge
