#pragma once

// Finds the value that a JSON pointer (RFC 6901) names, in a text of which perhaps only the front
// is known. Nothing is built and nothing is allocated by what the text announces: the text is
// walked once. Keys are compared as they stand, so one that is written with escapes is not found;
// of a key that stands twice the first counts.

#include <cstddef>
#include <string_view>
#include <vector>

namespace faultline::http {

struct JsonPlace {
  enum class State : unsigned char {
    found,
    absent,      // there is no such value, or the text is no JSON
    incomplete,  // the text ends too early to tell
  };
  State state = State::absent;
  std::size_t from = 0, to = 0;  // the value's place in the text
  // Of a member of an object or an element of an array: from its key, with one comma that must go
  // with it, if there is one.
  std::size_t member_from = 0, member_to = 0;
};

// The pointer begins with '/', or is empty for the whole text. It nests at most 64 deep.
JsonPlace json_place(std::string_view text, std::string_view pointer);

// Every value that holds no others, in their order. None of a text that is no JSON, or not whole.
std::vector<JsonPlace> json_leaves(std::string_view text);

}  // namespace faultline::http
