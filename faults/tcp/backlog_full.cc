// backlog_full: a node whose listen queue is full. The kernel drops the SYNs of new clients without
// a word; they try again after 1 s, 3 s, 7 s … until their own patience ends.
//
// It is the one kind that acts before there is a connection. There is nothing yet that an aim could
// choose by, so none is taken.

#include "faults/fault.h"

namespace faultline {
namespace {

class BacklogFull final : public Fault {
 public:
  std::unique_ptr<Fault> fresh() const override { return std::make_unique<BacklogFull>(); }
  void update(const Fault&) override {}

  Admission admission() const override { return Admission::full; }
};

Checked<std::unique_ptr<Fault>> make(const Settings&) { return std::make_unique<BacklogFull>(); }

}  // namespace

extern const FaultKind backlog_full_kind;
constinit const FaultKind backlog_full_kind = {
    .name = "backlog_full",
    .summary = "keeps the listen queue full, so that the kernel drops new clients' SYNs",
    .contract =
        "Arm: nobody new is accepted and the proxy's listen queue is filled, so the kernel drops "
        "every SYN unanswered. Live connections go on. It is for the whole proxy: an aim is "
        "refused. `touched` counts each dropped SYN as a connection, a client's repetitions too, "
        "from the instant the queue was full to the last reading of the kernel's counter. Update: "
        "there is nothing to set. Disarm: the queue is emptied and whoever waited first is served "
        "first; a client whose SYNs were dropped gets in with its next one, up to some seconds "
        "later. Half-close: passes. Reset: passes.",
    .parameters = {},
    .default_directions = Directions::upstream,
    .aimed = false,
    .make = make,
};

}  // namespace faultline
