#include "scenarios/workload/load_window.h"

#include <algorithm>
#include <bit>

namespace faultline {
namespace {

// A value below 64 has a cell of its own; above, each power of two is cut into 64 cells.
constexpr int bits = 6;
constexpr std::uint64_t cells_per_power = 1ULL << bits;
constexpr int most_bits = 36;  // 19 hours in microseconds
constexpr std::size_t cells = (most_bits - bits + 1) * cells_per_power;

std::size_t cell_of(Duration latency) {
  const auto most = static_cast<std::int64_t>((1ULL << most_bits) - 1);
  const auto value = static_cast<std::uint64_t>(
      std::clamp<std::int64_t>(latency / std::chrono::microseconds(1), 0, most));
  if (value < cells_per_power) return static_cast<std::size_t>(value);
  const int power = static_cast<int>(std::bit_width(value)) - 1 - bits;
  return static_cast<std::size_t>((static_cast<std::uint64_t>(power) << bits) + (value >> power));
}

// The middle of a cell.
Duration value_of(std::size_t cell) {
  if (cell < cells_per_power) return std::chrono::microseconds(cell);
  const std::uint64_t power = (cell >> bits) - 1;
  const std::uint64_t low = (cell - (power << bits)) << power;
  return std::chrono::microseconds(low + ((1ULL << power) >> 1));
}

// Nearest rank of `count` > 0 values.
Duration quantile(const std::vector<std::uint64_t>& histogram, std::uint64_t count,
                  std::uint64_t percent) {
  const std::uint64_t rank = (percent * count + 99) / 100;
  std::uint64_t seen = 0;
  for (std::size_t cell = 0; cell < histogram.size(); ++cell) {
    seen += histogram[cell];
    if (seen >= rank) return value_of(cell);
  }
  return {};
}

}  // namespace

LoadWindow::LoadWindow() {
  for (Slot& slot : slots_) slot.histogram.resize(cells);
}

void LoadWindow::offered(std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  sum_.offered += count;
  sum_.in_flight += count;
}

void LoadWindow::completed(Duration latency, bool failed, Instant ended) {
  const std::int64_t tick = ended.time_since_epoch() / tenth;
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[static_cast<std::size_t>(tick) % slots_.size()];
  if (slot.tick != tick) {
    slot.tick = tick;
    slot.count = slot.errors = 0;
    std::ranges::fill(slot.histogram, 0);
  }
  ++slot.count;
  ++slot.histogram[cell_of(latency)];
  slot.errors += failed;
  ++sum_.completed;
  sum_.failed += failed;
  --sum_.in_flight;
}

LoadProgress LoadWindow::look(Instant now) const {
  const std::int64_t tick = now.time_since_epoch() / tenth;
  std::vector<std::uint64_t> histogram(cells);
  std::uint64_t count = 0;
  const std::lock_guard lock(mutex_);
  LoadProgress progress = sum_;
  for (const Slot& slot : slots_) {
    if (slot.count == 0 || slot.tick >= tick || slot.tick < tick - tenths) continue;
    count += slot.count;
    progress.errors += slot.errors;
    std::ranges::transform(histogram, slot.histogram, histogram.begin(), std::plus<>());
  }
  progress.rate = static_cast<double>(count);
  if (count == 0) return progress;
  progress.p50 = quantile(histogram, count, 50);
  progress.p99 = quantile(histogram, count, 99);
  return progress;
}

}  // namespace faultline
