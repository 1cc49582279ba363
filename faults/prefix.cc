#include "faults/prefix.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace faultline {
namespace {

using Bytes16 = std::array<std::uint8_t, 16>;

constexpr unsigned mapped_bits = 96;  // of ::ffff:0:0, before the IPv4 address
constexpr unsigned all_bits = 128;

struct Numeric {
  Bytes16 bytes{};
  unsigned offset = 0;  // of the family's own first bit
};

std::optional<Numeric> numeric(std::string_view text) {
  const std::string terminated(text);
  Numeric found;
  if (inet_pton(AF_INET6, terminated.c_str(), found.bytes.data()) == 1) return found;
  if (inet_pton(AF_INET, terminated.c_str(), found.bytes.data() + mapped_bits / 8) != 1)
    return std::nullopt;
  found.bytes[10] = found.bytes[11] = 0xff;
  found.offset = mapped_bits;
  return found;
}

}  // namespace

Result<Prefix> Prefix::from(std::string_view text, const std::string& where) {
  const std::size_t slash = text.find('/');
  const auto address = numeric(text.substr(0, slash));
  unsigned length = all_bits;
  bool understood = address.has_value();
  if (understood && slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, failed] =
        std::from_chars(digits.data(), digits.data() + digits.size(), length);
    understood = failed == std::errc{} && end == digits.data() + digits.size() &&
                 length <= all_bits - address->offset;
    length += address->offset;
  }
  if (!understood)
    return error(where, quoted(text) + " is no address; write one as 10.0.0.7, 10.0.0.0/8 or ::1");
  Prefix prefix;
  prefix.bytes_ = address->bytes;
  prefix.bits_ = length;
  return prefix;
}

bool Prefix::covers(std::string_view address) const {
  const auto other = numeric(address);
  if (!other) return false;
  const unsigned whole = bits_ / 8;
  if (!std::equal(bytes_.begin(), bytes_.begin() + whole, other->bytes.begin())) return false;
  if (bits_ % 8 == 0) return true;
  const unsigned spare = 8 - bits_ % 8;
  return bytes_[whole] >> spare == other->bytes[whole] >> spare;
}

}  // namespace faultline
