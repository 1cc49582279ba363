#include "faults/random.h"

#include <cassert>

namespace faultline {

// FNV-1a turns the words into one number; mixing makes a draw of it.
Draw Draw::about(std::string_view part) const {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : part) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return about(hash);
}

// The remainder of a division prefers small results a little unless the lowest 2^64 mod count
// values are refused; a refused draw leads to the next one about the same thing.
std::int64_t Draw::between(std::int64_t low, std::int64_t high) const {
  assert(low <= high);
  const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  if (span == UINT64_MAX) return static_cast<std::int64_t>(bits());
  const std::uint64_t count = span + 1;
  const std::uint64_t refused = (0 - count) % count;
  Draw draw = *this;
  while (draw.bits() < refused) draw = draw.about(std::uint64_t{0});
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + draw.bits() % count);
}

}  // namespace faultline
