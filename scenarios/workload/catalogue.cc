// The kinds of load, in the order users see them. Adding one: its file beside this one, a
// declaration and a line here.

#include <algorithm>
#include <array>

#include "scenarios/workload/workload.h"

namespace faultline {

extern const WorkloadKind http_workload_kind;

namespace {
constexpr std::array<const WorkloadKind*, 1> kinds{&http_workload_kind};
}

std::span<const WorkloadKind* const> workload_kinds() { return kinds; }

const WorkloadKind* find_workload_kind(std::string_view name) {
  const auto found = std::ranges::find(kinds, name, [](const auto* kind) { return kind->name; });
  return found == kinds.end() ? nullptr : *found;
}

}  // namespace faultline
