// The door to toml++: nothing else includes it.

#include "scenarios/drill/drill_toml.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "scenarios/drill/document.h"
#include "scenarios/drill/drill_reader.h"
#include "scenarios/drill/drill_sections.h"

namespace faultline {
namespace {

Place place_of(const toml::source_position& position) {
  return {.set = 0, .line = position.line, .column = position.column};
}

Node node_from(const toml::node& from);

void add_members(const toml::table& table, Node& node) {
  for (const auto& [key, value] : table)
    node.members.push_back(
        {std::string(key.str()), place_of(key.source().begin), node_from(value)});
  // toml++ keeps keys in alphabetical order.
  std::ranges::sort(node.members, {}, &Member::place);
}

Node node_from(const toml::node& from) {
  Node node;
  node.place = place_of(from.source().begin);
  switch (from.type()) {
    case toml::node_type::table:
      node.kind = NodeKind::table;
      add_members(*from.as_table(), node);
      break;
    case toml::node_type::array:
      node.kind = NodeKind::array;
      for (const toml::node& item : *from.as_array()) node.items.push_back(node_from(item));
      break;
    case toml::node_type::string:
      node.kind = NodeKind::text;
      node.text = from.as_string()->get();
      break;
    case toml::node_type::integer:
      node.kind = NodeKind::integer;
      node.integer = from.as_integer()->get();
      break;
    case toml::node_type::floating_point:
      node.kind = NodeKind::real;
      node.real = from.as_floating_point()->get();
      break;
    case toml::node_type::boolean:
      node.kind = NodeKind::boolean;
      node.boolean = from.as_boolean()->get();
      break;
    default:
      node.kind = NodeKind::date;
  }
  return node;
}

// The end of the string that opens at `at`, one past its last quote; an unclosed one ends where
// toml++ will stop, too.
std::size_t string_end(std::string_view text, std::size_t at) {
  const std::string triple(3, text[at]);
  const bool many_lines = text.substr(at).starts_with(triple);
  const std::string_view close = std::string_view(triple).substr(0, many_lines ? 3 : 1);
  for (std::size_t i = at + close.size(); i < text.size(); ++i) {
    if (text[i] == '\\' && text[at] == '"') {
      ++i;
    } else if (text.substr(i).starts_with(close)) {
      return i + close.size();
    } else if (text[i] == '\n' && !many_lines) {
      return i;
    }
  }
  return text.size();
}

// Where nesting goes too deep: by brackets, or by the dots of a key. toml++ follows both with
// recursion, down the stack of whoever reads a hostile file.
std::optional<Place> too_deep(std::string_view text) {
  std::size_t brackets = 0;
  std::size_t dots = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '#') i = std::min(text.find('\n', i), text.size()) - 1;
    if (c == '"' || c == '\'') i = string_end(text, i) - 1;
    if (c == '[' || c == '{') ++brackets;
    if ((c == ']' || c == '}') && brackets > 0) --brackets;
    if (c == '.') ++dots;
    if (std::string_view("[]{}=,\n").find(c) != std::string_view::npos) dots = 0;
    if (brackets <= max_depth && dots < max_depth) continue;
    const std::string_view before = text.substr(0, i);
    return Place{.set = 0,
                 .line = static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1),
                 .column = static_cast<std::uint32_t>(i - (before.rfind('\n') + 1) + 1)};
  }
  return std::nullopt;
}

std::string located(const std::string& file, const Place& place) {
  return file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

}  // namespace

Result<Node> parse_document(std::string_view text, const std::string& file) {
  if (text.size() > max_document_bytes)
    return error(file, std::to_string(text.size()) + " bytes; a drill has at most " +
                           std::to_string(max_document_bytes));
  if (const auto place = too_deep(text))
    return error(located(file, *place),
                 "nested deeper than " + std::to_string(max_depth) + "; no key of a drill is");
  try {
    const toml::table table = toml::parse(text, std::string_view(file));
    Node root;
    root.place = {.set = 0, .line = 1, .column = 1};
    add_members(table, root);
    return root;
  } catch (const toml::parse_error& problem) {
    return error(located(file, place_of(problem.source().begin)),
                 "not TOML: " + std::string(problem.description()));
  }
}

Node parse_value(std::string_view text, Place place) {
  Node value;
  value.kind = NodeKind::text;
  value.text = text;
  if (auto document = parse_document("value = " + std::string(text), "--set"))
    if (document->members.size() == 1 && document->members[0].key == "value")
      value = std::move(document->members[0].value);
  // Every node of it stands where the --set stands.
  const auto move = [&](const auto& self, Node& node) -> void {
    node.place = place;
    for (Node& item : node.items) self(self, item);
    for (Member& member : node.members) {
      member.place = place;
      self(self, member.value);
    }
  };
  move(move, value);
  return value;
}

Checked<ReadDrill> read_drill(const DrillSource& source) {
  Result<Node> root = parse_document(source.text, source.file);
  if (!root) return std::unexpected(Errors{root.error()});

  Reading reading(source.file, source.environment);
  reading.beside = source.beside;
  for (std::size_t i = 0; i < source.sets.size(); ++i)
    if (const auto applied = apply_override(*root, source.sets[i], i + 1); !applied)
      reading.wrong({.set = i + 1}, applied.error().what);

  Drill drill;
  drill.file = source.file;
  drill.source = source.text;
  read_sections(reading, *root, drill);
  if (Errors errors = reading.errors(); !errors.empty()) return std::unexpected(std::move(errors));
  return ReadDrill{std::move(drill), std::move(reading.variables.used),
                   std::move(reading.variables.secrets)};
}

}  // namespace faultline
