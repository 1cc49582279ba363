#include "faults/toxics/catalogue.h"

#include <array>

namespace faultline {

// Each is defined in the file of its name in faults/toxics/.
extern const FaultKind noop_toxic;
extern const FaultKind latency_toxic;
extern const FaultKind bandwidth_toxic;
extern const FaultKind slow_close_toxic;
extern const FaultKind timeout_toxic;
extern const FaultKind reset_peer_toxic;
extern const FaultKind slicer_toxic;
extern const FaultKind limit_data_toxic;
extern const FaultKind packet_loss_toxic;

namespace {

constexpr std::array kinds = {&noop_toxic,       &latency_toxic,    &bandwidth_toxic,
                              &slow_close_toxic, &timeout_toxic,    &reset_peer_toxic,
                              &slicer_toxic,     &limit_data_toxic, &packet_loss_toxic};

}  // namespace

std::span<const FaultKind* const> toxic_kinds() { return kinds; }

const FaultKind* find_toxic_kind(std::string_view name) {
  for (const FaultKind* kind : kinds) {
    if (kind->name == name) return kind;
  }
  return nullptr;
}

}  // namespace faultline
