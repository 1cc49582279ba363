// slow_close: the data passes and its end comes later.

#include "faults/fault.h"
#include "faults/toxics/attributes.h"

namespace faultline {
namespace {

constexpr Parameter parameters[] = {attribute("delay", "milliseconds that the close is late")};

class SlowClose final : public Fault {
 public:
  explicit SlowClose(Duration delay) : delay_(delay) {}

  std::unique_ptr<Fault> fresh() const override { return std::make_unique<SlowClose>(delay_); }
  void update(const Fault& configured) override {
    delay_ = same_kind<SlowClose>(configured).delay_;
  }

  void end(const Moment& moment, Outlet& outlet) override { outlet.pass_at(moment.now + delay_); }

 private:
  Duration delay_;
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  return std::make_unique<SlowClose>(milliseconds(settings, "delay"));
}

}  // namespace

extern const FaultKind slow_close_toxic;
constinit const FaultKind slow_close_toxic = {
    .name = "slow_close",
    .summary = "delays the close of a connection",
    .contract =
        "Arm: data passes; a close that comes from now on goes on after `delay`. Update: a "
        "close that waits gets a new time, counted from when it came. Disarm: a close that "
        "waits goes on at once. Half-close: the FIN is what is delayed. Reset: an RST is "
        "delayed likewise.",
    .parameters = parameters,
    .default_directions = Directions::downstream,
    .make = make,
};

}  // namespace faultline
