#pragma once

// A Markdown document as it is written, section by section. What goes in is Markdown already: text
// from outside passes through plain() first, so that it can neither end a cell nor become markup.

#include <string>
#include <string_view>
#include <vector>

namespace faultline::markdown {

using Row = std::vector<std::string>;

// Text from outside as itself, on one line.
std::string plain(std::string_view text);

class Page {
 public:
  void line(const std::string& markdown) { out_ += markdown + "\n"; }
  void paragraph(const std::string& markdown) { line("\n" + markdown); }
  void section(const std::string& title) { paragraph("## " + title); }
  void subsection(const std::string& title) { paragraph("### " + title); }

  // A section for which there is nothing says so, and why; it is never left out.
  void nothing(const std::string& reason) { paragraph("not collected: " + reason); }
  void not_collected(const std::string& title, const std::string& reason);

  // Every row has as many cells as the head. Without rows, the reason stands instead.
  void table(const Row& head, const std::vector<Row>& rows, const std::string& why_empty);

  // Lines shown as they are, in a fence that nothing in them can close.
  void verbatim(const std::vector<std::string>& lines);

  std::string take() { return std::move(out_); }

 private:
  void row(const Row& cells);

  std::string out_;
};

}  // namespace faultline::markdown
