#include "faults/http/http_date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace faultline::http {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::string_view form = "Ddd, 00 Mmm 0000 00:00:00 GMT";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits where the form has them, and its marks to the letter; names are read apart.
bool has_form(std::string_view text) {
  if (text.size() != form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool in_name = i < 3 || (i >= 8 && i < 11);
    if (in_name) continue;
    if (form[i] == '0' ? !is_digit(text[i]) : text[i] != form[i]) return false;
  }
  return true;
}

int number(std::string_view digits) {
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::string padded(long value, std::size_t width) {
  const std::string digits = std::to_string(value);
  return std::string(width - std::min(width, digits.size()), '0') + digits;
}

}  // namespace

std::string http_date(std::chrono::sys_seconds at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  std::string text(days[std::chrono::weekday(day).c_encoding()]);
  text += ", " + padded(static_cast<long>(static_cast<unsigned>(date.day())), 2) + " ";
  text += months[static_cast<unsigned>(date.month()) - 1];
  return text + " " + padded(static_cast<int>(date.year()), 4) + " " +
         padded(time.hours().count(), 2) + ":" + padded(time.minutes().count(), 2) + ":" +
         padded(time.seconds().count(), 2) + " GMT";
}

std::optional<std::chrono::sys_seconds> http_date_from(std::string_view text) {
  if (!has_form(text)) return std::nullopt;
  const auto* const month = std::ranges::find(months, text.substr(8, 3));
  if (month == months.end()) return std::nullopt;
  const year_month_day date(std::chrono::year(number(text.substr(12, 4))),
                            std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1),
                            std::chrono::day(static_cast<unsigned>(number(text.substr(5, 2)))));
  if (!date.ok()) return std::nullopt;
  if (text.substr(0, 3) != days[std::chrono::weekday(sys_days(date)).c_encoding()])
    return std::nullopt;
  const int hours = number(text.substr(17, 2));
  const int minutes = number(text.substr(20, 2));
  const int seconds = number(text.substr(23, 2));
  if (hours > 23 || minutes > 59 || seconds > 60) return std::nullopt;
  return sys_days(date) + std::chrono::hours(hours) + std::chrono::minutes(minutes) +
         std::chrono::seconds(seconds);
}

}  // namespace faultline::http
