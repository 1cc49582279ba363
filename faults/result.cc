#include "faults/result.h"

#include <algorithm>

namespace faultline {
namespace {

constexpr std::size_t quoted_limit = 80;

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// Cut to the limit, never inside a UTF-8 character.
std::string_view clipped(std::string_view text) {
  if (text.size() <= quoted_limit) return text;
  std::size_t end = quoted_limit;
  while (end > 0 && continues_character(text[end])) --end;
  return text.substr(0, end);
}

// Damerau-Levenshtein distance (optimal string alignment): a letter too many, missing, wrong, or
// two neighbours swapped cost one each. Three rows of the table are enough.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t wrong = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + wrong});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

}  // namespace

std::string quoted(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  const std::string_view shown = clipped(text);
  std::string out = "\"";
  for (const char c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\x";
      out += hex[byte >> 4];
      out += hex[byte & 0xFU];
    } else {
      out += c;
    }
  }
  if (shown.size() < text.size()) out += "…";
  return out + '"';
}

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  const std::size_t limit = word.size() / 3;
  std::size_t best = limit + 1;
  std::string found;
  for (const std::string& candidate : known) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    const std::size_t shorter = std::min(word.size(), candidate.size());
    if (longer - shorter >= best) continue;  // the distance is at least that
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= best) continue;
    best = distance;
    found = candidate;
  }
  return found;
}

std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
  const std::string near = nearest(word, known);
  if (!near.empty()) return "; did you mean " + quoted(near) + "?";
  std::string list;
  for (const std::string& name : known) list += (list.empty() ? "; known: " : ", ") + name;
  return list;
}

}  // namespace faultline
