#pragma once

// The words of a header block: how pieces of one become whole, and how they compare.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace faultline {

// A text that arrives in pieces. While it is one piece it is only looked at where it lies; it is
// copied when a second piece comes, or when the bytes it lies in are about to go (keep).
class PiecedText {
 public:
  void append(std::string_view piece) {
    if (text_.empty()) {
      text_ = piece;
      return;
    }
    keep();
    kept_.append(piece);
    text_ = kept_;
  }
  void keep() {
    if (text_.empty() || text_.data() == kept_.data()) return;
    kept_.assign(text_);
    text_ = kept_;
  }
  void clear() { text_ = {}; }
  std::string_view view() const { return text_; }

 private:
  std::string_view text_;
  std::string kept_;  // its room is used again
};

// Header names and the words of their values compare without case (ASCII).
inline bool same_word(std::string_view text, std::string_view lower_word) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
  return text.size() == lower_word.size() &&
         std::equal(text.begin(), text.end(), lower_word.begin(),
                    [&](char a, char b) { return lower(a) == b; });
}

inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// A request target is visible ASCII and has no fragment (RFC 9112 section 3.2).
inline bool sound_target(std::string_view target) {
  return std::all_of(target.begin(), target.end(),
                     [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
}

// A token (RFC 9110 section 5.6.2).
inline bool token(std::string_view word) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !word.empty() && std::all_of(word.begin(), word.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           marks.find(c) != std::string_view::npos;
  });
}

// Reads a list of transfer codings. True when it is sound: each member a token, perhaps with
// parameters, and `chunked` at most once, without any, and last (RFC 9112 section 6.1).
inline bool sound_codings(std::string_view value, bool& chunked) {
  while (true) {
    const std::size_t comma = value.find(',');
    const std::string_view member = value.substr(0, comma);
    const std::size_t parameters = member.find(';');
    const std::string_view coding = trimmed(member.substr(0, parameters));
    if (!token(coding) || chunked) return false;
    chunked = same_word(coding, "chunked");
    if (chunked && parameters != std::string_view::npos) return false;
    if (comma == std::string_view::npos) return true;
    value.remove_prefix(comma + 1);
  }
}

}  // namespace faultline
