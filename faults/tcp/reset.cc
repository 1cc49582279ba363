// reset: the node is gone. Every connection ends with an RST, at once or after so many bytes, and
// at once so does every attempt at a new one.
//
// `armed` comes once for each link of a connection, so a connection may be reset twice in one
// moment. The second time finds it gone, which is harmless.

#include <array>

#include "faults/fault.h"
#include "faults/tcp/connections.h"

namespace faultline {
namespace {

constexpr std::array<Parameter, 2> parameters = {{
    connections_parameter,
    {.name = "after",
     .summary = "only after so many bytes of a direction, counted from the arming; 0B is at once",
     .type = ParameterType::bytes,
     .fallback = "0B",
     .least = "0B",
     .most = "1024GiB"},
}};

class Reset final : public Fault {
 public:
  Reset(Connections connections, std::uint64_t after) : connections_(connections), after_(after) {}

  std::unique_ptr<Fault> fresh() const override {
    return std::make_unique<Reset>(connections_, after_);
  }
  void update(const Fault& configured) override {
    const auto& other = same_kind<Reset>(configured);
    connections_ = other.connections_;
    after_ = other.after_;
  }

  void armed(const Moment&, bool established, Outlet& outlet) override {
    established_ = established;
    if (established) reset_if_due(outlet);
  }

  void opening(const Moment&, Outlet& outlet) override {
    if (connections_.opening && after_ == 0) outlet.refuse();
  }

  // What would go beyond the limit is lost, as the rest of the stream is.
  void chunk(const Moment& moment, const Chunk& chunk, Outlet& outlet) override {
    const std::uint64_t left = after_ > passed_ ? after_ - passed_ : 0;
    passed_ += chunk.bytes.size();
    if (!chosen() || chunk.bytes.size() <= left) {
      outlet.pass();
    } else if (left > 0) {
      outlet.pass_part(left, moment.now);
    }
    reset_if_due(outlet);
  }

  void timer(const Moment&, Outlet& outlet) override { reset_if_due(outlet); }

 private:
  bool chosen() const { return established_ ? connections_.live : connections_.opening; }
  void reset_if_due(Outlet& outlet) const {
    if (chosen() && passed_ >= after_) outlet.reset();
  }

  Connections connections_;
  std::uint64_t after_;
  std::uint64_t passed_ = 0;
  bool established_ = false;
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  return std::make_unique<Reset>(connections_from(settings), settings.bytes("after").count);
}

}  // namespace

extern const FaultKind reset_kind;
constinit const FaultKind reset_kind = {
    .name = "reset",
    .summary = "resets live connections, idle ones included, and every new one",
    .contract =
        "Arm: live connections get an RST on both sides at once, idle ones included; whatever a "
        "link still held is lost. A client that connects while the fault is armed gets an RST and "
        "the upstream is not dialed. With `after`, a connection goes on until one aimed direction "
        "has passed so many bytes since the arming, and is reset behind the last of them; bytes "
        "that the kernel has not delivered by then are lost. `connections` narrows it to the live "
        "or to the new ones. Update: what has passed is counted on; a connection that the new "
        "settings name and that has passed enough is reset at once. Disarm: the next connection "
        "is served; what was reset stays so. Half-close: a half-closed connection is live and is "
        "reset. Reset: what was reset already is gone; again is harmless.",
    .parameters = parameters,
    .default_directions = Directions::both,
    .make = make,
};

}  // namespace faultline
