// The kinds of sink, in the order users see them. Adding one: its file beside this one, a
// declaration and a line here.

#include <algorithm>
#include <array>

#include "scenarios/sinks/sink.h"

namespace faultline {

extern const SinkKind postgres_sink_kind;

namespace {
constexpr std::array<const SinkKind*, 1> kinds{&postgres_sink_kind};
}

std::span<const SinkKind* const> sink_kinds() { return kinds; }

const SinkKind* find_sink_kind(std::string_view name) {
  const auto found = std::ranges::find(kinds, name, [](const auto* kind) { return kind->name; });
  return found == kinds.end() ? nullptr : *found;
}

}  // namespace faultline
