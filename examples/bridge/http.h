#pragma once

// HTTP/1.1 as far as the bridge needs it: requests with Content-Length bodies, keep-alive,
// pipelining.

#include <cstddef>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bridge {

struct Request {
  std::string method;
  std::string path;  ///< without the query
  std::string body;
  std::string forwarded_for;  ///< X-Forwarded-For as it came
  std::string authorization;
  std::string client;  ///< address of the other end; set by the connection
  std::size_t content_length = 0;
  bool keep_alive = true;
  bool expects_continue = false;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type = "application/json";
  std::string body;
  bool close = false;
  /// Run by the connection's thread once the answer has been sent.
  std::function<void()> after_send;
};

/// Reads a request head: everything up to and including the empty line. The error is the status to
/// answer with: 400 for what is malformed or ambiguous, 501 for transfer codings, 505 for the
/// version.
std::expected<Request, int> parse_head(std::string_view head);

/// Head and body of an answer, ready to be sent. The body is left out for HEAD.
std::string wire_text(const Response& response, bool keep_alive, bool head_only);

}  // namespace bridge
