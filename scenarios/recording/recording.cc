#include "scenarios/recording/recording.h"

#include <array>
#include <cassert>

namespace faultline {
namespace {

constexpr std::array<std::string_view, 9> outcomes{"answered",        "not_sent",  "refused",
                                                   "connect_timeout", "reset",     "closed_early",
                                                   "timeout",         "malformed", "abandoned"};
constexpr std::array<std::string_view, 3> endings{"completed", "aborted", "failed"};

}  // namespace

std::string_view name(Outcome outcome) {
  assert(static_cast<std::size_t>(outcome) < outcomes.size());
  return outcomes[static_cast<std::size_t>(outcome)];
}

std::string_view name(Ending ending) {
  assert(static_cast<std::size_t>(ending) < endings.size());
  return endings[static_cast<std::size_t>(ending)];
}

const FaultRecord* Recording::fault(std::string_view id) const {
  for (const FaultRecord& record : faults) {
    if (record.id == id) return &record;
  }
  return nullptr;
}

ProxyId Recording::proxy(std::string_view name) const {
  for (const auto& [id, known] : proxies) {
    if (known == name) return id;
  }
  return 0;
}

}  // namespace faultline
