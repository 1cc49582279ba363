// blackhole: the bytes are accepted and vanish.
//
// A stream with a hole in it must not go on: what follows would be taken for what is missing. So a
// link that lost something is reset when the fault is disarmed. A link that lost nothing is whole
// and lives on.

#include "faults/fault.h"

namespace faultline {
namespace {

class Blackhole final : public Fault {
 public:
  std::unique_ptr<Fault> fresh() const override { return std::make_unique<Blackhole>(); }
  void update(const Fault&) override {}

  // Saying nothing drops what is at hand.
  void chunk(const Moment&, const Chunk&, Outlet&) override { dropped_ = true; }
  // A lost FIN or RST is a loss too: the receiver would wait for an end that never comes.
  void end(const Moment&, Outlet&) override { dropped_ = true; }

  void disarmed(const Moment&, Outlet& outlet) override {
    if (dropped_) outlet.reset();
  }

 private:
  bool dropped_ = false;
};

Checked<std::unique_ptr<Fault>> make(const Settings&) { return std::make_unique<Blackhole>(); }

}  // namespace

extern const FaultKind blackhole_kind;
constinit const FaultKind blackhole_kind = {
    .name = "blackhole",
    .summary = "accepts every byte, FIN and RST and drops them",
    .contract =
        "Arm: chunks that arrive from now on are read and dropped, without back-pressure. New "
        "connections are still accepted and dialed. Update: there is nothing to set. Disarm: a "
        "connection that lost bytes or a FIN "
        "is reset on both sides, because a stream with a hole must not go on; a connection that "
        "lost nothing goes on untouched. Half-close: the FIN is dropped like data, so its receiver "
        "never learns of it while the fault is armed. Reset: a peer's RST is dropped likewise.",
    .parameters = {},
    .default_directions = Directions::both,
    .make = make,
};

}  // namespace faultline
