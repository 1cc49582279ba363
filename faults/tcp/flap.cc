// flap: a link that goes down and comes back, over and over.
//
//   since      +up        +up+down
//     │── up ────│── down ────│── up ────│── down ────│ …
//
// The phases are a function of the instant the fault came into force and of its settings alone, so
// all links of all connections go down and come back together. Jitter moves each edge by a draw of
// its own; being at most half a phase, it never moves one beyond the next.

#include <algorithm>
#include <array>
#include <limits>

#include "faults/fault.h"

namespace faultline {
namespace {

constexpr std::string_view hows[] = {"stall", "reset", "refuse"};

constexpr std::array<Parameter, 4> parameters = {{
    {.name = "up",
     .summary = "how long everything passes, first of all after the arming",
     .type = ParameterType::duration,
     .least = "1ms",
     .most = "1h"},
    {.name = "down",
     .summary = "how long nothing passes",
     .type = ParameterType::duration,
     .least = "1ms",
     .most = "1h"},
    {.name = "jitter",
     .summary = "each change comes earlier or later by up to this much, at most half a phase",
     .type = ParameterType::duration,
     .fallback = "0s",
     .least = "0s",
     .most = "30m"},
    {.name = "how",
     .summary = "down means: bytes and new connections wait; or live ones are reset and new ones "
                "refused; or only new ones are refused",
     .type = ParameterType::choice,
     .fallback = "stall",
     .choices = hows},
}};

struct Cycle {
  Duration up{};
  Duration down{};
  Duration jitter{};

  struct Phase {
    bool down = false;
    Instant until{};
  };

  Phase phase(Instant since, Instant now) const {
    const Duration elapsed = std::max(now - since, Duration::zero());
    const std::int64_t n = elapsed / (up + down);
    if (n > 0 && elapsed < rises(n - 1)) return {true, since + rises(n - 1)};
    if (elapsed < falls(n)) return {false, since + falls(n)};
    if (elapsed < rises(n)) return {true, since + rises(n)};
    return {false, since + falls(n + 1)};
  }

 private:
  Duration falls(std::int64_t n) const { return n * (up + down) + up + shift(2 * n); }
  Duration rises(std::int64_t n) const { return (n + 1) * (up + down) + shift(2 * n + 1); }
  // About the settings and the edge, and nothing that differs between links.
  Duration shift(std::int64_t edge) const {
    const Draw draw = Draw(static_cast<std::uint64_t>(up.count()))
                          .about(static_cast<std::uint64_t>(down.count()))
                          .about(static_cast<std::uint64_t>(edge));
    return Duration(draw.between(-jitter.count(), jitter.count()));
  }
};

enum class How : std::uint8_t { stall, reset, refuse };

class Flap final : public Fault {
 public:
  Flap(const Cycle& cycle, How how) : cycle_(cycle), how_(how) {}

  std::unique_ptr<Fault> fresh() const override { return std::make_unique<Flap>(cycle_, how_); }
  void update(const Fault& configured) override {
    const auto& other = same_kind<Flap>(configured);
    cycle_ = other.cycle_;
    how_ = other.how_;
    falls_at_ = never;  // the edge of the old phases
  }

  void armed(const Moment& moment, bool established, Outlet& outlet) override {
    if (established) {
      timer(moment, outlet);
    } else {
      note_phase(moment, outlet);
    }
  }

  void opening(const Moment& moment, Outlet& outlet) override {
    const Cycle::Phase phase = cycle_.phase(moment.since, moment.now);
    if (!phase.down) return;
    if (how_ == How::stall) {
      outlet.open_at(phase.until);
    } else {
      outlet.refuse();
    }
  }

  void chunk(const Moment& moment, const Chunk&, Outlet& outlet) override { send(moment, outlet); }
  void end(const Moment& moment, Outlet& outlet) override { send(moment, outlet); }

  // Comes at each edge, or late: then a whole down phase may have passed, and it counts.
  void timer(const Moment& moment, Outlet& outlet) override {
    const bool fell = moment.now >= falls_at_;
    const bool down = note_phase(moment, outlet);
    if (how_ == How::reset && (down || fell)) outlet.reset();
    if (holding_ && !(how_ == How::stall && down)) {
      outlet.release(std::numeric_limits<std::uint64_t>::max());
      holding_ = false;
    }
  }

 private:
  // What is held is released by `timer`, so what comes behind it waits for that too.
  void send(const Moment& moment, Outlet& outlet) {
    if (how_ == How::stall && (holding_ || cycle_.phase(moment.since, moment.now).down)) {
      holding_ = true;
      return outlet.pass_at(never);
    }
    outlet.pass();
  }

  bool note_phase(const Moment& moment, Outlet& outlet) {
    const Cycle::Phase phase = cycle_.phase(moment.since, moment.now);
    falls_at_ = phase.down ? never : phase.until;
    outlet.wake_at(phase.until);
    return phase.down;
  }

  Cycle cycle_;
  How how_;
  Instant falls_at_ = never;  // the end of the up phase that was seen last
  bool holding_ = false;
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  const Cycle cycle{.up = settings.duration("up"),
                    .down = settings.duration("down"),
                    .jitter = settings.duration("jitter")};
  const Duration most = std::min(cycle.up, cycle.down) / 2;
  if (cycle.jitter > most) {
    return std::unexpected(
        Errors{{settings.where("jitter"),
                "\"jitter\" = " + to_string(cycle.jitter) +
                    " is more than half of the shorter phase; write at most " + to_string(most)}});
  }
  const auto how = std::ranges::find(hows, settings.text("how")) - std::begin(hows);
  return std::make_unique<Flap>(cycle, static_cast<How>(how));
}

}  // namespace

extern const FaultKind flap_kind;
constinit const FaultKind flap_kind = {
    .name = "flap",
    .summary = "goes down and comes back, over and over",
    .contract =
        "Arm: everything passes for `up`, then nothing for `down`, and so on, counted from the "
        "arming and alike for all connections; jitter moves each change. How it is down: `stall` "
        "holds bytes and lets new connections wait for the next up phase; `reset` sends live "
        "connections an RST when the phase begins and new ones while it lasts; `refuse` leaves "
        "live ones alone and sends new ones an RST. Update: the new phases are counted from the "
        "arming too; what is held goes on if they are up, and live connections are reset if they "
        "are down by `reset`. Disarm: what is held goes on at once, in order, and who waits is "
        "taken. Half-close: the FIN is held with the data, behind it. Reset: a peer's RST is held "
        "likewise.",
    .parameters = parameters,
    .default_directions = Directions::both,
    .make = make,
};

}  // namespace faultline
