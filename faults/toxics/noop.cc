// noop: a toxic that does nothing.

#include "faults/fault.h"

namespace faultline {
namespace {

class Noop final : public Fault {
 public:
  std::unique_ptr<Fault> fresh() const override { return std::make_unique<Noop>(); }
  void update(const Fault&) override {}
};

Checked<std::unique_ptr<Fault>> make(const Settings&) { return std::make_unique<Noop>(); }

}  // namespace

extern const FaultKind noop_toxic;
constinit const FaultKind noop_toxic = {
    .name = "noop",
    .summary = "passes everything",
    .contract =
        "Arm: nothing happens. Update: likewise. Disarm: likewise. Half-close: passes. "
        "Reset: passes.",
    .parameters = {},
    .default_directions = Directions::downstream,
    .make = make,
};

}  // namespace faultline
