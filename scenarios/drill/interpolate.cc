#include "scenarios/drill/interpolate.h"

#include <algorithm>
#include <cassert>
#include <cctype>

namespace faultline {
namespace {

constexpr int max_nesting = 8;           // of defaults within defaults
constexpr std::size_t least_secret = 4;  // blotting out a shorter value would garble everything

bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) || c == '_';
  };
  return !name.empty() && letter(name.front()) && std::ranges::all_of(name, [&](char c) {
    return letter(c) || std::isdigit(static_cast<unsigned char>(c));
  });
}

bool is_secret(std::string_view name, std::string_view value) {
  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const char* word : {"PASSWORD", "SECRET", "TOKEN", "KEY"})
    if (upper.find(word) != std::string::npos) return true;
  return value.find("password=") != std::string_view::npos;
}

// The end of the reference that opens at `at` ("${"), one past its "}"; npos if it never closes.
std::size_t reference_end(std::string_view text, std::size_t at) {
  int depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '$') {
      ++i;
    } else if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') {
      ++depth;
      ++i;
    } else if (text[i] == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// "port.bridge" and "proxy.db.port", if it is one of them.
std::optional<LateReference> late_reference_from(std::string_view inner) {
  constexpr std::string_view port = "port.";
  constexpr std::string_view proxy = "proxy.";
  if (inner.starts_with(port) && inner.size() > port.size())
    return LateReference{LateReference::Kind::port, std::string(inner.substr(port.size())), ""};
  const std::size_t dot = inner.rfind('.');
  if (!inner.starts_with(proxy) || dot <= proxy.size()) return std::nullopt;
  const std::string_view part = inner.substr(dot + 1);
  if (part != "listen" && part != "host" && part != "port") return std::nullopt;
  return LateReference{LateReference::Kind::proxy,
                       std::string(inner.substr(proxy.size(), dot - proxy.size())),
                       std::string(part)};
}

std::string with_dollars_doubled(std::string_view text) {
  std::string doubled;
  for (char c : text) doubled.append(c == '$' ? 2 : 1, c);
  return doubled;
}

class Expansion {
 public:
  explicit Expansion(Variables& variables) : variables_(variables) {}

  std::string expand(std::string_view text, int nesting) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
      if (text[i] != '$') {
        out += text[i++];
      } else if (i + 1 < text.size() && text[i + 1] == '$') {
        out += "$$";
        i += 2;
      } else if (i + 1 < text.size() && text[i + 1] == '{') {
        const std::size_t end = reference_end(text, i);
        if (end == std::string_view::npos) {
          wrong("\"" + std::string(text.substr(i)) + "\" has no closing \"}\"; a dollar is $$");
          return out;
        }
        out += reference(text.substr(i + 2, end - i - 3), nesting);
        i = end;
      } else {
        out += "$$";  // a dollar on its own
        ++i;
      }
    }
    return out;
  }

  Errors errors;

 private:
  void wrong(std::string what) { errors.push_back({"", std::move(what)}); }

  std::string reference(std::string_view inner, int nesting) {
    const std::size_t colon = inner.find(':');
    const std::string name(inner.substr(0, colon));
    if (name.find('.') != std::string::npos) {
      if (late_reference_from(inner)) return "${" + std::string(inner) + "}";
      wrong("\"${" + std::string(inner) +
            "}\" names nothing a run could know; known: ${port.NAME}, ${proxy.NAME.listen}, "
            "${proxy.NAME.host}, ${proxy.NAME.port}");
      return "";
    }
    if (!is_variable_name(name)) {
      wrong("\"${" + std::string(inner) +
            "}\" is not a variable; write ${NAME}, ${NAME:-default} or ${NAME:?message}, and $$ "
            "for a dollar");
      return "";
    }
    return variable(name, colon == std::string_view::npos ? "" : inner.substr(colon), nesting);
  }

  std::string variable(const std::string& name, std::string_view otherwise, int nesting) {
    const auto value =
        variables_.environment ? variables_.environment(name) : std::optional<std::string>();
    if (otherwise.empty()) {
      if (value) return taken(name, *value);
      wrong("${" + name + "} is not set; set it, or write ${" + name + ":-default}");
      return "";
    }
    const bool falls_back = otherwise.starts_with(":-");
    if (!falls_back && !otherwise.starts_with(":?")) {
      wrong("\"${" + name + std::string(otherwise) +
            "}\": after the name comes :- and a default, " + "or :? and a message");
      return "";
    }
    if (value && !value->empty()) return taken(name, *value);
    const std::string_view rest = otherwise.substr(2);
    if (!falls_back) {
      wrong("${" + name + "} is not set: " + (rest.empty() ? "it is required" : std::string(rest)));
      return "";
    }
    if (nesting == max_nesting) {
      wrong("${" + name + "}: defaults are nested deeper than " + std::to_string(max_nesting));
      return "";
    }
    const std::string fallback = expand(rest, nesting + 1);
    note(name, late_references(fallback).empty() ? plain(fallback) : fallback);
    return fallback;
  }

  std::string taken(const std::string& name, const std::string& value) {
    note(name, value);
    return with_dollars_doubled(value);
  }

  void note(const std::string& name, const std::string& value) {
    const bool secret = is_secret(name, value) && !value.empty();
    variables_.used[name] = secret ? "***" : value;
    if (secret && value.size() >= least_secret && !std::ranges::count(variables_.secrets, value))
      variables_.secrets.push_back(value);
  }

  Variables& variables_;
};

}  // namespace

Checked<std::string> expand_variables(std::string_view text, Variables& variables) {
  Expansion expansion(variables);
  std::string late = expansion.expand(text, 0);
  if (!expansion.errors.empty()) return std::unexpected(std::move(expansion.errors));
  return late;
}

std::string LateReference::text() const {
  return kind == Kind::port ? "${port." + name + "}" : "${proxy." + name + "." + part + "}";
}

std::string replace_late(
    std::string_view late,
    const std::function<std::optional<std::string>(const LateReference&)>& value) {
  std::string out;
  for (std::size_t i = 0; i < late.size();) {
    const std::string_view rest = late.substr(i);
    const std::size_t end = rest.starts_with("${") ? rest.find('}') : std::string_view::npos;
    if (rest.starts_with("$$")) {
      out += "$$";
      i += 2;
    } else if (end != std::string_view::npos) {
      const auto reference = late_reference_from(rest.substr(2, end - 2));
      const auto replacement = reference ? value(*reference) : std::nullopt;
      out +=
          replacement ? with_dollars_doubled(*replacement) : std::string(rest.substr(0, end + 1));
      i += end + 1;
    } else {
      out += late[i++];
    }
  }
  return out;
}

std::vector<LateReference> late_references(std::string_view late) {
  std::vector<LateReference> found;
  replace_late(late, [&](const LateReference& reference) -> std::optional<std::string> {
    found.push_back(reference);
    return std::nullopt;
  });
  return found;
}

std::string plain(std::string_view late) {
  std::string out;
  for (std::size_t i = 0; i < late.size(); ++i) {
    out += late[i];
    if (late.substr(i, 2) == "$$") ++i;
  }
  return out;
}

std::string redacted(std::string text, const std::vector<std::string>& secrets) {
  constexpr std::string_view mask = "***";
  for (const std::string& secret : secrets) {
    assert(!secret.empty());
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += mask.size())
      text.replace(at, secret.size(), mask);
  }
  constexpr std::string_view password = "password=";
  for (std::size_t at = 0; (at = text.find(password, at)) != std::string::npos;) {
    at += password.size();
    const bool quoted = at < text.size() && text[at] == '\'';
    std::size_t end = quoted ? text.find('\'', at + 1) : text.find_first_of(" '\"\n", at);
    end = end == std::string::npos ? text.size() : end + (quoted ? 1 : 0);
    text.replace(at, end - at, mask);
  }
  return text;
}

}  // namespace faultline
