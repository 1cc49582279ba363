#include "faults/tcp/latency_delays.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "faults/settings.h"

namespace faultline {
namespace {

// A bell is cut off where one in 16,000 would be.
constexpr double most_deviations = 4;
// The tail of a Pareto distribution: heavy, with a mean and a variance that exist.
constexpr double pareto_shape = 3;

double normal(Draw draw) {
  // Two uniform draws make a normal one (Box and Muller, 1958).
  const double radius = std::sqrt(-2 * std::log1p(-draw.about(1).unit()));
  const double deviation = radius * std::cos(2 * std::numbers::pi * draw.about(2).unit());
  return std::clamp(deviation, -most_deviations, most_deviations);
}

// 0 is the likeliest; the mean is a half.
double pareto(Draw draw) { return std::pow(1 - draw.unit(), -1 / pareto_shape) - 1; }

double from_table(const std::vector<Quantile>& table, double share) {
  const auto above = std::ranges::lower_bound(table, share, {}, &Quantile::share);
  if (above == table.end()) return static_cast<double>(table.back().delay.count());
  const auto high = static_cast<double>(above->delay.count());
  if (above == table.begin()) return high;
  const Quantile& below = *(above - 1);
  const auto low = static_cast<double>(below.delay.count());
  return low + (high - low) * (share - below.share) / (above->share - below.share);
}

// From -1 to 1; `phase` from 0 to 1.
double height(Wave wave, double phase) {
  switch (wave) {
    case Wave::none:
      break;
    case Wave::sine:
      return std::sin(2 * std::numbers::pi * phase);
    case Wave::square:
      return phase < 0.5 ? 1 : -1;
    case Wave::triangle:
      return phase < 0.5 ? 4 * phase - 1 : 3 - 4 * phase;
    case Wave::saw:
      return 2 * phase - 1;
  }
  return 0;
}

double spread_of(const Delays& delays, Draw draw) {
  const auto jitter = static_cast<double>(delays.jitter.count());
  switch (delays.spread) {
    case Spread::uniform:
      return jitter * (2 * draw.unit() - 1);
    case Spread::normal:
      return jitter * normal(draw);
    case Spread::pareto:
      return jitter * pareto(draw);
    case Spread::table:
      break;
  }
  return from_table(delays.table, draw.unit());
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  constexpr std::string_view gaps = ", \t\n";
  while (true) {
    const std::size_t from = text.find_first_not_of(gaps);
    if (from == std::string_view::npos) return words;
    text.remove_prefix(from);
    const std::size_t length = std::min(text.find_first_of(gaps), text.size());
    words.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
}

Result<Duration> delay_from(std::string_view text) {
  auto delay = duration_from(text);
  if (delay && *delay > longest_delay)
    return error({}, quoted(text) + " is longer than " + to_string(longest_delay));
  return delay;
}

Result<Quantile> quantile_from(std::string_view word) {
  const std::size_t colon = word.find(':');
  static constexpr Parameter share = {
      .name = "share", .summary = "of the delays", .type = ParameterType::ratio};
  const RawSetting raw{"share", std::string(word.substr(0, colon)), {}};
  const auto settings = read_settings(std::span(&share, 1), std::span(&raw, 1), {});
  const auto delay = delay_from(word.substr(colon + 1));
  if (!settings || !delay) {
    return error({}, quoted(word) + " is no quantile (" +
                         (settings ? delay.error().what : settings.error().front().what) +
                         "); write a share and a delay of at most " + to_string(longest_delay) +
                         " like \"99%:80ms\"");
  }
  return Quantile{settings->ratio("share"), *delay};
}

Result<std::vector<Quantile>> plain_delays(const std::vector<std::string_view>& words) {
  std::vector<Quantile> table;
  for (const std::string_view word : words) {
    const auto delay = delay_from(word);
    if (!delay) return std::unexpected(delay.error());
    table.push_back({0, *delay});
  }
  std::ranges::sort(table, {}, &Quantile::delay);
  const auto steps = static_cast<double>(std::max<std::size_t>(table.size() - 1, 1));
  for (std::size_t i = 0; i < table.size(); ++i) table[i].share = static_cast<double>(i) / steps;
  return table;
}

}  // namespace

Result<std::vector<Quantile>> quantiles_from(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  if (words.empty() || words.size() > most_quantiles) {
    return error({}, "the table has " + std::to_string(words.size()) + " delays; write 1 to " +
                         std::to_string(most_quantiles));
  }
  if (text.find(':') == std::string_view::npos) return plain_delays(words);
  std::vector<Quantile> table;
  for (const std::string_view word : words) {
    if (word.find(':') == std::string_view::npos)
      return error({}, quoted(word) + " has no share, others have; write it like \"99%:80ms\"");
    const auto quantile = quantile_from(word);
    if (!quantile) return std::unexpected(quantile.error());
    if (!table.empty() &&
        (quantile->share <= table.back().share || quantile->delay < table.back().delay))
      return error({}, quoted(word) + " does not ascend; write larger shares with longer delays");
    table.push_back(*quantile);
  }
  return table;
}

Duration Delays::at(const Moment& moment) const {
  double delay = static_cast<double>(mean.count()) + spread_of(*this, moment.draw);
  if (wave != Wave::none) {
    const Duration into = (moment.now - moment.since) % period;
    const double phase = static_cast<double>(into.count()) / static_cast<double>(period.count());
    delay += static_cast<double>(amplitude.count()) * height(wave, phase < 0 ? phase + 1 : phase);
  }
  const auto longest = static_cast<double>(longest_delay.count());
  return Duration(static_cast<std::int64_t>(std::llround(std::clamp(delay, 0.0, longest))));
}

}  // namespace faultline
