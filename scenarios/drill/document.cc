#include "scenarios/drill/document.h"

#include <algorithm>
#include <utility>

namespace faultline {
namespace {

std::vector<std::string> keys_of(const Node& table) {
  std::vector<std::string> keys;
  for (const Member& member : table.members) keys.push_back(member.key);
  return keys;
}

// What an element of an array of tables is addressed by.
std::string name_of(const Node& element) {
  for (const char* key : {"name", "id"})
    if (const Member* member = element.find(key); member && member->value.kind == NodeKind::text)
      return member->value.text;
  return "";
}

// The element whose name the path begins with, and what is left of the path. Names may hold dots:
// the longest one wins.
std::pair<Node*, std::string_view> element_at(Node& array, std::string_view path) {
  Node* found = nullptr;
  std::size_t length = 0;
  for (Node& element : array.items) {
    const std::string name = name_of(element);
    if (name.empty() || !path.starts_with(name) || (found && name.size() <= length)) continue;
    if (path.size() != name.size() && path[name.size()] != '.') continue;
    found = &element;
    length = name.size();
  }
  return {found, path.substr(std::min(path.size(), length + 1))};
}

Result<void> unknown_element(const Node& array, const std::string& key, std::string_view path) {
  std::vector<std::string> names;
  for (const Node& element : array.items)
    if (std::string name = name_of(element); !name.empty()) names.push_back(std::move(name));
  const std::string wanted(path.substr(0, path.find('.')));
  return error("", "there is no " + key + " " + quoted(wanted) + suggestion(wanted, names));
}

Result<void> put(Node& table, std::string_view path, Node value, int depth = 0) {
  if (depth > static_cast<int>(max_depth)) return error("", "the path is too deep");
  const std::size_t dot = path.find('.');
  const std::string key(path.substr(0, dot));
  if (key.empty()) return error("", "the path has an empty part; write section.name.key=value");
  Member* member = table.find(key);
  if (dot == std::string_view::npos) {
    if (!member) member = &table.members.emplace_back(key, value.place, Node());
    member->place = value.place;
    member->value = std::move(value);
    return {};
  }
  const std::string_view rest = path.substr(dot + 1);
  if (!member) {
    member = &table.members.emplace_back(key, value.place, Node());
    member->value.place = value.place;
  }
  if (member->value.kind == NodeKind::table)
    return put(member->value, rest, std::move(value), depth + 1);
  if (member->value.kind != NodeKind::array)
    return error("", quoted(key) + " is " + std::string(name(member->value.kind)) +
                         " and has no \"" + std::string(rest) + "\" in it");
  const auto [element, left] = element_at(member->value, rest);
  if (!element) return unknown_element(member->value, key, rest);
  if (left.empty())
    return error("", "name the key to set: " + key + "." + std::string(rest) + ".KEY=value" +
                         suggestion("", keys_of(*element)));
  return put(*element, left, std::move(value), depth + 1);
}

}  // namespace

std::string_view name(NodeKind kind) {
  switch (kind) {
    case NodeKind::text:
      return "a string";
    case NodeKind::integer:
      return "an integer";
    case NodeKind::real:
      return "a decimal number";
    case NodeKind::boolean:
      return "a boolean";
    case NodeKind::date:
      return "a date or time";
    case NodeKind::array:
      return "an array";
    case NodeKind::table:
      return "a table";
  }
  return "a value";
}

const Member* Node::find(std::string_view key) const {
  const auto it = std::ranges::find(members, key, &Member::key);
  return it == members.end() ? nullptr : &*it;
}

Member* Node::find(std::string_view key) {
  return const_cast<Member*>(std::as_const(*this).find(key));
}

Result<void> apply_override(Node& root, std::string_view assignment, std::size_t n) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return error("", "\"" + std::string(assignment) +
                         "\" is not key=value; write it like workload.hooks.rate=20/s");
  return put(root, assignment.substr(0, equals),
             parse_value(assignment.substr(equals + 1), {.set = n}));
}

}  // namespace faultline
