// reset: the node is gone. Every connection ends with an RST, and so does every attempt at a new
// one.
//
// `armed` comes once for each link of a connection, so a connection may be reset twice in one
// moment. The second time finds it gone, which is harmless.

#include "faults/fault.h"
#include "faults/tcp/connections.h"

namespace faultline {
namespace {

constexpr Parameter parameters[] = {connections_parameter};

class Reset final : public Fault {
 public:
  explicit Reset(Connections connections) : connections_(connections) {}

  std::unique_ptr<Fault> fresh() const override { return std::make_unique<Reset>(connections_); }
  void update(const Fault& configured) override {
    connections_ = same_kind<Reset>(configured).connections_;
  }

  void armed(const Moment&, bool established, Outlet& outlet) override {
    if (established && connections_.live) outlet.reset();
  }

  void opening(const Moment&, Outlet& outlet) override {
    if (connections_.opening) outlet.refuse();
  }

 private:
  Connections connections_;
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  return std::make_unique<Reset>(connections_from(settings));
}

}  // namespace

extern const FaultKind reset_kind;
constinit const FaultKind reset_kind = {
    .name = "reset",
    .summary = "resets live connections, idle ones included, and every new one",
    .contract =
        "Arm: live connections get an RST on both sides at once, idle ones included; whatever a "
        "link still held is lost. A client that connects while the fault is armed gets an RST and "
        "the upstream is not dialed. `connections` narrows it to the live or to the new ones. "
        "Update: decides about connections that come after it. Disarm: the next connection is "
        "served; what was reset stays so. Half-close: a half-closed "
        "connection is live and is reset. Reset: what was reset already is gone; again is "
        "harmless.",
    .parameters = parameters,
    .default_directions = Directions::both,
    .make = make,
};

}  // namespace faultline
