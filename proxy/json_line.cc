#include "proxy/json_line.h"

#include <array>
#include <charconv>

namespace faultline {
namespace {

template <class Number>
void append_number(std::string& out, Number value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

bool continues(std::string_view text, std::size_t at, unsigned char least, unsigned char most) {
  if (at >= text.size()) return false;
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte >= least && byte <= most;
}

// Length of the well-formed UTF-8 sequence that begins at `at`, 0 if there is none (Unicode 15,
// table 3-7: no surrogates, no overlong forms, nothing beyond U+10FFFF).
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const unsigned char least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (!continues(text, at + 1, least, most)) return 0;
  const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  for (std::size_t i = 2; i < length; ++i) {
    if (!continues(text, at + i, 0x80, 0xbf)) return 0;
  }
  return length;
}

void append_control(std::string& out, char byte) {
  constexpr std::string_view hex = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  out += "\\u00";
  out += hex[value >> 4];
  out += hex[value & 15];
}

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const char byte = text[at];
    const std::size_t length = sequence_length(text, at);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (length > 1) {
      out += text.substr(at, length);
    } else if (byte == '"' || byte == '\\') {
      out += '\\';
      out += byte;
    } else if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f) {
      append_control(out, byte);
    } else {
      out += byte;
    }
    at += length == 0 ? 1 : length;
  }
  out += '"';
}

std::string& JsonObject::key(std::string_view name) {
  if (!first_) out_ += ',';
  first_ = false;
  append_json_text(out_, name);
  out_ += ':';
  return out_;
}

void JsonObject::text(std::string_view name, std::string_view value) {
  append_json_text(key(name), value);
}

void JsonObject::number(std::string_view name, std::int64_t value) {
  append_number(key(name), value);
}

void JsonObject::count(std::string_view name, std::uint64_t value) {
  append_number(key(name), value);
}

void JsonObject::boolean(std::string_view name, bool value) {
  key(name) += value ? "true" : "false";
}

void JsonObject::instant(std::string_view name, Instant at) {
  number(name, at.time_since_epoch().count());
}

void JsonObject::instant_if_any(std::string_view name, Instant at) {
  if (at != Instant{} && at != never) instant(name, at);
}

void JsonObject::text_if_any(std::string_view name, std::string_view value) {
  if (!value.empty()) text(name, value);
}

void JsonObject::count_if_any(std::string_view name, std::uint64_t value) {
  if (value != 0) count(name, value);
}

}  // namespace faultline
