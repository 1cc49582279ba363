// stall: the bytes stop and the connection stays. Nobody is told, nothing is lost.

#include "faults/fault.h"

namespace faultline {
namespace {

class Stall final : public Fault {
 public:
  std::unique_ptr<Fault> fresh() const override { return std::make_unique<Stall>(); }
  void update(const Fault&) override {}

  void chunk(const Moment&, const Chunk&, Outlet& outlet) override { outlet.pass_at(never); }
  void end(const Moment&, Outlet& outlet) override { outlet.pass_at(never); }
};

Checked<std::unique_ptr<Fault>> make(const Settings&) { return std::make_unique<Stall>(); }

}  // namespace

extern const FaultKind stall_kind;
constinit const FaultKind stall_kind = {
    .name = "stall",
    .summary = "holds every byte and every FIN until it is disarmed",
    .contract =
        "Arm: from now on nothing goes on. New connections are still accepted and dialed. A link "
        "holds what its queue holds; then it stops reading and the sender feels TCP's own "
        "back-pressure. The kernel keeps acknowledging, so neither keep-alive nor "
        "TCP_USER_TIMEOUT notices: only a deadline does. Update: there is nothing to set. Disarm: "
        "everything held goes on, in "
        "order; nothing is lost. Half-close: the FIN is held with the data, behind it. Reset: a "
        "peer's RST is held likewise; the journal has it at the instant it came.",
    .parameters = {},
    .default_directions = Directions::both,
    .make = make,
};

}  // namespace faultline
