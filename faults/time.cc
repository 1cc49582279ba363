#include "faults/time.h"

#include <array>
#include <cassert>
#include <cstdint>

#include "faults/quantity.h"

namespace faultline {
namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t minute = 60 * second;
constexpr std::uint64_t hour = 60 * minute;
constexpr std::uint64_t day = 24 * hour;
constexpr std::uint64_t longest = 3650 * day;

// Descending; the last two are the micro sign and the Greek letter, which look the same.
constexpr std::array<Unit, 9> units = {{{"d", day},
                                        {"h", hour},
                                        {"m", minute},
                                        {"s", second},
                                        {"ms", 1'000'000},
                                        {"us", 1'000},
                                        {"ns", 1},
                                        {"\u00b5s", 1'000},
                                        {"\u03bcs", 1'000}}};

std::uint64_t size_of(std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return unit.size;
  }
  return 0;
}

std::unexpected<Error> wrong(std::string_view text, const std::string& what) {
  return error("", quoted(text) + " " + what);
}

constexpr std::string_view known_units = "units are ns us ms s m h d";

// What is wrong with one quantity of `text` before its value is looked at; empty if nothing is.
std::string complaint(std::string_view text, const Quantity& quantity) {
  if (quantity.whole.empty() || (quantity.point && quantity.decimals.empty())) {
    return "is not a duration; write one like \"250ms\", \"1.5s\" or \"1m30s\"";
  }
  if (quantity.decimals.size() > most_decimals) return "has more than 9 decimals; 9 are enough";
  const std::string number(quantity.number());
  if (quantity.unit.empty() && number == text) {
    return "has no unit; write \"" + number + "ms\" or \"" + number + "s\"";
  }
  if (quantity.unit.empty()) return "has no unit after " + number + "; " + std::string(known_units);
  if (size_of(quantity.unit) == 0) {
    return "has the unknown unit " + quoted(quantity.unit) + "; " + std::string(known_units);
  }
  return "";
}

// Below a minute one number is enough: the largest unit that is not above it, with decimals.
std::string in_one_unit(std::uint64_t count) {
  for (const Unit& unit : units) {
    if (unit.size > second || unit.size > count) continue;
    return decimal(count, unit.size).value() + std::string(unit.name);
  }
  return "0s";
}

std::string in_units(std::uint64_t count) {
  std::string text;
  for (const Unit& unit : units) {
    if (unit.size < minute) break;
    if (count < unit.size) continue;
    text += std::to_string(count / unit.size) + std::string(unit.name);
    count %= unit.size;
  }
  return text.empty() || count > 0 ? text + in_one_unit(count) : text;
}

std::uint64_t magnitude(Duration duration) {
  const auto bits = static_cast<std::uint64_t>(duration.count());
  return duration.count() < 0 ? 0 - bits : bits;
}

std::uint64_t to_multiple(std::uint64_t count, std::uint64_t step) {
  return (count + step / 2) / step * step;
}

std::uint64_t step_for_people(std::uint64_t count) {
  if (count >= day) return hour;
  if (count >= hour) return minute;
  if (count >= minute) return second;
  std::uint64_t step = 1;
  while (count / step >= 1000) step *= 10;
  return step;
}

}  // namespace

Result<Duration> duration_from(std::string_view text) {
  if (text.empty()) return error("", "an empty duration; write one like \"250ms\"");
  if (text.starts_with('-')) return wrong(text, "is negative; a duration is 0s or more");
  if (text.find_first_of(" \t") != std::string_view::npos) {
    return wrong(text, "has a space in it; write a duration like \"1m30s\"");
  }
  std::uint64_t total = 0;
  std::uint64_t previous = UINT64_MAX;
  for (std::string_view rest = text; !rest.empty();) {
    const Quantity quantity = take_quantity(rest);
    if (const std::string what = complaint(text, quantity); !what.empty()) return wrong(text, what);
    const std::uint64_t size = size_of(quantity.unit);
    if (size >= previous) {
      return wrong(text, "has its units out of order; write each once, the largest first: 1m30s");
    }
    previous = size;
    const auto value = value_of(quantity, size);
    if (!value && value.error() == Misfit::too_fine) {
      return wrong(text, "is finer than a nanosecond, which is the smallest unit");
    }
    // Both are at most `longest` here, so the sum does not overflow.
    if (!value || *value > longest || (total += *value) > longest) {
      return wrong(text, "is too long; a duration is at most 3650d");
    }
  }
  return Duration(static_cast<Duration::rep>(total));
}

std::string to_string(Duration duration) {
  return (duration.count() < 0 ? "-" : "") + in_units(magnitude(duration));
}

std::string rounded(Duration duration) {
  const std::uint64_t count = magnitude(duration);
  return (duration.count() < 0 ? "-" : "") + in_units(to_multiple(count, step_for_people(count)));
}

}  // namespace faultline
