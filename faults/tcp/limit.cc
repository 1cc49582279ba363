// limit: a connection is good for so many bytes, or for so long, and then no more.

#include "faults/tcp/limit.h"

#include <algorithm>
#include <array>

namespace faultline {
namespace {

using Then = LimitTerms::Then;

constexpr std::string_view endings[] = {"close", "reset", "stall", "drop"};

// As a user writes that there is none.
constexpr std::string_view no_bytes = "4294967296GiB";
constexpr std::string_view no_time = "3650d";

constexpr std::array<Parameter, 3> parameters = {{
    {.name = "bytes",
     .summary = "so many bytes of each direction pass; the default is no limit",
     .type = ParameterType::bytes,
     .fallback = no_bytes},
    {.name = "time",
     .summary = "for so long bytes pass; the default is no limit",
     .type = ParameterType::duration,
     .fallback = no_time},
    {.name = "then",
     .summary = "what happens at the limit: the connection is closed or reset, or bytes stall or "
                "are dropped",
     .type = ParameterType::choice,
     .fallback = "close",
     .choices = endings},
}};

class Limit final : public Fault {
 public:
  explicit Limit(const LimitTerms& terms) : terms_(terms) {}

  std::unique_ptr<Fault> fresh() const override { return std::make_unique<Limit>(terms_); }
  void update(const Fault& configured) override { terms_ = same_kind<Limit>(configured).terms_; }

  void armed(const Moment& moment, bool, Outlet& outlet) override {
    began_ = moment.now;
    if (until() != never) outlet.wake_at(until());
  }

  void chunk(const Moment& moment, const Chunk& chunk, Outlet& outlet) override {
    const std::uint64_t left =
        moment.now >= until() || passed_ >= terms_.bytes ? 0 : terms_.bytes - passed_;
    const std::uint64_t bytes = chunk.bytes.size();
    const std::uint64_t good = std::min(left, bytes);
    passed_ += good;
    if (bytes < left) return outlet.pass();
    outlet.pass_part(good, moment.now);
    if (terms_.then == Then::stall) outlet.pass_part(bytes - good, never);
    if (terms_.then == Then::drop && good < bytes) dropped_ = true;
    close(outlet);
  }

  void end(const Moment& moment, Outlet& outlet) override {
    const bool reached = moment.now >= until() || passed_ >= terms_.bytes;
    if (!reached) return outlet.pass();
    if (terms_.then == Then::stall) return outlet.pass_at(never);
    if (terms_.then != Then::drop) return outlet.pass();
    dropped_ = true;
  }

  void timer(const Moment& moment, Outlet& outlet) override {
    if (until() == never) return;
    if (moment.now >= until()) return close(outlet);
    outlet.wake_at(until());
  }

  // A stream with a hole must not go on.
  void disarmed(const Moment&, Outlet& outlet) override {
    if (dropped_) outlet.reset();
  }

 private:
  Instant until() const { return terms_.time > never - began_ ? never : began_ + terms_.time; }

  void close(Outlet& outlet) {
    if (terms_.then == Then::close) outlet.close();
    if (terms_.then == Then::reset) outlet.reset();
  }

  LimitTerms terms_;
  Instant began_{};
  std::uint64_t passed_ = 0;
  bool dropped_ = false;
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  if (!settings.places.contains("bytes") && !settings.places.contains("time"))
    return std::unexpected(
        Errors{{settings.whole, "a limit of neither bytes nor time; write \"bytes\" or \"time\""}});
  const auto ending = std::ranges::find(endings, settings.text("then"));
  return make_limit({.bytes = settings.bytes("bytes").count,
                     .time = settings.duration("time"),
                     .then = static_cast<Then>(ending - std::begin(endings))});
}

}  // namespace

std::unique_ptr<Fault> make_limit(const LimitTerms& terms) {
  return std::make_unique<Limit>(terms);
}

extern const FaultKind limit_kind;
constinit const FaultKind limit_kind = {
    .name = "limit",
    .summary = "ends or stops a connection after so many bytes, or so long",
    .contract =
        "Arm: bytes are counted and time runs from now on, for each aimed direction by itself; the "
        "chunk that crosses the limit is cut there. Then the connection is closed (FIN to both "
        "peers, behind what has passed) or reset at once, or further bytes are held (stall) or "
        "lost (drop). An idle connection reaches a limit of time, and never one of bytes. Update: "
        "what was counted stays; a limit below it is reached with the next chunk; a higher one "
        "lets what stalled go on. Disarm: what stalled goes on; a connection that lost bytes is "
        "reset. Half-close: the FIN passes before the limit and counts like a byte behind it. "
        "Reset: a peer's RST likewise.",
    .parameters = parameters,
    .default_directions = Directions::both,
    .make = make,
};

}  // namespace faultline
