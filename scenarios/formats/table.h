#pragma once

// A table of text whose columns do not jump, however long a cell is. Widths count characters, not
// bytes; a cell is shown as it is, so pass outside text through printable() first.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultline {

// Characters of well-formed UTF-8, and the first `most` of them.
std::size_t width_of(std::string_view text);
std::string_view shortened(std::string_view text, std::size_t most);

enum class Align : std::uint8_t { left, right };

class Table {
 public:
  // Columns beyond the last one named are aligned to the left.
  explicit Table(std::initializer_list<Align> columns) : columns_(columns) {}

  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }

  // One line per row, without trailing blanks; two blanks between columns.
  std::vector<std::string> lines() const;

 private:
  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace faultline
