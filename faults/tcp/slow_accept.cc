// slow_accept: a node that is slow to take new connections. The kernel has shaken hands already, so
// the client is connected, speaks, and hears nothing until the connection is taken.
//
// The instant is drawn once per armed link. So one direction is the default; the other would draw
// a second time, and the later of the two would count.

#include <algorithm>
#include <array>

#include "faults/fault.h"

namespace faultline {
namespace {

constexpr std::array<Parameter, 2> parameters = {{
    {.name = "delay",
     .summary = "how long a new connection waits before its upstream is dialed",
     .type = ParameterType::duration,
     .least = "0s",
     .most = "1h"},
    {.name = "jitter",
     .summary = "each delay is longer or shorter by up to this much",
     .type = ParameterType::duration,
     .fallback = "0s",
     .least = "0s",
     .most = "1h"},
}};

class SlowAccept final : public Fault {
 public:
  SlowAccept(Duration delay, Duration jitter) : delay_(delay), jitter_(jitter) {}

  std::unique_ptr<Fault> fresh() const override {
    return std::make_unique<SlowAccept>(delay_, jitter_);
  }
  void update(const Fault& configured) override {
    const auto& other = same_kind<SlowAccept>(configured);
    delay_ = other.delay_;
    jitter_ = other.jitter_;
  }

  void opening(const Moment& moment, Outlet& outlet) override {
    const Duration shift(moment.draw.between(-jitter_.count(), jitter_.count()));
    outlet.open_at(moment.now + std::max(Duration::zero(), delay_ + shift));
  }

 private:
  Duration delay_;
  Duration jitter_;
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  return std::make_unique<SlowAccept>(settings.duration("delay"), settings.duration("jitter"));
}

}  // namespace

extern const FaultKind slow_accept_kind;
constinit const FaultKind slow_accept_kind = {
    .name = "slow_accept",
    .summary = "takes new connections late and leaves live ones alone",
    .contract =
        "Arm: a client that connects from now on is taken after delay ± jitter (uniform, never "
        "before it came). Its handshake succeeds at once, because the kernel answers it; until it "
        "is taken its upstream is not dialed and what it says waits in the kernel. Live "
        "connections pass everything. The direction of the aim makes no difference, but `both` "
        "draws the delay twice and the later counts. Update: who still waits gets a new delay, "
        "counted from when it came. Disarm: who still waits is taken at once. Half-close: a FIN "
        "of the waiting client is passed on once it is taken. Reset: a client that goes with an "
        "RST while it waits is forgotten, and its upstream is never dialed.",
    .parameters = parameters,
    .default_directions = Directions::upstream,
    .make = make,
};

}  // namespace faultline
