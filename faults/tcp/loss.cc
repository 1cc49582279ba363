// loss: what lost packets look like from above TCP. No byte is missing: what was lost is sent again
// when the retransmission timeout has passed, and everything behind it waits for it. Each further
// loss of the same chunk doubles the timeout (RFC 6298, 5.5).
//
// A chunk is what one read returned or what a codec cut, not a segment: so a probability means more
// delay for many small messages than for one long transfer.

#include "faults/tcp/loss.h"

#include <array>

namespace faultline {
namespace {

constexpr std::array<Parameter, 4> parameters = {{
    {.name = "probability",
     .summary = "the share of chunks that are lost, and of repetitions that are lost again",
     .type = ParameterType::ratio},
    {.name = "correlation",
     .summary = "so much more likely a chunk is lost when the one before it was",
     .type = ParameterType::ratio,
     .fallback = "0"},
    {.name = "rto",
     .summary = "the retransmission timeout; doubles with each further loss of a chunk",
     .type = ParameterType::duration,
     .fallback = "200ms",
     .least = "1ms",
     .most = "1m"},
    {.name = "max",
     .summary = "the longest that a chunk waits in all",
     .type = ParameterType::duration,
     .fallback = "2m",
     .least = "1ms",
     .most = "1h"},
}};

class Loss final : public Fault {
 public:
  explicit Loss(const LossTerms& losses) : losses_(losses) {}

  std::unique_ptr<Fault> fresh() const override { return std::make_unique<Loss>(losses_); }
  void update(const Fault& configured) override { losses_ = same_kind<Loss>(configured).losses_; }

  void chunk(const Moment& moment, const Chunk&, Outlet& outlet) override { send(moment, outlet); }
  void end(const Moment& moment, Outlet& outlet) override { send(moment, outlet); }

 private:
  void send(const Moment& moment, Outlet& outlet) {
    const Duration late = retransmitted_after(moment.draw);
    burst_ = late > Duration::zero();
    if (!burst_) return outlet.pass();
    outlet.pass_at(moment.now + late);
  }

  // A burst is over long before a retransmission, so only the first draw is more likely in one.
  Duration retransmitted_after(Draw draw) const {
    double chance = losses_.probability + (burst_ ? losses_.correlation : 0);
    Duration late{};
    Duration timeout = losses_.rto;
    for (std::uint64_t loss = 0; draw.about(loss).unit() < chance; ++loss) {
      late += timeout;
      if (late >= losses_.max) return losses_.max;
      timeout *= 2;
      chance = losses_.probability;
    }
    return late;
  }

  LossTerms losses_;
  bool burst_ = false;  // the chunk before this one was lost
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  const LossTerms losses{.probability = settings.ratio("probability"),
                         .correlation = settings.ratio("correlation"),
                         .rto = settings.duration("rto"),
                         .max = settings.duration("max")};
  if (losses.max < losses.rto) {
    return std::unexpected(
        Errors{{settings.where("max"), "\"max\" = " + to_string(losses.max) +
                                           " is shorter than \"rto\" = " + to_string(losses.rto) +
                                           "; it bounds what one timeout or more add up to"}});
  }
  return make_loss(losses);
}

}  // namespace

std::unique_ptr<Fault> make_loss(const LossTerms& terms) { return std::make_unique<Loss>(terms); }

extern const FaultKind loss_kind;
constinit const FaultKind loss_kind = {
    .name = "loss",
    .summary = "delays chunks as if packets were lost and sent again",
    .contract =
        "Arm: each chunk that arrives from now on is lost with `probability` and then goes on "
        "after `rto`; each repetition may be lost likewise and doubles the wait, up to `max` in "
        "all. What follows waits behind it. No byte is deleted, doubled or reordered. "
        "`correlation` makes bursts: it is added to the probability of the chunk behind a lost "
        "one. Update: what is held is drawn anew, counted from when it came. Disarm: what is held "
        "goes on at once, in order. Half-close: the FIN is lost and sent again like data, behind "
        "it. Reset: a peer's RST is delayed like a FIN, behind the bytes it followed.",
    .parameters = parameters,
    .default_directions = Directions::both,
    .make = make,
};

}  // namespace faultline
