#include "scenarios/venue/api_client.h"

#include <charconv>
#include <utility>

#include "proxy/http_text.h"

namespace faultline {

std::vector<HttpField> ApiClient::fields() const {
  std::vector<HttpField> fields{{"User-Agent", agent}};
  if (!token.empty()) fields.push_back({"Authorization", "Bearer " + token});
  return fields;
}

Result<HttpResponse> ApiClient::ask(std::string method, std::string path, std::string body) const {
  wire::HttpAsk ask;
  ask.method = std::move(method);
  ask.path = std::move(path);
  ask.body = std::move(body);
  ask.fields = fields();
  ask.limit = limit;
  return wire::fetch(target, ask);
}

std::string reason_of(const HttpResponse& refusal) {
  const auto body = control::read_json(refusal.body);
  if (!body) {
    std::string text(trimmed(refusal.body.substr(0, refusal.body.find('\n'))));
    return text.empty() ? "status " + std::to_string(refusal.status) : text;
  }
  std::string all;
  for (const control::JsonValue& error : member(*body, "errors").elements) {
    const std::string& pointer = member(error, "pointer").text;
    all += (all.empty() ? "" : "\n  ") + (pointer.empty() ? "" : pointer + ": ") +
           member(error, "message").text;
  }
  if (!all.empty()) return all;
  const std::string& text = member(*body, "error").text;
  return text.empty() ? "status " + std::to_string(refusal.status) : text;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      out += c;
    } else {
      out += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return out;
}

const control::JsonValue& member(const control::JsonValue& object, std::string_view key) {
  static const control::JsonValue none;
  for (const control::JsonValue& one : object.members) {
    if (one.key == key) return one;
  }
  return none;
}

std::uint64_t count_of(const control::JsonValue& object, std::string_view key) {
  const std::string& text = member(object, key).text;
  std::uint64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

}  // namespace faultline
