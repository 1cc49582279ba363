#include <algorithm>

#include "faults/http/rule.h"

namespace faultline::http {
namespace {

struct Phrase {
  std::uint16_t status;
  std::string_view text;
};
constexpr Phrase phrases[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

}  // namespace

// A reason phrase may be empty, its space may not (RFC 9112 section 4).
std::string_view reason_phrase(std::uint16_t status) {
  const auto found = std::ranges::find(phrases, status, &Phrase::status);
  return found == std::end(phrases) ? std::string_view() : found->text;
}

std::string response(const Request& request, std::uint16_t status, std::string_view fields,
                     std::string_view body) {
  const bool no_body = status == 204 || status == 304;
  std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
  text.append(reason_phrase(status)).append("\r\n").append(fields);
  if (!no_body) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  if (!request.keeps_alive) {
    text += "Connection: close\r\n";
  } else if (request.http_1_0) {
    text += "Connection: keep-alive\r\n";
  }
  text += "\r\n";
  if (!no_body && !request.is_head()) text += body;
  return text;
}

}  // namespace faultline::http
