// slicer: slice, as a toxic. No numbers can make it do harm: without a size nothing is cut, and a
// variation is never as large as the size.

#include <algorithm>
#include <array>

#include "faults/tcp/slice.h"
#include "faults/toxics/attributes.h"

namespace faultline {
namespace {

constexpr std::int64_t most_size = std::int64_t{1} << 40;

constexpr std::array<Parameter, 3> parameters = {{
    attribute("average_size", "bytes of a slice; 0: chunks stay as they come"),
    attribute("size_variation", "bytes by which a slice is longer or shorter"),
    attribute("delay", "microseconds behind each slice"),
}};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  const std::int64_t given = std::min(settings.integer("average_size"), most_size);
  const std::int64_t size = given == 0 ? most_size : given;
  const std::int64_t variation =
      given == 0 ? 0 : std::min(settings.integer("size_variation"), size - 1);
  return make_slice({.least = static_cast<std::uint64_t>(size - variation),
                     .most = static_cast<std::uint64_t>(size + variation),
                     .pause = microseconds(settings, "delay")});
}

}  // namespace

extern const FaultKind slicer_toxic;
constinit const FaultKind slicer_toxic = {
    .name = "slicer",
    .summary = "cuts data into slices with a delay behind each",
    .contract =
        "Arm: data goes on in slices of average_size ± size_variation bytes, `delay` apart; a "
        "variation that is not less than the size is taken as the size less one. Update: what is "
        "held is cut anew. Disarm: what is held goes on at once, in order. Half-close: the FIN "
        "goes on behind the last slice. Reset: an RST likewise.",
    .parameters = parameters,
    .default_directions = Directions::downstream,
    .make = make,
};

}  // namespace faultline
