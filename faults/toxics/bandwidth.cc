// bandwidth, as a toxic: a rate in units of 1000 bytes per second, where 0 cuts the connection
// without closing it.

#include "faults/tcp/bandwidth.h"

#include <algorithm>

#include "faults/toxics/attributes.h"

namespace faultline {
namespace {

constexpr Parameter parameters[] = {attribute("rate", "KB per second, of 1000 bytes; 0: hold all")};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  constexpr std::uint64_t unit = 1000;
  const auto rate = static_cast<std::uint64_t>(settings.integer("rate"));
  return make_bandwidth({std::min(rate, most_rate.count / unit) * unit}, RateShare::each_link);
}

}  // namespace

extern const FaultKind bandwidth_toxic;
constinit const FaultKind bandwidth_toxic = {
    .name = "bandwidth",
    .summary = "limits the rate, or holds everything at rate 0",
    .contract =
        "Arm: each connection has the rate to itself; what comes goes on in pieces, each after the "
        "time it takes. At rate 0 all data is held and nothing is lost. Update: what is held goes "
        "on at the new rate. Disarm: what is held goes on at once, in order. Half-close: the FIN "
        "goes on behind the data; at rate 0 it is held only behind data. Reset: an RST likewise.",
    .parameters = parameters,
    .default_directions = Directions::downstream,
    .make = make,
};

}  // namespace faultline
