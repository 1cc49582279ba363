#include "http_reply.h"

#include <algorithm>
#include <string>

#include "values.h"

namespace bridge {
namespace {

/// The next line without its end, which is CRLF.
std::string_view next_line(std::string_view& text) {
  const auto end = text.find("\r\n");
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 2);
  return line;
}

bool same(std::string_view name, std::string_view lower) {
  return std::ranges::equal(name, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

std::optional<ReplyHead> status_line(std::string_view line) {
  // "HTTP/1.1 503 whatever"
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[8] != ' ') return std::nullopt;
  const auto status = whole_number(line.substr(9, 3));
  if (!status || *status < 100 || (line.size() > 12 && line[12] != ' ')) return std::nullopt;
  ReplyHead head;
  head.reply.status = static_cast<int>(*status);
  head.keep_alive = line[7] == '1';
  return head;
}

bool apply(ReplyHead& head, std::string_view name, std::string_view value) {
  if (same(name, "content-length")) {
    const auto length = whole_number(value);
    if (!length || (head.length && *head.length != *length)) return false;
    head.length = static_cast<std::size_t>(*length);
  } else if (same(name, "transfer-encoding")) {
    return false;
  } else if (same(name, "connection")) {
    head.keep_alive = !same(value, "close");
  } else if (same(name, "retry-after")) {
    if (const auto seconds = whole_number(value); seconds && *seconds <= 86400) {
      head.reply.retry_after = std::chrono::seconds(*seconds);
    }
  }
  return true;
}

}  // namespace

std::optional<ReplyHead> parse_reply(std::string_view text) {
  auto head = status_line(next_line(text));
  if (!head) return std::nullopt;
  while (!text.empty()) {
    const auto line = next_line(text);
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon == line.npos) return std::nullopt;
    auto value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
    if (!apply(*head, line.substr(0, colon), value)) return std::nullopt;
  }
  const int status = head->reply.status;
  if (status < 200 || status == 204 || status == 304) head->length = 0;
  return head;
}

std::string request_text(const HttpCall& call, const Address& api, bool keep_alive) {
  const bool bracketed = api.host.find(':') != std::string::npos;
  std::string text = call.method + " " + call.path + " HTTP/1.1\r\nHost: ";
  text += bracketed ? "[" + api.host + "]" : api.host;
  text += ":" + std::to_string(api.port) + "\r\n";
  for (const auto& [name, value] : call.headers) text += name + ": " + value + "\r\n";
  if (!keep_alive) text += "Connection: close\r\n";
  if (!call.body.empty()) text += "Content-Type: application/json\r\n";
  if (!call.body.empty() || call.method != "GET") {
    text += "Content-Length: " + std::to_string(call.body.size()) + "\r\n";
  }
  return text.append("\r\n").append(call.body);
}

}  // namespace bridge
