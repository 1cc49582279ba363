#include "faults/aim.h"

#include <array>

namespace faultline {
namespace {

constexpr std::array<std::string_view, 4> direction_choices = {"default", "upstream", "downstream",
                                                               "both"};

constexpr std::array<Parameter, 5> parameters = {{
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
     .summary = "only the nth connection since the proxy opened, from 1; 0 is any",
     .type = ParameterType::integer,
     .fallback = "0",
     .least = "0"},
    {.name = "every",
     .summary = "only each every-th connection; 0 is any",
     .type = ParameterType::integer,
     .fallback = "0",
     .least = "0"},
    {.name = "first",
     .summary = "only the first so many connections since the proxy opened; 0 is any",
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

bool Aim::takes(std::uint64_t ordinal, Draw draw) const {
  if (nth != 0 && ordinal != nth) return false;
  if (every != 0 && ordinal % every != 0) return false;
  if (first != 0 && ordinal > first) return false;
  return draw.unit() < share;  // unit() is below 1, so a share of 1 takes all and of 0 none
}

std::span<const Parameter> aim_parameters() { return parameters; }

Aim aim_from(const Settings& settings) {
  return {.directions = directions_from(settings.text("direction")),
          .share = settings.ratio("share"),
          .nth = static_cast<std::uint64_t>(settings.integer("nth")),
          .every = static_cast<std::uint64_t>(settings.integer("every")),
          .first = static_cast<std::uint64_t>(settings.integer("first"))};
}

}  // namespace faultline
