#include "proxy/wire/http_message.h"

#include <time.h>

#include <array>
#include <charconv>

namespace faultline::wire {
namespace {

struct Phrase {
  int status;
  std::string_view words;
};

constexpr auto phrases = std::to_array<Phrase>({
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Request Entity Too Large"},
    {415, "Unsupported Media Type"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Entity"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
});

std::string_view phrase(int status) {
  for (const Phrase& known : phrases) {
    if (known.status == status) return known.words;
  }
  return "Unknown";
}

// The form of RFC 9110 section 5.6.7, in English whatever the locale.
std::string http_date() {
  static constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const time_t seconds = time(nullptr);
  tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> rest{};
  strftime(rest.data(), rest.size(), " %Y %H:%M:%S GMT", &parts);
  std::array<char, 4> day{};
  strftime(day.data(), day.size(), "%d", &parts);
  return std::string(days[static_cast<std::size_t>(parts.tm_wday)]) + ", " + day.data() + " " +
         months[static_cast<std::size_t>(parts.tm_mon)] + rest.data();
}

bool has_length(const HttpResponse& response, const Framing& framing) {
  const bool bodyless = response.status == 204 || response.status == 304;
  return !bodyless && !framing.chunked && !framing.open_ended;
}

}  // namespace

std::string head_of(const HttpResponse& response, const Framing& framing) {
  std::string out =
      "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(phrase(response.status));
  out += "\r\n";
  for (const HttpField& field : response.fields) out += field.name + ": " + field.value + "\r\n";
  out += "Date: " + http_date() + "\r\n";
  if (has_length(response, framing)) {
    out += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  }
  if (framing.chunked) out += "Transfer-Encoding: chunked\r\n";
  if (framing.close || framing.open_ended) out += "Connection: close\r\n";
  return out + "\r\n";
}

void append_chunk(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;  // an empty chunk would end the stream
  std::array<char, 16> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), bytes.size(), 16).ptr;
  out.append(digits.data(), end);
  out += "\r\n";
  out += bytes;
  out += "\r\n";
}

void read_target(std::string_view target, HttpRequest& request) {
  const std::size_t scheme = target.find("://");
  if (!target.starts_with('/') && scheme != std::string_view::npos) {
    target.remove_prefix(scheme + 3);
    const std::size_t end = target.find_first_of("/?");
    request.host = target.substr(0, end);
    target = end == std::string_view::npos ? "/" : target.substr(end);
  }
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  if (request.path.empty()) request.path = "/";
}

HttpResponse plain_answer(int status) {
  return {.status = status,
          .fields = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::to_string(status) + " " + std::string(phrase(status)) + "\n"};
}

}  // namespace faultline::wire
