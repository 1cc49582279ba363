#pragma once

// How a mistake of the user travels: as a value, with its place. An Error says where it was found
// ("drill.toml:14:9", "--set seed"), what was found there and what would be right. Whoever reads
// user input collects every Error before giving up, so that one run tells them all.
//
// The network's behaviour is never an Error (it is a journal event), and our own mistakes are
// asserts, which stay on in every build.

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultline {

struct Error {
  std::string where;  // place in the user's input; may be empty
  std::string what;   // "unknown key \"latncy\"; did you mean \"latency\"?"

  std::string text() const { return where.empty() ? what : where + ": " + what; }
};

using Errors = std::vector<Error>;

template <class T>
using Result = std::expected<T, Error>;

// For readers that report every mistake at once.
template <class T>
using Checked = std::expected<T, Errors>;

inline std::unexpected<Error> error(std::string where, std::string what) {
  return std::unexpected(Error{std::move(where), std::move(what)});
}

// What the user wrote, fit to stand in a message: in quotes, at most 80 bytes of it, control
// characters written out, so that no input can speak to the terminal.
std::string quoted(std::string_view text);

// The known word nearest to `word` (edit distance at most a third of its length), or "" if none is
// near: the "did you mean" of every message about an unknown name.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

// `; did you mean "latency"?`, or `; known: a, b, c` when nothing is near.
std::string suggestion(const std::string& word, const std::vector<std::string>& known);

}  // namespace faultline
