#include "faults/bytes.h"

#include <array>

#include "faults/quantity.h"

namespace faultline {
namespace {

// Ascending, so that of two forms equally short the one in the smaller unit is printed.
constexpr std::array<Unit, 7> units = {{{"B", 1},
                                        {"KB", 1000},
                                        {"KiB", 1024},
                                        {"MB", 1000 * 1000},
                                        {"MiB", 1024 * 1024},
                                        {"GB", 1000 * 1000 * 1000},
                                        {"GiB", 1024 * 1024 * 1024}}};

constexpr std::uint64_t most = std::uint64_t{1} << 62;
constexpr std::string_view known_units = "units are B KB MB GB KiB MiB GiB";

std::uint64_t size_of(std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return unit.size;
  }
  return 0;
}

// What is wrong before the value is looked at; empty if nothing is.
std::string complaint(const Quantity& quantity, std::string_view rest) {
  const bool no_number = quantity.whole.empty() || (quantity.point && quantity.decimals.empty());
  if (no_number || !rest.empty()) return "is not a size; write one like \"64KiB\" or \"1.5MB\"";
  if (quantity.decimals.size() > most_decimals) return "has more than 9 decimals; 9 are enough";
  if (quantity.unit.empty()) {
    const std::string number(quantity.number());
    return "has no unit; write \"" + number + "B\" or \"" + number + "KiB\"";
  }
  if (size_of(quantity.unit) == 0) {
    return "has the unknown unit " + quoted(quantity.unit) + "; " + std::string(known_units);
  }
  return "";
}

}  // namespace

Result<Bytes> bytes_from(std::string_view text) {
  if (text.empty()) return error("", "an empty size; write one like \"64KiB\"");
  std::string_view rest = text;
  const Quantity quantity = take_quantity(rest);
  if (const std::string what = complaint(quantity, rest); !what.empty()) {
    return error("", quoted(text) + " " + what);
  }
  const auto value = value_of(quantity, size_of(quantity.unit));
  if (!value && value.error() == Misfit::too_fine) {
    return error("", quoted(text) + " is not a whole number of bytes");
  }
  if (!value || *value > most) {
    return error("", quoted(text) + " is too large; a size is at most 4294967296GiB");
  }
  return Bytes{*value};
}

std::string to_string(Bytes bytes) {
  std::string shortest = std::to_string(bytes.count) + "B";
  for (const Unit& unit : units) {
    if (bytes.count < unit.size) break;
    const auto number = decimal(bytes.count, unit.size);
    if (number && number->size() + unit.name.size() < shortest.size()) {
      shortest = *number + std::string(unit.name);
    }
  }
  return shortest;
}

}  // namespace faultline
