// packet_loss: what a lost segment does to a TCP stream. Its bytes are not gone, they come again
// after the retransmission timeout, which doubles with each loss in a row (RFC 6298, 5.5), and all
// that follows waits behind them.

#include <algorithm>
#include <array>

#include "faults/fault.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_timeout = 200ms;  // the least that Linux waits
constexpr Duration longest_timeout = 120s;
constexpr int most_losses = 15;  // of one chunk

constexpr std::array<Parameter, 2> parameters = {{
    {.name = "loss_rate",
     .summary = "the share of chunks that are lost and sent again, 0 to 1",
     .type = ParameterType::ratio,
     .fallback = "0"},
    {.name = "correlation",
     .summary = "so much more likely is a loss right after a loss, 0 to 1",
     .type = ParameterType::ratio,
     .fallback = "0"},
}};

class PacketLoss final : public Fault {
 public:
  PacketLoss(double rate, double correlation) : rate_(rate), correlation_(correlation) {}

  std::unique_ptr<Fault> fresh() const override {
    return std::make_unique<PacketLoss>(rate_, correlation_);
  }
  void update(const Fault& configured) override {
    const auto& other = same_kind<PacketLoss>(configured);
    rate_ = other.rate_;
    correlation_ = other.correlation_;
  }

  void chunk(const Moment& moment, const Chunk&, Outlet& outlet) override {
    Duration late{};
    Duration timeout = first_timeout;
    for (std::uint64_t i = 0; i < most_losses && lost(moment.draw.about(i)); ++i) {
      late += timeout;
      timeout = std::min(2 * timeout, longest_timeout);
    }
    if (late == Duration::zero()) return outlet.pass();
    outlet.pass_at(moment.now + late);
  }

 private:
  bool lost(Draw draw) {
    lost_before_ = draw.unit() < (lost_before_ ? rate_ + correlation_ : rate_);
    return lost_before_;
  }

  double rate_;
  double correlation_;
  bool lost_before_ = false;
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  return std::make_unique<PacketLoss>(settings.ratio("loss_rate"), settings.ratio("correlation"));
}

}  // namespace

extern const FaultKind packet_loss_toxic;
constinit const FaultKind packet_loss_toxic = {
    .name = "packet_loss",
    .summary = "delays chunks as the retransmission of lost segments does",
    .contract =
        "Arm: a chunk is lost with probability loss_rate (plus correlation after a loss) and goes "
        "on 200 ms later, or 600 ms if it is lost again, and so on; what follows waits behind it. "
        "No byte is ever missing. Update: what waits is thrown for anew. Disarm: what waits goes "
        "on at once, in order. Half-close: the FIN goes on behind the data. Reset: an RST "
        "likewise.",
    .parameters = parameters,
    .default_directions = Directions::downstream,
    .make = make,
};

}  // namespace faultline
