#include "scenarios/formats/markdown/page.h"

#include <algorithm>
#include <cassert>

#include "scenarios/formats/text.h"

namespace faultline::markdown {

std::string plain(std::string_view text) {
  std::string one_line(text);
  std::ranges::replace(one_line, '\n', ' ');
  std::string out;
  for (const char c : printable(one_line, false)) {
    if (std::string_view("\\|<&*[`").contains(c)) out += '\\';
    out += c;
  }
  return out;
}

void Page::not_collected(const std::string& title, const std::string& reason) {
  section(title);
  nothing(reason);
}

void Page::table(const Row& head, const std::vector<Row>& rows, const std::string& why_empty) {
  if (rows.empty()) return nothing(why_empty);
  line("");
  row(head);
  row(Row(head.size(), "---"));
  for (const Row& one : rows) {
    assert(one.size() == head.size());
    row(one);
  }
}

void Page::row(const Row& cells) {
  out_ += "|";
  for (const std::string& cell : cells) out_ += " " + cell + " |";
  out_ += "\n";
}

void Page::verbatim(const std::vector<std::string>& lines) {
  paragraph("```text");
  for (const std::string& one : lines) {
    std::string shown = printable(one, false);
    std::ranges::replace(shown, '`', '\'');
    line(shown);
  }
  line("```");
}

}  // namespace faultline::markdown
