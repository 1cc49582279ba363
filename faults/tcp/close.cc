// close: the node says goodbye. Every connection ends with a FIN, and so does every new one, right
// after it was accepted.
//
// Each link ends its own direction, so with both links aimed at both peers get a FIN. A new
// connection is ended at `armed` and not at `opening`, whose only verb is an RST.

#include "faults/fault.h"
#include "faults/tcp/connections.h"

namespace faultline {
namespace {

constexpr Parameter parameters[] = {connections_parameter};

class Close final : public Fault {
 public:
  explicit Close(Connections connections) : connections_(connections) {}

  std::unique_ptr<Fault> fresh() const override { return std::make_unique<Close>(connections_); }
  void update(const Fault& configured) override {
    connections_ = same_kind<Close>(configured).connections_;
  }

  void armed(const Moment&, bool established, Outlet& outlet) override {
    if (established ? connections_.live : connections_.opening) outlet.end();
  }

 private:
  Connections connections_;
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  return std::make_unique<Close>(connections_from(settings));
}

}  // namespace

extern const FaultKind close_kind;
constinit const FaultKind close_kind = {
    .name = "close",
    .summary = "closes live connections with a FIN, and every new one",
    .contract =
        "Arm: on live connections each aimed direction ends with a FIN behind the bytes that have "
        "passed; bytes that arrive later are dropped. Aimed at one direction it is a half-close, "
        "and the other goes on. A client that connects while the fault is armed is accepted and "
        "closed in the same way, never reset. `connections` narrows it to the live or to the new "
        "ones. Update: decides about connections that come after it. Disarm: the next connection "
        "is served; what was closed stays so. Half-close: a "
        "direction that ended already stays ended, the other one ends too. Reset: an RST passes.",
    .parameters = parameters,
    .default_directions = Directions::both,
    .make = make,
};

}  // namespace faultline
