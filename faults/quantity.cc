#include "faults/quantity.h"

#include <cassert>
#include <charconv>
#include <numeric>

namespace faultline {
namespace {

std::string_view take_while(std::string_view& rest, bool (*wanted)(char)) {
  std::size_t size = 0;
  while (size < rest.size() && wanted(rest[size])) ++size;
  const std::string_view taken = rest.substr(0, size);
  rest.remove_prefix(size);
  return taken;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_unit(char c) {
  return !is_digit(c) && c != '.' && c != '-' && c != '+' && static_cast<unsigned char>(c) > ' ';
}

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t value = 0;
  if (text.empty()) return value;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string_view Quantity::number() const {
  const std::size_t size = whole.size() + (point ? 1 : 0) + decimals.size();
  return {whole.data(), size};  // the parts are neighbours in the user's text
}

Quantity take_quantity(std::string_view& rest) {
  Quantity quantity;
  quantity.whole = take_while(rest, is_digit);
  if (rest.starts_with('.')) {
    quantity.point = true;
    rest.remove_prefix(1);
    quantity.decimals = take_while(rest, is_digit);
  }
  quantity.unit = take_while(rest, is_unit);
  return quantity;
}

// With p decimals the fraction is part / 10^p of a unit. Reduced by what unit and 10^p have in
// common, it is whole exactly when the rest of 10^p divides `part`; and since part < 10^p, the
// product is below unit_size and cannot overflow.
std::expected<std::uint64_t, Misfit> value_of(const Quantity& quantity, std::uint64_t unit_size) {
  assert(!quantity.whole.empty() && quantity.decimals.size() <= most_decimals && unit_size > 0);
  const auto whole = digits(quantity.whole);
  std::uint64_t value = 0;
  if (!whole || __builtin_mul_overflow(*whole, unit_size, &value)) {
    return std::unexpected(Misfit::too_large);
  }
  std::uint64_t scale = 1;
  for (std::size_t i = 0; i < quantity.decimals.size(); ++i) scale *= 10;
  const std::uint64_t part = digits(quantity.decimals).value();
  const std::uint64_t common = std::gcd(unit_size, scale);
  if (part % (scale / common) != 0) return std::unexpected(Misfit::too_fine);
  const std::uint64_t fraction = part / (scale / common) * (unit_size / common);
  if (__builtin_add_overflow(value, fraction, &value)) return std::unexpected(Misfit::too_large);
  return value;
}

std::optional<std::string> decimal(std::uint64_t value, std::uint64_t unit_size) {
  assert(unit_size > 0 && unit_size <= UINT64_MAX / 10);
  std::string text = std::to_string(value / unit_size);
  std::uint64_t rest = value % unit_size;
  if (rest == 0) return text;
  text += '.';
  for (std::size_t i = 0; i < most_decimals && rest != 0; ++i) {
    text += static_cast<char>('0' + rest * 10 / unit_size);
    rest = rest * 10 % unit_size;
  }
  if (rest != 0) return std::nullopt;
  return text;
}

}  // namespace faultline
