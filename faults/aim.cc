#include "faults/aim.h"

#include <array>
#include <utility>

namespace faultline {
namespace {

constexpr std::array<std::string_view, 4> direction_choices = {"default", "upstream", "downstream",
                                                               "both"};

constexpr std::array<Parameter, 9> parameters = {{
    {.name = "direction",
     .summary = "which links of a connection the fault is armed on; default: its kind's own",
     .type = ParameterType::choice,
     .fallback = "default",
     .choices = direction_choices},
    {.name = "share",
     .summary =
         "the share of connections (of an HTTP fault: of matching requests, as the four below), "
         "chosen by the seed",
     .type = ParameterType::ratio,
     .fallback = "1"},
    {.name = "nth",
     .summary =
         "only the nth connection, counted from the oldest open one (of an HTTP fault: the nth "
         "request that matches); 0 is any",
     .type = ParameterType::integer,
     .fallback = "0",
     .least = "0"},
    {.name = "every",
     .summary = "only each every-th connection; 0 is any",
     .type = ParameterType::integer,
     .fallback = "0",
     .least = "0"},
    {.name = "first",
     .summary = "only the first so many connections, counted from the oldest open one; 0 is any",
     .type = ParameterType::integer,
     .fallback = "0",
     .least = "0"},
    {.name = "pattern",
     .summary = "a letter per connection, over and over: F is hit, S is spared",
     .type = ParameterType::text,
     .fallback = "F"},
    {.name = "client",
     .summary = "only connections from this address or prefix: 10.0.0.7, 10.0.0.0/8, or any",
     .type = ParameterType::text,
     .fallback = "any"},
    {.name = "count",
     .summary = "exactly so many of each `of`, chosen by the seed; 0 is any",
     .type = ParameterType::integer,
     .fallback = "0",
     .least = "0"},
    {.name = "of",
     .summary = "what `count` is out of",
     .type = ParameterType::integer,
     .fallback = "0",
     .least = "0"},
}};

std::optional<Directions> directions_from(std::string_view choice) {
  if (choice == "upstream") return Directions::upstream;
  if (choice == "downstream") return Directions::downstream;
  if (choice == "both") return Directions::both;
  return std::nullopt;
}

}  // namespace

// A Feistel network of four rounds over the smallest even number of bits that holds `of`, walked
// until it lands below `of` (Black and Rogaway, CT-RSA 2002): less than four steps on average.
bool among(std::uint64_t place, std::uint64_t count, std::uint64_t of, Draw draw) {
  if (count >= of) return true;
  unsigned half = 1;
  while (half < 32 && (of - 1) >> (2 * half) != 0) ++half;
  const std::uint64_t mask = (1ULL << half) - 1;
  std::uint64_t at = place;
  do {
    std::uint64_t left = at >> half, right = at & mask;
    for (std::uint64_t round = 0; round < 4; ++round) {
      const std::uint64_t mixed = left ^ (draw.about(round).about(right).bits() & mask);
      left = right;
      right = mixed;
    }
    at = left << half | right;
  } while (at >= of);
  return at < count;
}

bool Aim::takes_place(const Candidate& candidate, Draw draw) const {
  const std::uint64_t place = candidate.place;
  if (nth != 0 && place != nth) return false;
  if (every != 0 && place % every != 0) return false;
  if (first != 0 && place > first) return false;
  if (!pattern.empty() && pattern[(place - 1) % pattern.size()] != 'F') return false;
  if (of != 0) {
    const std::uint64_t block = (place - 1) / of;
    if (!among((place - 1) % of, count, of, candidate.fault.about("count").about(block)))
      return false;
  }
  return draw.unit() < share;  // unit() is below 1, so a share of 1 takes all and of 0 none
}

std::span<const Parameter> aim_parameters() { return parameters; }

Checked<Aim> aim_from(const Settings& settings) {
  Aim aim{.directions = directions_from(settings.text("direction")),
          .share = settings.ratio("share"),
          .nth = static_cast<std::uint64_t>(settings.integer("nth")),
          .every = static_cast<std::uint64_t>(settings.integer("every")),
          .first = static_cast<std::uint64_t>(settings.integer("first")),
          .pattern = {},
          .client = {},
          .count = static_cast<std::uint64_t>(settings.integer("count")),
          .of = static_cast<std::uint64_t>(settings.integer("of"))};
  Errors errors;
  if (aim.count > aim.of || (aim.of != 0 && aim.count == 0)) {
    errors.push_back({settings.where(aim.of == 0 ? "count" : "of"),
                      "found " + std::to_string(aim.count) + " of " + std::to_string(aim.of) +
                          "; write both, such as count = 123 with of = 18450"});
  }
  const std::string& pattern = settings.text("pattern");
  if (pattern.empty() || pattern.find_first_not_of("FS") != std::string::npos ||
      pattern.size() > longest_pattern) {
    errors.push_back({settings.where("pattern"),
                      quoted(pattern) + " is no pattern; write at most " +
                          std::to_string(longest_pattern) + " letters F (hit) and S (spared)"});
  }
  if (pattern != "F") aim.pattern = pattern;
  if (const std::string& client = settings.text("client"); client != "any") {
    if (auto prefix = Prefix::from(client, settings.where("client"))) {
      aim.client = *prefix;
    } else {
      errors.push_back(prefix.error());
    }
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return aim;
}

Checked<Aim> aim_from(const FaultKind& kind, const Settings& settings) {
  if (kind.by_exchange && settings.text("direction") != "default") {
    return std::unexpected(Errors{{settings.where("direction"),
                                   quoted(kind.name) + " acts on requests and on what "
                                                       "answers them; leave \"direction\" out"}});
  }
  if (kind.aimed) return aim_from(settings);
  const Checked<Settings> nowhere = read_settings(parameters, {}, settings.whole);
  Errors errors;
  for (const auto& [key, value] : settings.values) {
    if (value == nowhere->values.at(key)) continue;
    errors.push_back({settings.where(key), quoted(key) + " chooses among connections, and " +
                                               quoted(kind.name) +
                                               " acts before there is one; leave it out"});
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return Aim{};
}

}  // namespace faultline
