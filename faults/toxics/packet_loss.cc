// packet_loss: loss, as a toxic. Toxiproxy's own deletes bytes of the stream, which is corruption
// and not what a lost segment does.

#include <array>

#include "faults/tcp/loss.h"

namespace faultline {
namespace {

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

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  return make_loss(
      {.probability = settings.ratio("loss_rate"), .correlation = settings.ratio("correlation")});
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
        "on at once, in order. Half-close: the FIN is lost and sent again like data, behind it. "
        "Reset: an RST likewise.",
    .parameters = parameters,
    .default_directions = Directions::downstream,
    .make = make,
};

}  // namespace faultline
