#pragma once

// Recorded dialogues, tests/corpus/<protocol>/*.txt: what a client and a server said, in the order
// a proxy between them read it. A file joins the law tests of its codec by being there.
//
//   # a comment
//   C: Q\0\0\0\rSELECT 1\0       bytes of the client, as one read
//   S: \x5a\0\0\0\x05I           bytes of the server
//   C-FIN                        the client finished; likewise S-FIN
//
// Escapes: \r \n \t \\ \0 (always one zero byte) and \xNN. Blanks at the end of a line count.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "faults/chunk.h"

namespace faultline::dialogue {

struct Step {
  Direction direction = Direction::upstream;
  std::string bytes;
  bool fin = false;
};

struct Dialogue {
  std::string name;  // "postgres/simple"
  std::vector<Step> steps;

  std::size_t size() const {
    std::size_t sum = 0;
    for (const Step& step : steps) sum += step.bytes.size();
    return sum;
  }
};

inline std::string unescaped(std::string_view text) {
  const auto digit = [](char c) {
    const auto at = std::string_view("0123456789abcdef").find(c);
    if (at == std::string_view::npos) throw std::runtime_error("\\x wants two of 0-9a-f");
    return static_cast<unsigned>(at);
  };
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\') {
      out += c;
      continue;
    }
    if (text.empty()) throw std::runtime_error("nothing behind the last \\");
    const char escape = text.front();
    text.remove_prefix(1);
    if (escape == 'x') {
      if (text.size() < 2) throw std::runtime_error("\\x wants two of 0-9a-f");
      out += static_cast<char>(digit(text[0]) << 4 | digit(text[1]));
      text.remove_prefix(2);
      continue;
    }
    const auto at = std::string_view("rnt0\\").find(escape);
    if (at == std::string_view::npos) throw std::runtime_error("unknown escape");
    out += std::string_view("\r\n\t\0\\", 5)[at];
  }
  return out;
}

inline Step step_from(std::string_view line) {
  if (line == "C-FIN") return {Direction::upstream, {}, true};
  if (line == "S-FIN") return {Direction::downstream, {}, true};
  if (line.starts_with("C: ")) return {Direction::upstream, unescaped(line.substr(3)), false};
  if (line.starts_with("S: ")) return {Direction::downstream, unescaped(line.substr(3)), false};
  throw std::runtime_error("expected \"C: \", \"S: \", C-FIN, S-FIN or #");
}

inline Dialogue dialogue_from(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path.string() + ": cannot be read");
  Dialogue dialogue{path.parent_path().filename().string() + "/" + path.stem().string(), {}};
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.starts_with('#')) continue;
    try {
      dialogue.steps.push_back(step_from(line));
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(path.string() + ":" + std::to_string(number) + ": " + error.what());
    }
  }
  return dialogue;
}

#ifdef FAULTLINE_CORPUS
inline Dialogue dialogue_named(const std::string& name) {
  return dialogue_from(std::filesystem::path(FAULTLINE_CORPUS) / (name + ".txt"));
}

// Those of one protocol, in the order of their names; none if it has no folder.
inline std::vector<Dialogue> dialogues_of(std::string_view protocol) {
  const auto folder = std::filesystem::path(FAULTLINE_CORPUS) / protocol;
  std::vector<Dialogue> dialogues;
  if (!std::filesystem::is_directory(folder)) return dialogues;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt") dialogues.push_back(dialogue_from(entry.path()));
  }
  std::ranges::sort(dialogues, {}, &Dialogue::name);
  return dialogues;
}
#endif

}  // namespace faultline::dialogue
