#include "faults/http/json_place.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace faultline::http {
namespace {

constexpr int deepest = 64;

// Walks a text; what goes wrong is remembered, and everything after it fails too.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  enum class Wrong : unsigned char { nothing, broken, ended };
  Wrong wrong() const { return wrong_; }
  std::size_t at() const { return at_; }

  void space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }
  // The next byte that is no space; 0 at the end.
  char peek() {
    space();
    if (at_ == text_.size()) return fail(Wrong::ended), '\0';
    return text_[at_];
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool expect(char c) {
    if (take(c)) return true;
    return fail(Wrong::broken);
  }
  bool fail(Wrong why) {
    if (wrong_ == Wrong::nothing) wrong_ = why;
    return false;
  }

  // What stands between the quotes, as it stands.
  std::optional<std::string_view> string() {
    if (!expect('"')) return std::nullopt;
    const std::size_t from = at_;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        return text_.substr(from, at_++ - from);
      }
    }
    at_ = text_.size();
    fail(Wrong::ended);
    return std::nullopt;
  }

  bool skip_value(int depth = 0) {
    if (depth > deepest) return fail(Wrong::broken);
    const char c = peek();
    if (c == '{') return skip_members(depth, '}', true);
    if (c == '[') return skip_members(depth, ']', false);
    if (c == '"') return string().has_value();
    return skip_word();
  }

 private:
  bool skip_members(int depth, char end, bool keyed) {
    ++at_;
    if (take(end)) return true;
    while (wrong_ == Wrong::nothing) {
      if (keyed && (!string() || !expect(':'))) return false;
      if (!skip_value(depth + 1)) return false;
      if (take(end)) return true;
      if (!expect(',')) return false;
    }
    return false;
  }

  // A number, true, false or null; at the end of the text it may go on.
  bool skip_word() {
    const std::size_t from = at_;
    while (at_ < text_.size() && std::string_view(",]} \t\r\n:\"{[").find(text_[at_]) == text_.npos)
      ++at_;
    if (at_ == from) return fail(Wrong::broken);
    if (at_ == text_.size()) return fail(Wrong::ended);
    const std::string_view word = text_.substr(from, at_ - from);
    if (word == "true" || word == "false" || word == "null") return true;
    return word.find_first_not_of("0123456789+-.eE") == word.npos || fail(Wrong::broken);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Wrong wrong_ = Wrong::nothing;
};

// "~1" is "/", "~0" is "~".
std::string unescaped(std::string_view word) {
  std::string text;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '~' && i + 1 < word.size()) {
      text += word[++i] == '1' ? '/' : '~';
    } else {
      text += word[i];
    }
  }
  return text;
}

// Walks to the member of this name, or the element of this number: before its value.
bool enter(Walk& walk, const std::string& word, JsonPlace& place) {
  const char c = walk.peek();
  if (c != '{' && c != '[') return false;
  const char end = c == '{' ? '}' : ']';
  walk.take(c);
  if (walk.take(end)) return false;
  std::size_t wanted = 0;
  if (c == '[') {
    const auto read = std::from_chars(word.data(), word.data() + word.size(), wanted);
    if (word.empty() || read.ptr != word.data() + word.size()) return false;
  }
  std::size_t comma = 0;
  for (std::size_t i = 0; walk.wrong() == Walk::Wrong::nothing; ++i) {
    walk.space();
    place.member_from = comma != 0 ? comma - 1 : walk.at();
    bool here = c == '[' && i == wanted;
    if (c == '{') {
      const auto key = walk.string();
      if (!key || !walk.expect(':')) return false;
      here = *key == word;
    }
    if (here) return true;
    if (!walk.skip_value() || walk.take(end) || !walk.expect(',')) return false;
    comma = walk.at();
  }
  return false;
}

// Walks over the value that begins here, whose place is known up to it.
bool add_leaves(Walk& walk, JsonPlace place, int depth, std::vector<JsonPlace>& leaves) {
  if (depth > deepest) return walk.fail(Walk::Wrong::broken);
  const char c = walk.peek();
  if (c != '{' && c != '[') {
    place.from = walk.at();
    if (!walk.skip_value()) return false;
    place.state = JsonPlace::State::found;
    place.to = place.member_to = walk.at();
    leaves.push_back(place);
    return true;
  }
  const char end = c == '{' ? '}' : ']';
  walk.take(c);
  if (walk.take(end)) return true;
  for (std::size_t comma = 0;; comma = walk.at()) {
    walk.space();
    JsonPlace inner;
    inner.member_from = comma != 0 ? comma - 1 : walk.at();
    if (c == '{' && (!walk.string() || !walk.expect(':'))) return false;
    const std::size_t before = leaves.size();
    if (!add_leaves(walk, inner, depth + 1, leaves)) return false;
    if (walk.take(end)) return true;
    if (!walk.expect(',')) return false;
    const bool leaf = leaves.size() > before && leaves[before].member_from == inner.member_from;
    if (leaf && comma == 0) leaves[before].member_to = walk.at();
  }
}

}  // namespace

std::vector<JsonPlace> json_leaves(std::string_view text) {
  Walk walk(text);
  walk.space();
  JsonPlace whole;
  whole.member_from = walk.at();
  std::vector<JsonPlace> leaves;
  const bool read = add_leaves(walk, whole, 0, leaves);
  walk.space();
  if (!read || walk.at() != text.size()) leaves.clear();
  return leaves;
}

JsonPlace json_place(std::string_view text, std::string_view pointer) {
  // Only at the end of a whole text can a number be known to be over; a space says so.
  Walk walk(text);
  JsonPlace place;
  const auto unfound = [&] {
    place.state = walk.wrong() == Walk::Wrong::ended ? JsonPlace::State::incomplete
                                                     : JsonPlace::State::absent;
    return place;
  };
  bool first = true;
  std::size_t comma_before = 0;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view word = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(word.size());
    if (!enter(walk, unescaped(word), place)) return unfound();
    first = false;
    comma_before = text[place.member_from] == ',' ? 1 : 0;
  }
  walk.space();
  place.from = walk.at();
  if (!walk.skip_value()) return unfound();
  place.to = walk.at();
  place.member_to = place.to;
  place.state = JsonPlace::State::found;
  if (first) {
    place.member_from = place.from;
  } else if (comma_before == 0 && walk.take(',')) {
    place.member_to = walk.at();
  }
  return place;
}

}  // namespace faultline::http
