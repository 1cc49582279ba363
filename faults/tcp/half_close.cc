// half_close: one direction says that it has finished, and the other goes on.

#include <array>

#include "faults/fault.h"
#include "faults/tcp/connections.h"

namespace faultline {
namespace {

constexpr std::array<Parameter, 2> parameters = {{
    connections_parameter,
    {.name = "after",
     .summary = "the direction goes on for so long before it ends",
     .type = ParameterType::duration,
     .fallback = "0s",
     .least = "0s",
     .most = "24h"},
}};

class HalfClose final : public Fault {
 public:
  HalfClose(Connections connections, Duration after) : connections_(connections), after_(after) {}

  std::unique_ptr<Fault> fresh() const override {
    return std::make_unique<HalfClose>(connections_, after_);
  }
  void update(const Fault& configured) override {
    const auto& other = same_kind<HalfClose>(configured);
    connections_ = other.connections_;
    after_ = other.after_;
  }

  void armed(const Moment& moment, bool established, Outlet& outlet) override {
    hit_ = established ? connections_.live : connections_.opening;
    began_ = moment.now;
    timer(moment, outlet);
  }

  void timer(const Moment& moment, Outlet& outlet) override {
    if (!hit_) return;
    if (moment.now < began_ + after_) return outlet.wake_at(began_ + after_);
    hit_ = false;
    outlet.end();
  }

 private:
  Connections connections_;
  Duration after_;
  bool hit_ = false;  // the end is still to come
  Instant began_{};
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  return std::make_unique<HalfClose>(connections_from(settings), settings.duration("after"));
}

}  // namespace

extern const FaultKind half_close_kind;
constinit const FaultKind half_close_kind = {
    .name = "half_close",
    .summary = "ends one direction with a FIN while the other goes on",
    .contract =
        "Arm: the aimed direction ends with a FIN behind the bytes that have passed, after `after` "
        "if that is given; bytes that arrive later are dropped. The other direction goes on. "
        "`connections` narrows it to the live or to the new ones. Update: `after` holds for "
        "directions that have not ended yet; `connections` for connections that come later. "
        "Disarm: what ended stays so. Half-close: a direction that ended already stays ended. "
        "Reset: an RST passes.",
    .parameters = parameters,
    .default_directions = Directions::downstream,
    .make = make,
};

}  // namespace faultline
