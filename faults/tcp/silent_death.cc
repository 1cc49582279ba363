// silent_death: something on the way has forgotten a connection, as a NAT or a firewall does with
// one that was idle for too long. Nobody is told; whatever is sent vanishes, the goodbye included.
//
// The dead stay dead. When the fault is disarmed they are reset, used or not: a node that has
// forgotten a connection answers whatever comes on it with an RST.

#include "faults/fault.h"
#include "faults/tcp/connections.h"

namespace faultline {
namespace {

constexpr Parameter parameters[] = {{
    .name = connections_parameter.name,
    .summary = "which connections die: live when armed, new while armed, or all",
    .type = ParameterType::choice,
    .fallback = "live",
    .choices = connection_choices,
}};

class SilentDeath final : public Fault {
 public:
  explicit SilentDeath(Connections connections) : connections_(connections) {}

  std::unique_ptr<Fault> fresh() const override {
    return std::make_unique<SilentDeath>(connections_);
  }
  void update(const Fault& configured) override {
    connections_ = same_kind<SilentDeath>(configured).connections_;
  }

  void armed(const Moment&, bool established, Outlet&) override {
    established_ = established;
    die_if_chosen();
  }
  // Comes after an update.
  void timer(const Moment&, Outlet&) override { die_if_chosen(); }

  // Saying nothing drops what is at hand.
  void chunk(const Moment&, const Chunk&, Outlet& outlet) override {
    if (!dead_) outlet.pass();
  }
  void end(const Moment&, Outlet& outlet) override {
    if (!dead_) outlet.pass();
  }

  void disarmed(const Moment&, Outlet& outlet) override {
    if (dead_) outlet.reset();
  }

 private:
  void die_if_chosen() {
    dead_ = dead_ || (established_ ? connections_.live : connections_.opening);
  }

  Connections connections_;
  bool established_ = false;
  bool dead_ = false;
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  return std::make_unique<SilentDeath>(connections_from(settings));
}

}  // namespace

extern const FaultKind silent_death_kind;
constinit const FaultKind silent_death_kind = {
    .name = "silent_death",
    .summary = "lets live connections go dead without a word; new ones live",
    .contract =
        "Arm: connections that are live go dead: bytes, FIN and RST of the aimed directions "
        "vanish, and neither peer is told. Connections that open later live. `connections = new` "
        "is the reverse, `all` is both; who opens dead is accepted and dialed, and its bytes "
        "vanish. The kernel of the proxy keeps acknowledging, so neither keep-alive nor "
        "TCP_USER_TIMEOUT notices: only a deadline does. Update: connections that the new setting "
        "names die now; the dead stay dead. Disarm: the dead are reset on both sides, idle ones "
        "too, as by a node that has forgotten them; the others go on untouched. Half-close: the "
        "FIN vanishes like data. Reset: a peer's RST vanishes likewise; the journal has it at the "
        "instant it came.",
    .parameters = parameters,
    .default_directions = Directions::both,
    .make = make,
};

}  // namespace faultline
