#include "scenarios/report/figure.h"

#include <charconv>
#include <chrono>
#include <cmath>

namespace faultline {
namespace {

constexpr int most_decimals = 9;

std::string digits(double value, int decimals) {
  char text[400];  // the longest double has 309 digits before its point
  const auto end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, decimals);
  return {text, end.ptr};
}

std::string count(double value) {
  if (value == std::floor(value)) return digits(value, 0);
  return digits(value, std::abs(value) < 1 ? 3 : 1);
}

std::string share(double value) {
  const double percent = value * 100;
  if (std::abs(percent - std::round(percent)) < 1e-10) return digits(std::round(percent), 0) + " %";
  int decimals = percent < 1 || percent > 99 ? 2 : 1;
  const auto is_whole = [&](const std::string& text) {
    return text.find_first_not_of("0.") == std::string::npos || text.starts_with("100.");
  };
  std::string text = digits(percent, decimals);
  while (is_whole(text) && decimals < most_decimals) text = digits(percent, ++decimals);
  return text + " %";
}

}  // namespace

std::string formatted(double value, Unit unit) {
  switch (unit) {
    case Unit::duration:
      return rounded(std::chrono::round<Duration>(std::chrono::duration<double>(value)));
    case Unit::count:
      return count(value);
    case Unit::ratio:
      return share(value);
  }
  return "";
}

std::string counted(std::uint64_t n, std::string_view what) {
  return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

}  // namespace faultline
