#include "http.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace bridge {
namespace {

bool token(std::string_view text) {
  static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view next_line(std::string_view& text) {
  const auto end = text.find("\r\n");
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 2);
  return line;
}

/// The request line; the error is a status as in parse_head.
std::expected<Request, int> parse_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == line.npos || last == first) return std::unexpected(400);
  const auto target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  Request request;
  request.method = line.substr(0, first);
  const bool visible =
      std::ranges::all_of(target, [](unsigned char c) { return c > 0x20 && c != 0x7f; });
  if (!token(request.method) || !target.starts_with('/') || !visible) {
    return std::unexpected(400);
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return std::unexpected(version.starts_with("HTTP/") ? 505 : 400);
  }
  request.keep_alive = version == "HTTP/1.1";
  request.path = target.substr(0, target.find('?'));
  return request;
}

/// Nothing when the header is understood or of no interest, else the status to refuse it with.
std::optional<int> apply(Request& request, const std::string& name, std::string_view value,
                         bool& sized) {
  if (name == "content-length") {
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), request.content_length);
    if (sized || value.empty() || value.front() == '-' || error != std::errc{} ||
        end != value.data() + value.size()) {
      return 400;
    }
    sized = true;
  } else if (name == "transfer-encoding") {
    return 501;
  } else if (name == "connection") {
    const auto options = lower(value);
    if (options.find("close") != options.npos) request.keep_alive = false;
  } else if (name == "expect") {
    request.expects_continue = lower(value) == "100-continue";
  } else if (name == "x-forwarded-for") {
    request.forwarded_for = value;
  } else if (name == "authorization") {
    request.authorization = value;
  }
  return std::nullopt;
}

std::string_view status_text(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

}  // namespace

std::expected<Request, int> parse_head(std::string_view head) {
  auto request = parse_request_line(next_line(head));
  if (!request) return request;
  bool sized = false;
  while (!head.empty()) {
    const auto line = next_line(head);
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon == line.npos || !token(line.substr(0, colon))) return std::unexpected(400);
    const auto value = trimmed(line.substr(colon + 1));
    // Stray line ends and zero bytes are how one request is smuggled inside another.
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos) {
      return std::unexpected(400);
    }
    if (const auto status = apply(*request, lower(line.substr(0, colon)), value, sized)) {
      return std::unexpected(*status);
    }
  }
  return request;
}

std::string wire_text(const Response& response, bool keep_alive, bool head_only) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " ";
  text.append(status_text(response.status)).append("\r\n");
  text += "Content-Type: " + response.content_type + "\r\n";
  text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  for (const auto& [name, value] : response.headers) text += name + ": " + value + "\r\n";
  if (!keep_alive) text += "Connection: close\r\n";
  text += "\r\n";
  if (!head_only) text += response.body;
  return text;
}

}  // namespace bridge
