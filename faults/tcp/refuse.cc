// refuse: nobody new gets in; who is in stays.

#include "faults/fault.h"

namespace faultline {
namespace {

class Refuse final : public Fault {
 public:
  std::unique_ptr<Fault> fresh() const override { return std::make_unique<Refuse>(); }
  void update(const Fault&) override {}

  void opening(const Moment&, Outlet& outlet) override { outlet.refuse(); }
};

Checked<std::unique_ptr<Fault>> make(const Settings&) { return std::make_unique<Refuse>(); }

}  // namespace

extern const FaultKind refuse_kind;
constinit const FaultKind refuse_kind = {
    .name = "refuse",
    .summary = "refuses new connections and leaves live ones alone",
    .contract =
        "Arm: a client that connects from now on gets an RST and the upstream is not dialed. The "
        "direction of the aim makes no difference. "
        "Update: there is nothing to set. Disarm: the next connection is served. Half-close: live "
        "connections pass everything, the "
        "FIN included. Reset: likewise.",
    .parameters = {},
    .default_directions = Directions::both,
    .make = make,
};

}  // namespace faultline
