// timeout: data vanishes, and after a silence the connection is closed.

#include "faults/fault.h"
#include "faults/toxics/attributes.h"

namespace faultline {
namespace {

constexpr Parameter parameters[] = {
    attribute("timeout", "milliseconds after the last chunk until the close; 0: never")};

class Timeout final : public Fault {
 public:
  explicit Timeout(Duration timeout) : timeout_(timeout) {}

  std::unique_ptr<Fault> fresh() const override { return std::make_unique<Timeout>(timeout_); }
  void update(const Fault& configured) override {
    timeout_ = same_kind<Timeout>(configured).timeout_;
  }

  void armed(const Moment& moment, bool, Outlet& outlet) override {
    armed_ = true;
    wait(moment, outlet);
  }
  // Saying nothing about what is at hand drops it.
  void chunk(const Moment& moment, const Chunk&, Outlet& outlet) override { wait(moment, outlet); }
  void end(const Moment&, Outlet&) override {}

  void timer(const Moment& moment, Outlet& outlet) override {
    if (!armed_ || timeout_ == Duration::zero()) return;
    if (moment.now >= last_ + timeout_) return outlet.close();
    outlet.wake_at(last_ + timeout_);
  }

  void disarmed(const Moment&, Outlet& outlet) override {
    if (armed_) outlet.close();
  }

 private:
  void wait(const Moment& moment, Outlet& outlet) {
    last_ = moment.now;
    if (timeout_ > Duration::zero()) outlet.wake_at(last_ + timeout_);
  }

  Duration timeout_;
  bool armed_ = false;
  Instant last_{};  // of the last chunk, or of the arming
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  return std::make_unique<Timeout>(milliseconds(settings, "timeout"));
}

}  // namespace

extern const FaultKind timeout_toxic;
constinit const FaultKind timeout_toxic = {
    .name = "timeout",
    .summary = "drops all data and closes the connection after a silence",
    .contract =
        "Arm: data of the direction is dropped. `timeout` after the last chunk, or after the "
        "arming if none came, both directions are closed with a FIN; at 0 never. Update: the new "
        "time counts from the last chunk too. Disarm: the connections it was armed on are closed, "
        "because bytes may be missing. Half-close: the FIN is dropped and does not start the time "
        "again. Reset: an RST likewise.",
    .parameters = parameters,
    .default_directions = Directions::downstream,
    .make = make,
};

}  // namespace faultline
