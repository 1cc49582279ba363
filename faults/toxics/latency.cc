// latency, as a toxic: data is late, and its end only as late as the data before it.

#include <algorithm>
#include <array>

#include "faults/fault.h"
#include "faults/toxics/attributes.h"

namespace faultline {
namespace {

constexpr std::array<Parameter, 2> parameters = {{
    attribute("latency", "milliseconds that each chunk is late"),
    attribute("jitter", "milliseconds by which each is later or earlier"),
}};

class LatencyToxic final : public Fault {
 public:
  LatencyToxic(Duration latency, Duration jitter) : latency_(latency), jitter_(jitter) {}

  std::unique_ptr<Fault> fresh() const override {
    return std::make_unique<LatencyToxic>(latency_, jitter_);
  }
  void update(const Fault& configured) override {
    const auto& other = same_kind<LatencyToxic>(configured);
    latency_ = other.latency_;
    jitter_ = other.jitter_;
  }

  void chunk(const Moment& moment, const Chunk&, Outlet& outlet) override {
    const Duration shift(moment.draw.between(-jitter_.count(), jitter_.count()));
    outlet.pass_at(moment.now + std::max(Duration::zero(), latency_ + shift));
  }

 private:
  Duration latency_;
  Duration jitter_;
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  return std::make_unique<LatencyToxic>(milliseconds(settings, "latency"),
                                        milliseconds(settings, "jitter"));
}

}  // namespace

extern const FaultKind latency_toxic;
constinit const FaultKind latency_toxic = {
    .name = "latency",
    .summary = "delays data by a time with jitter",
    .contract =
        "Arm: each chunk goes on at its arrival plus latency ± jitter (uniform), never before it "
        "came and never before the chunk in front of it. Update: what waits gets a new time, "
        "counted from when it came. Disarm: what waits goes on at once, in order. Half-close: the "
        "FIN goes on right behind the data, without a delay of its own. Reset: an RST likewise.",
    .parameters = parameters,
    .default_directions = Directions::downstream,
    .make = make,
};

}  // namespace faultline
