// reset_peer: the connection ends with a real RST to both peers.
//
// A new connection is reset when it is used, so that a client sees an established connection
// first. One that was open when the toxic came is reset too, idle or not: the node is gone, and
// nobody is told by a FIN.

#include "faults/fault.h"
#include "faults/toxics/attributes.h"

namespace faultline {
namespace {

constexpr Parameter parameters[] = {
    attribute("timeout", "milliseconds until the reset, from the first chunk or the arming on")};

class ResetPeer final : public Fault {
 public:
  explicit ResetPeer(Duration timeout) : timeout_(timeout) {}

  std::unique_ptr<Fault> fresh() const override { return std::make_unique<ResetPeer>(timeout_); }
  void update(const Fault& configured) override {
    timeout_ = same_kind<ResetPeer>(configured).timeout_;
  }

  void armed(const Moment& moment, bool established, Outlet& outlet) override {
    if (established) start(moment, outlet);
  }
  // Saying nothing about what is at hand drops it.
  void chunk(const Moment& moment, const Chunk&, Outlet& outlet) override {
    dropped_ = true;
    start(moment, outlet);
  }
  void end(const Moment& moment, Outlet& outlet) override {
    dropped_ = true;
    start(moment, outlet);
  }

  void timer(const Moment& moment, Outlet& outlet) override {
    if (!started_) return;
    if (moment.now >= began_ + timeout_) return outlet.reset();
    outlet.wake_at(began_ + timeout_);
  }

  // A stream with a hole must not go on, and nobody waits for the time to run out.
  void disarmed(const Moment&, Outlet& outlet) override {
    if (dropped_) outlet.reset();
  }

 private:
  void start(const Moment& moment, Outlet& outlet) {
    if (!started_) began_ = moment.now;
    started_ = true;
    timer(moment, outlet);
  }

  Duration timeout_;
  bool started_ = false;
  bool dropped_ = false;
  Instant began_{};
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  return std::make_unique<ResetPeer>(milliseconds(settings, "timeout"));
}

}  // namespace

extern const FaultKind reset_peer_toxic;
constinit const FaultKind reset_peer_toxic = {
    .name = "reset_peer",
    .summary = "resets connections with a real RST on both sides",
    .contract =
        "Arm: a live connection, idle or not, is reset after `timeout`; a new one `timeout` after "
        "its first chunk or FIN. Until then what comes is dropped. Connections that the toxicity "
        "spares are not touched in any way. Update: the new time counts from the same instant. "
        "Disarm: a connection that lost bytes is reset at once, others live on; nothing waits. "
        "Half-close: the FIN starts the time as a chunk does. Reset: an RST likewise.",
    .parameters = parameters,
    .default_directions = Directions::downstream,
    .make = make,
};

}  // namespace faultline
