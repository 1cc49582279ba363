#include "scenarios/formats/text.h"

#include <cstddef>
#include <cstdint>

namespace faultline {
namespace {

unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// Length of the well-formed sequence at `i`, or 0. RFC 3629: no overlong forms, no surrogates,
// nothing beyond U+10FFFF.
std::size_t sequence_at(std::string_view text, std::size_t i) {
  const unsigned lead = byte_at(text, i);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k)
    if ((byte_at(text, i + k) & 0xC0) != 0x80) return 0;
  const unsigned second = byte_at(text, i + 1);
  if (lead == 0xE0 && second < 0xA0) return 0;
  if (lead == 0xED && second > 0x9F) return 0;
  if (lead == 0xF0 && second < 0x90) return 0;
  if (lead == 0xF4 && second > 0x8F) return 0;
  return length;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_at(text, i);
    if (length == 0)
      out += "\xEF\xBF\xBD";
    else
      out += text.substr(i, length);
    i += length == 0 ? 1 : length;
  }
  return out;
}

std::string printable(std::string_view text, bool ascii) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_at(text, i);
    const unsigned lead = byte_at(text, i);
    // U+0080 to U+009F are control characters too.
    const bool control =
        lead < 0x20 || lead == 0x7F || (lead == 0xC2 && length == 2 && byte_at(text, i + 1) < 0xA0);
    if (length == 0 || control || (ascii && lead >= 0x80))
      out += '?';
    else
      out += text.substr(i, length);
    i += length == 0 ? 1 : length;
  }
  return out;
}

}  // namespace faultline
