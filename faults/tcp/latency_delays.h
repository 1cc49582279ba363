#pragma once

// How long a latency is, for one chunk: a mean, a spread about it by chance, and a wave over time.

#include <cstdint>
#include <string_view>
#include <vector>

#include "faults/fault.h"

namespace faultline {

// How delays spread about their mean.
enum class Spread : std::uint8_t { uniform, normal, pareto, table };
enum class Wave : std::uint8_t { none, sine, square, triangle, saw };

// Delays as they were measured: this share of them is at most so long.
struct Quantile {
  double share = 0;
  Duration delay{};
  bool operator==(const Quantile&) const = default;
};

inline constexpr std::size_t most_quantiles = 1024;
inline constexpr Duration longest_delay = std::chrono::hours(1);

// Reads "50%:10ms 99%:80ms 100%:1s" (shares ascend, delays do not descend, a straight line between
// two) or plain delays, "8ms 9ms 9ms 70ms", which are equally likely. Spaces or commas.
Result<std::vector<Quantile>> quantiles_from(std::string_view text);

struct Delays {
  Duration mean{};
  Duration jitter{};
  Spread spread = Spread::uniform;
  std::vector<Quantile> table = {};  // of Spread::table; not empty then
  Wave wave = Wave::none;
  Duration amplitude{};
  Duration period = std::chrono::seconds(1);

  // From 0 to longest_delay.
  Duration at(const Moment& moment) const;
};

}  // namespace faultline
