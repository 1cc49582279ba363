#include "faults/aim.h"

#include <array>
#include <utility>

namespace faultline {
namespace {

constexpr std::array<std::string_view, 4> direction_choices = {"default", "upstream", "downstream",
                                                               "both"};

constexpr std::array<Parameter, 7> parameters = {{
    {.name = "direction",
     .summary = "which links of a connection the fault is armed on; default: its kind's own",
     .type = ParameterType::choice,
     .fallback = "default",
     .choices = direction_choices},
    {.name = "share",
     .summary = "the share of connections, chosen by the seed",
     .type = ParameterType::ratio,
     .fallback = "1"},
    {.name = "nth",
     .summary = "only the nth connection, counted from the oldest open one; 0 is any",
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
}};

std::optional<Directions> directions_from(std::string_view choice) {
  if (choice == "upstream") return Directions::upstream;
  if (choice == "downstream") return Directions::downstream;
  if (choice == "both") return Directions::both;
  return std::nullopt;
}

}  // namespace

bool Aim::takes(const Candidate& candidate, Draw draw) const {
  const std::uint64_t place = candidate.place;
  if (nth != 0 && place != nth) return false;
  if (every != 0 && place % every != 0) return false;
  if (first != 0 && place > first) return false;
  if (!pattern.empty() && pattern[(place - 1) % pattern.size()] != 'F') return false;
  if (client && !client->covers(candidate.client)) return false;
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
          .client = {}};
  Errors errors;
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
