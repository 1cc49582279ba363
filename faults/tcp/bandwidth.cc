// bandwidth: bytes go on at a rate and no faster.
//
// What comes is held and released in pieces, each when its slot of the pace is over: so nothing is
// stored per piece, whether it is a byte in a second or megabytes in a millisecond.

#include "faults/tcp/bandwidth.h"

#include <algorithm>
#include <array>

#include "faults/tcp/bandwidth_pace.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

// A line that was idle has saved up this much unless told otherwise, so that at high rates a small
// message need not wait.
constexpr Duration least_saved = 1ms;
// A piece takes 1 ms; at rates below 1.46 MB/s it is a full segment if that takes no longer than
// 10 ms.
constexpr Duration shortest_piece = 1ms, longest_piece = 10ms;
constexpr std::uint64_t segment = 1460;
// After a late timer the pieces follow each other a sixteenth faster until the lateness is made up
// for, so that it does not become a burst; after a timer that comes late again, by up to half a
// piece, as if it had not. What is later than this goes on at once,
constexpr Duration most_spread = 20ms;
// and what is later than this is lost.
constexpr Duration most_late = 100ms;
// More than any link holds; keeps the arithmetic in 64 bits.
constexpr std::uint64_t most_piece = 1ULL << 30;

constexpr std::string_view share_choices[] = {"connection", "proxy"};

constexpr std::array<Parameter, 3> parameters = {{
    {.name = "rate",
     .summary = "bytes per second",
     .type = ParameterType::bytes,
     .least = "1B",
     .most = "10GB"},
    {.name = "per",
     .summary = "connection: each has the rate to itself; proxy: all of them share it",
     .type = ParameterType::choice,
     .fallback = "connection",
     .choices = share_choices},
    {.name = "burst",
     .summary = "how much an idle line saves up, as a token bucket does; 0: 1 ms of the rate",
     .type = ParameterType::bytes,
     .fallback = "0B",
     .least = "0B",
     .most = "1GB"},
}};

class Bandwidth final : public Fault {
 public:
  Bandwidth(Bytes rate, RateShare share, Bytes burst, std::shared_ptr<Pace> shared)
      : rate_(rate), share_(share), burst_(burst), shared_(std::move(shared)) {}

  std::unique_ptr<Fault> fresh() const override {
    return std::make_unique<Bandwidth>(rate_, share_, burst_, shared_);
  }

  // The slot that was booked at the old rate is given back.
  void update(const Fault& configured) override {
    const auto& other = same_kind<Bandwidth>(configured);
    own_.set_free(piece_ > 0 ? slot_.from : pace().free());
    rate_ = other.rate_;
    share_ = other.share_;
    burst_ = other.burst_;
    shared_ = other.shared_;
    piece_ = 0;
    not_before_ = Instant{};
    updated_ = true;
  }

  void chunk(const Moment& moment, const Chunk& chunk, Outlet& outlet) override {
    const bool idle = outlet.held() == 0 && !updated_ && rate_.count > 0;
    if (!idle) return outlet.pass_at(never);
    const std::uint64_t bytes = chunk.bytes.size();
    earliest_ = moment.now - saved_up();
    if (pace().book_if_over(Pace::cost(bytes, rate_), earliest_, moment.now)) return outlet.pass();
    outlet.pass_at(never);
    const Duration saved = moment.now - std::max(pace().free(), earliest_);
    book(moment.now, bytes, saved > Duration::zero() ? Pace::worth(saved, rate_) : 0);
    outlet.wake_at(std::max(slot_.to, moment.now));
  }

  // The end is never before its bytes, and takes no time of its own.
  void end(const Moment&, Outlet& outlet) override {
    if (outlet.held() > 0) return outlet.pass_at(never);
    outlet.pass();
  }

  void timer(const Moment& moment, Outlet& outlet) override {
    std::uint64_t left = outlet.held();
    // What was waited for already counts, up to a piece: a storm of updates must not starve it.
    if (updated_) earliest_ = moment.now - longest_piece;
    updated_ = false;
    if (rate_.count == 0) return;
    if (piece_ == 0 && left > 0) book(moment.now, left);
    while (piece_ > 0 && due() <= moment.now) {
      const bool spread = moment.now - slot_.to < most_spread;
      const Instant planned = due();
      outlet.release(piece_);
      left -= std::min(left, piece_);
      book(moment.now, left);
      const Duration length = slot_.to - slot_.from;
      const Instant last = moment.now - planned <= length / 2 ? planned : moment.now;
      if (spread) not_before_ = last + length * 15 / 16;
    }
    if (piece_ > 0) outlet.wake_at(due());
  }

 private:
  Pace& pace() { return share_ == RateShare::all_links ? *shared_ : own_; }

  Instant due() const { return std::max(slot_.to, not_before_); }

  Duration saved_up() const {
    return burst_.count == 0 ? least_saved : Pace::cost(burst_.count, rate_);
  }

  // Books time for the next of `left` bytes: a piece, or what has been saved up.
  void book(Instant now, std::uint64_t left, std::uint64_t saved = 0) {
    const std::uint64_t piece = std::min(std::max(Pace::worth(shortest_piece, rate_), segment),
                                         Pace::worth(longest_piece, rate_));
    piece_ = std::min({left, std::max(piece, saved), most_piece});
    if (piece_ == 0) return;
    slot_ = pace().book(Pace::cost(piece_, rate_),
                        saved > 0 ? earliest_ : std::max(earliest_, now - most_late));
  }

  Bytes rate_;
  RateShare share_;
  Bytes burst_;
  std::shared_ptr<Pace> shared_;  // of all links; those of one fault hold the same
  Pace own_;                      // of this link
  std::uint64_t piece_ = 0;       // goes on when its slot is over; 0: nothing waits
  Pace::Slot slot_{};
  Instant not_before_{};  // nor does it go on sooner: what is late follows spread out
  Instant earliest_{};    // no slot begins before: what was not used then is gone
  bool updated_ = false;  // everything is booked anew when the timer comes
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  const bool shared = settings.text("per") == "proxy";
  return make_bandwidth(settings.bytes("rate"),
                        shared ? RateShare::all_links : RateShare::each_link,
                        settings.bytes("burst"));
}

}  // namespace

std::unique_ptr<Fault> make_bandwidth(Bytes rate, RateShare share, Bytes burst) {
  assert(rate <= most_rate && burst <= most_burst);
  return std::make_unique<Bandwidth>(rate, share, burst, std::make_shared<Pace>());
}

extern const FaultKind bandwidth_kind;
constinit const FaultKind bandwidth_kind = {
    .name = "bandwidth",
    .summary = "passes bytes on at a rate and no faster",
    .contract =
        "Arm: bytes that arrive from now on go on in pieces of 1 ms (at low rates of up to 10 ms), "
        "each after the time it takes; an idle line has saved up 1 ms, or `burst` bytes, which go "
        "at once. Every direction of every connection has the rate to itself, or, with "
        "`per = \"proxy\"`, all that the fault is aimed at share it, in turns. When the queue is "
        "full reading stops: the sender feels back-pressure. Update: what is held goes on at the "
        "new rate. Disarm: what is held goes on at once, in order; "
        "nothing is lost. Half-close: the FIN goes on behind the bytes before it. Reset: a peer's "
        "RST likewise.",
    .parameters = parameters,
    .default_directions = Directions::both,
    .make = make,
};

}  // namespace faultline
