#pragma once

// A parsed file as a plain tree, each node with the place it was written at. It stands between
// toml++, which only drill_toml.cc includes, and everybody who reads drills, so that --set can
// change a tree and readers can tell the user where each mistake is.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "faults/result.h"

namespace faultline {

// Compares in the order errors are told: the file from its top, then the --sets.
struct Place {
  std::size_t set = 0;  // n: not in the file but in the nth --set, from 1
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  auto operator<=>(const Place&) const = default;
};

enum class NodeKind : std::uint8_t { text, integer, real, boolean, date, array, table };
std::string_view name(NodeKind kind);  // "a string", "a table"

struct Member;

struct Node {
  NodeKind kind = NodeKind::table;
  Place place;
  std::string text;
  std::int64_t integer = 0;
  double real = 0;
  bool boolean = false;
  std::vector<Node> items;      // of an array
  std::vector<Member> members;  // of a table, in file order

  const Member* find(std::string_view key) const;
  Member* find(std::string_view key);
};

struct Member {
  std::string key;
  Place place;  // of the key
  Node value;
};

// Limits of what is read at all: beyond them a file is not a drill, and the parser's recursion
// would follow it down.
inline constexpr std::size_t max_document_bytes = std::size_t{1} << 20;
inline constexpr std::size_t max_depth = 32;

// Parses TOML. A syntax error is told alone, because what follows it cannot be trusted.
Result<Node> parse_document(std::string_view text, const std::string& file);

// One value as it would stand behind `key =`; a string where it does not parse as TOML.
Node parse_value(std::string_view text, Place place);

// Carries out one `--set key=value` (the nth, from 1): walks down tables by their keys and arrays
// of tables by the `name` or `id` of their elements, and puts the value there.
Result<void> apply_override(Node& root, std::string_view assignment, std::size_t n);

}  // namespace faultline
