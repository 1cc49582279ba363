#include "scenarios/drill/drill_reader.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace faultline {
namespace {

constexpr double most_rate = 1e6;  // per second

// Keys that people put below a section by mistake, where TOML counts them to that section.
constexpr std::array<std::string_view, 6> top_keys = {"name", "title", "notes",
                                                      "seed", "ports", "expect"};

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace

Result<double> rate_from(std::string_view text) {
  double number = 0;
  const auto [end, problem] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (problem != std::errc() || number < 0)
    return error("", quoted(text) + " is not a rate; write one like \"50/s\" or \"3000/min\"");
  if (unit == "/s") return number;
  if (unit == "/min") return number / 60;
  if (unit == "/h") return number / 3600;
  if (unit.empty())
    return error("", quoted(text) + " has no unit; write " + quoted(std::string(text) + "/s") +
                         " or " + quoted(std::string(text) + "/min"));
  return error("", quoted(text) + ": a rate is per /s, /min or /h, such as \"50/s\"");
}

std::string Reading::where(const Place& place) const {
  if (place.set != 0) return "--set " + std::to_string(place.set);
  return file_ + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

void Reading::wrong(const Place& place, std::string what) {
  wrong_.emplace(place, std::move(what));
}

void Reading::adopt(const Errors& errors, const Place& otherwise) {
  for (const Error& error : errors) {
    Place place = otherwise;
    const std::string_view where = error.where;
    if (where.starts_with(file_ + ":")) {
      const std::size_t line = file_.size() + 1;
      const std::size_t column = where.find(':', line) + 1;
      std::from_chars(where.data() + line, where.data() + where.size(), place.line);
      std::from_chars(where.data() + column, where.data() + where.size(), place.column);
      place.set = 0;
    } else if (where.starts_with("--set ")) {
      std::from_chars(where.data() + 6, where.data() + where.size(), place.set);
    }
    wrong(place, error.what);
  }
}

std::optional<std::string> Reading::text(const Node& node, std::string_view key, Late late) {
  auto expanded = expand_variables(node.text, variables);
  if (!expanded) {
    for (const Error& error : expanded.error())
      wrong(node.place, std::string(key) + ": " + error.what);
    return std::nullopt;
  }
  for (LateReference& reference : late_references(*expanded)) {
    const bool is_port = reference.kind == LateReference::Kind::port;
    if (late == Late::all || (late == Late::ports && is_port)) {
      references.emplace_back(std::move(reference), node.place);
      continue;
    }
    wrong(node.place, std::string(key) + ": " + reference.text() +
                          (late == Late::ports ? " cannot stand here; only ${port.NAME} can"
                                               : " is known only while the drill runs; it can "
                                                 "stand in commands, environments and addresses"));
    return std::nullopt;
  }
  return late == Late::none ? plain(*expanded) : *expanded;
}

Errors Reading::errors() {
  Errors errors;
  for (const auto& [place, what] : wrong_) errors.push_back({where(place), what});
  return errors;
}

Section::Section(Reading& reading, const Node& table, std::string title)
    : reading_(&reading), table_(&table), title_(std::move(title)) {}

const Node* Section::find(std::string_view key) {
  if (!std::ranges::count(known_, key)) known_.emplace_back(key);
  const Member* member = table_->find(key);
  return member ? &member->value : nullptr;
}

Place Section::place(std::string_view key) const {
  const Member* member = table_->find(key);
  return member ? member->value.place : table_->place;
}

void Section::wrong(std::string_view key, std::string what) {
  reading_->wrong(place(key), std::string(key) + ": " + std::move(what));
}

void Section::require(std::string_view key, std::string_view example) {
  if (!find(key))
    reading_->wrong(table_->place, title_ + " has no " + quoted(key) + "; write one like " +
                                       std::string(key) + " = " + std::string(example));
}

bool Section::expects(std::string_view key, const Node& node, std::string_view what) {
  reading_->wrong(node.place, std::string(key) + ": found " +
                                  std::string(faultline::name(node.kind)) + "; expected " +
                                  std::string(what));
  return false;
}

bool Section::text(std::string_view key, std::string& into, Late late) {
  const Node* node = find(key);
  if (!node) return false;
  if (node->kind != NodeKind::text) return expects(key, *node, "a string");
  auto text = reading_->text(*node, key, late);
  if (text) into = std::move(*text);
  return text.has_value();
}

bool Section::name(std::string_view key, std::string& into) {
  std::string name;
  if (!text(key, name)) return false;
  if (is_name(name)) {
    into = std::move(name);
    return true;
  }
  wrong(key, quoted(name) + " is not a name; use 1 to 128 of A-Z a-z 0-9 . _ -");
  return false;
}

bool Section::choice(std::string_view key, std::string& into,
                     const std::vector<std::string>& known) {
  std::string word;
  if (!text(key, word)) return false;
  if (std::ranges::count(known, word)) {
    into = std::move(word);
    return true;
  }
  wrong(key, "unknown " + quoted(word) + suggestion(word, known));
  return false;
}

bool Section::duration(std::string_view key, Duration& into, Duration least, Duration most) {
  const Node* node = find(key);
  if (!node) return false;
  if (node->kind == NodeKind::integer)
    return expects(key, *node,
                   "a duration with its unit, such as \"" + std::to_string(node->integer) +
                       "s\" or \"" + std::to_string(node->integer) + "ms\"");
  if (node->kind != NodeKind::text) return expects(key, *node, "a duration such as \"250ms\"");
  const auto text = reading_->text(*node, key, Late::none);
  if (!text) return false;
  const Result<Duration> duration = duration_from(*text);
  if (!duration) {
    wrong(key, duration.error().what);
    return false;
  }
  if (*duration < least || *duration > most) {
    wrong(key, quoted(*text) + " is out of range; it can be " + to_string(least) + " to " +
                   to_string(most));
    return false;
  }
  into = *duration;
  return true;
}

bool Section::boolean(std::string_view key, bool& into) {
  const Node* node = find(key);
  if (!node) return false;
  if (node->kind != NodeKind::boolean) return expects(key, *node, "true or false");
  into = node->boolean;
  return true;
}

bool Section::count(std::string_view key, std::uint64_t& into, std::uint64_t least,
                    std::uint64_t most) {
  const Node* node = find(key);
  if (!node) return false;
  std::int64_t number = node->integer;
  if (node->kind == NodeKind::text) {
    const auto text = reading_->text(*node, key, Late::none);
    if (!text) return false;
    const char* const last = text->data() + text->size();
    const auto [end, problem] = std::from_chars(text->data(), last, number);
    if (problem != std::errc() || end != last) {
      wrong(key, quoted(*text) + " is not an integer");
      return false;
    }
  } else if (node->kind != NodeKind::integer) {
    return expects(key, *node, "an integer");
  }
  if (number < 0 || std::uint64_t(number) < least || std::uint64_t(number) > most) {
    wrong(key, std::to_string(number) + " is out of range; it can be " + std::to_string(least) +
                   " to " + std::to_string(most));
    return false;
  }
  into = std::uint64_t(number);
  return true;
}

bool Section::rate(std::string_view key, double& into, bool zero_allowed) {
  const Node* node = find(key);
  if (!node) return false;
  if (node->kind == NodeKind::integer)
    return expects(key, *node,
                   "a rate with its unit, such as \"" + std::to_string(node->integer) + "/s\"");
  if (node->kind != NodeKind::text) return expects(key, *node, "a rate such as \"50/s\"");
  const auto text = reading_->text(*node, key, Late::none);
  if (!text) return false;
  const Result<double> rate = rate_from(*text);
  if (!rate) {
    wrong(key, rate.error().what);
    return false;
  }
  if (*rate > most_rate || (*rate <= 0 && !zero_allowed)) {
    wrong(key, quoted(*text) + " is out of range; it can be " +
                   (zero_allowed ? "0/s up to 1000000/s" : "more than 0/s, up to 1000000/s"));
    return false;
  }
  into = *rate;
  return true;
}

bool Section::texts(std::string_view key, std::vector<std::string>& into, Late late) {
  const Node* node = find(key);
  if (!node) return false;
  if (node->kind != NodeKind::array) return expects(key, *node, "an array of strings");
  bool right = true;
  std::vector<std::string> texts;
  for (const Node& item : node->items) {
    if (item.kind != NodeKind::text) {
      right = expects(key, item, "a string");
      continue;
    }
    auto text = reading_->text(item, key, late);
    right = right && text;
    if (text) texts.push_back(std::move(*text));
  }
  if (right) into = std::move(texts);
  return right;
}

bool Section::text_map(std::string_view key, std::map<std::string, std::string>& into, Late late) {
  const Node* node = find(key);
  if (!node) return false;
  if (node->kind != NodeKind::table)
    return expects(key, *node, "a table of strings such as { NAME = \"value\" }");
  for (const Member& member : node->members) {
    const std::string path = std::string(key) + "." + member.key;
    if (member.value.kind != NodeKind::text) {
      expects(path, member.value, "a string");
    } else if (auto text = reading_->text(member.value, path, late)) {
      into[member.key] = std::move(*text);
    }
  }
  return true;
}

std::optional<Section> Section::section(std::string_view key) {
  const Node* node = find(key);
  if (!node) return std::nullopt;
  if (node->kind == NodeKind::table) return Section(*reading_, *node, std::string(key));
  expects(key, *node, "a table such as " + std::string(key) + " = { … }");
  return std::nullopt;
}

std::vector<Section> Section::sections(std::string_view key) {
  const std::string title = "[[" + std::string(key) + "]]";
  std::vector<Section> sections;
  const Node* node = find(key);
  if (!node) return sections;
  if (node->kind != NodeKind::array) {
    expects(key, *node, title + ", with two brackets: there may be several");
    return sections;
  }
  for (const Node& item : node->items) {
    if (item.kind == NodeKind::table)
      sections.emplace_back(*reading_, item, title);
    else
      expects(key, item, title);
  }
  return sections;
}

void Section::finish(const std::vector<std::string>& also) {
  std::vector<std::string> known = known_;
  known.insert(known.end(), also.begin(), also.end());
  for (const Member& member : table_->members) {
    if (std::ranges::count(known, member.key)) continue;
    std::string what = "unknown key " + quoted(member.key) + " in " + title_;
    if (std::ranges::count(top_keys, member.key))
      what += "; it belongs at the top of the file, before the first [section]";
    else
      what += suggestion(member.key, known);
    reading_->wrong(member.place, std::move(what));
  }
}

}  // namespace faultline
