// limit_data: limit, as a toxic.

#include "faults/tcp/limit.h"
#include "faults/toxics/attributes.h"

namespace faultline {
namespace {

constexpr Parameter parameters[] = {attribute("bytes", "that pass before the connection closes")};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  return make_limit({.bytes = static_cast<std::uint64_t>(settings.integer("bytes"))});
}

}  // namespace

extern const FaultKind limit_data_toxic;
constinit const FaultKind limit_data_toxic = {
    .name = "limit_data",
    .summary = "closes the connection after so many bytes",
    .contract =
        "Arm: bytes are counted from now on; the chunk that reaches the limit is cut there and "
        "both directions are closed with a FIN behind what has passed. At 0 the first chunk closes "
        "and nothing passes; an idle connection is never closed. Update: what was counted stays; a "
        "limit below it closes with the next chunk. Disarm: connections that are open live on. "
        "Half-close: the FIN passes. Reset: an RST passes.",
    .parameters = parameters,
    .default_directions = Directions::downstream,
    .make = make,
};

}  // namespace faultline
