// latency: every chunk goes on later than it came, and so does the FIN.

#include <algorithm>
#include <array>

#include "faults/fault.h"

namespace faultline {
namespace {

constexpr std::array<Parameter, 2> parameters = {{
    {.name = "delay",
     .summary = "how much later each chunk goes on",
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

class Latency final : public Fault {
 public:
  Latency(Duration delay, Duration jitter) : delay_(delay), jitter_(jitter) {}

  std::unique_ptr<Fault> fresh() const override {
    return std::make_unique<Latency>(delay_, jitter_);
  }
  void update(const Fault& configured) override {
    const auto& other = same_kind<Latency>(configured);
    delay_ = other.delay_;
    jitter_ = other.jitter_;
  }

  void chunk(const Moment& moment, const Chunk&, Outlet& outlet) override {
    outlet.pass_at(due(moment));
  }

  void end(const Moment& moment, Outlet& outlet) override { outlet.pass_at(due(moment)); }

 private:
  Instant due(const Moment& moment) const {
    const Duration shift(moment.draw.between(-jitter_.count(), jitter_.count()));
    return moment.now + std::max(Duration::zero(), delay_ + shift);
  }

  Duration delay_;
  Duration jitter_;
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  return std::make_unique<Latency>(settings.duration("delay"), settings.duration("jitter"));
}

}  // namespace

extern const FaultKind latency_kind;
constinit const FaultKind latency_kind = {
    .name = "latency",
    .summary = "delays every chunk by a time with jitter",
    .contract =
        "Arm: chunks that arrive from now on go on after delay ± jitter (uniform, never before "
        "they "
        "came). A byte stream cannot reorder: a chunk whose own time is shorter than that of the "
        "one before it waits for it, so jitter skews late. Update: what is held gets a new due "
        "time, "
        "counted from when it came. Disarm: what is held goes on at once, "
        "in order; nothing is lost. Half-close: the FIN is delayed like data and stays behind it. "
        "Reset: a peer's RST is delayed like a FIN, behind the bytes it followed.",
    .parameters = parameters,
    .default_directions = Directions::downstream,
    .make = make,
};

}  // namespace faultline
