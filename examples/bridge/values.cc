#include "values.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace bridge {

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Millis> duration(std::string_view text) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = whole_number(text.substr(0, digits));
  const auto unit = text.substr(digits);
  const std::uint64_t scale = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60000 : 0;
  if (!number || scale == 0 || *number > 24ULL * 60 * 60000 / scale) return std::nullopt;
  return Millis(*number * scale);
}

std::optional<Address> address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const auto port = whole_number(text.substr(colon + 1));
  if (!port || *port > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return Address{std::string(host), static_cast<std::uint16_t>(*port)};
}

std::optional<Limit> limit(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto requests = whole_number(text.substr(0, slash));
  const auto window = duration(text.substr(slash + 1));
  if (!requests || *requests == 0 || !window || window->count() == 0) return std::nullopt;
  return Limit{*requests, *window};
}

}  // namespace bridge
