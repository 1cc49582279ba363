#include "proxy/control/json_text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace faultline::control {
namespace {

// The length of the UTF-8 sequence at the front of `text`, or 0 if there is none: no lone
// continuation, no overlong form, no surrogate, nothing beyond U+10FFFF (RFC 3629 section 4).
std::size_t sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (length == 0 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  const unsigned second = byte(1);
  const bool sound = (first != 0xe0 || second >= 0xa0) && (first != 0xed || second < 0xa0) &&
                     (first != 0xf0 || second >= 0x90) && (first != 0xf4 || second < 0x90);
  return sound ? length : 0;
}

void append_escaped(std::string& out, unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (byte) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
  }
}

bool needs_escape(unsigned char byte) {
  return byte < ' ' || byte == '"' || byte == '\\' || byte == '<' || byte == '>' || byte == '&';
}

// Go writes an exponent below 1e-6 and from 1e21 on, with no more digits of it than needed.
template <class Number>
std::string shortest(Number number) {
  const Number size = std::fabs(number);
  const bool exponent = size != 0 && (size < Number(1e-6) || size >= Number(1e21));
  std::array<char, 400> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), number,
                    exponent ? std::chars_format::scientific : std::chars_format::fixed)
          .ptr;
  std::string out(text.data(), end);
  const std::size_t zero = out.find("e-0");
  if (zero != std::string::npos) out.erase(zero + 2, 1);
  return out;
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = sequence(text);
    const std::string_view piece = text.substr(0, length == 0 ? 1 : length);
    if (length == 0) {
      out += "\\ufffd";
    } else if (length == 1 && needs_escape(static_cast<unsigned char>(piece.front()))) {
      append_escaped(out, static_cast<unsigned char>(piece.front()));
    } else if (piece == "\xe2\x80\xa8" || piece == "\xe2\x80\xa9") {  // line ends to JavaScript
      out += piece.back() == '\xa8' ? "\\u2028" : "\\u2029";
    } else {
      out += piece;
    }
    text.remove_prefix(piece.size());
  }
  return out + '"';
}

std::string json_number(float number) { return shortest(number); }
std::string json_number(double number) { return shortest(number); }

}  // namespace faultline::control
