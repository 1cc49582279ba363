// slice: the stream is cut into small pieces that go on one by one.
//
// A receiver that believes that one read is one message fails here. What comes is held and released
// slice by slice, so that nothing is stored per slice.

#include "faults/tcp/slice.h"

#include <algorithm>
#include <array>

namespace faultline {
namespace {

// Slices without a pause go on in batches, so that one chunk cut into single bytes does not keep
// everybody else waiting.
constexpr int batch = 64;

constexpr std::array<Parameter, 3> parameters = {{
    {.name = "size",
     .summary = "bytes of a slice",
     .type = ParameterType::bytes,
     .least = "1B",
     .most = "16MiB"},
    {.name = "variation",
     .summary = "each slice is longer or shorter by up to this much; less than size",
     .type = ParameterType::bytes,
     .fallback = "0B",
     .least = "0B",
     .most = "8MiB"},
    {.name = "pause",
     .summary = "the time behind each slice",
     .type = ParameterType::duration,
     .fallback = "0s",
     .least = "0s",
     .most = "1h"},
}};

class Slice final : public Fault {
 public:
  explicit Slice(const SliceTerms& terms) : terms_(terms) {}

  std::unique_ptr<Fault> fresh() const override { return std::make_unique<Slice>(terms_); }
  void update(const Fault& configured) override {
    terms_ = same_kind<Slice>(configured).terms_;
    next_ = std::min(next_, last_ + terms_.pause);
  }

  void chunk(const Moment& moment, const Chunk& chunk, Outlet& outlet) override {
    if (outlet.held() > 0) return outlet.pass_at(never);
    if (moment.now >= next_ && chunk.bytes.size() <= size(moment.draw)) {
      went(moment.now);
      return outlet.pass();
    }
    outlet.pass_at(never);
    cut(moment, chunk.bytes.size(), outlet);
  }

  // The end is never before its bytes.
  void end(const Moment&, Outlet& outlet) override {
    if (outlet.held() > 0) return outlet.pass_at(never);
    outlet.pass();
  }

  void timer(const Moment& moment, Outlet& outlet) override { cut(moment, outlet.held(), outlet); }

 private:
  std::uint64_t size(Draw draw) const {
    return static_cast<std::uint64_t>(draw.between(static_cast<std::int64_t>(terms_.least),
                                                   static_cast<std::int64_t>(terms_.most)));
  }

  void went(Instant now) {
    last_ = now;
    next_ = now + terms_.pause;
  }

  // Releases the slices whose time has come, of `left` bytes that wait.
  void cut(const Moment& moment, std::uint64_t left, Outlet& outlet) {
    for (int i = 0; i < batch && left > 0 && moment.now >= next_; ++i) {
      const std::uint64_t bytes = size(moment.draw.about(static_cast<std::uint64_t>(i)));
      outlet.release(bytes);
      left -= std::min(left, bytes);
      went(moment.now);
    }
    if (left > 0) outlet.wake_at(std::max(next_, moment.now));
  }

  SliceTerms terms_;
  Instant last_{};  // when a slice went on
  Instant next_{};  // not before this may the next
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  const std::uint64_t size = settings.bytes("size").count;
  const std::uint64_t variation = settings.bytes("variation").count;
  if (variation >= size) {
    return std::unexpected(
        Errors{{settings.where("variation"),
                "\"variation\" is " + to_string(settings.bytes("variation")) +
                    "; it must be less than size, which is " + to_string(settings.bytes("size"))}});
  }
  return make_slice({size - variation, size + variation, settings.duration("pause")});
}

}  // namespace

std::unique_ptr<Fault> make_slice(const SliceTerms& terms) {
  assert(terms.least > 0 && terms.least <= terms.most);
  return std::make_unique<Slice>(terms);
}

extern const FaultKind slice_kind;
constinit const FaultKind slice_kind = {
    .name = "slice",
    .summary = "cuts the stream into small pieces, with a pause behind each",
    .contract =
        "Arm: bytes that arrive from now on go on in slices of size ± variation (uniform), `pause` "
        "apart; what comes in one piece small enough goes on as it is. TCP may join slices again "
        "where the receiver is slow; without a pause it often does. Update: what is held is cut "
        "anew. Disarm: what is held goes on at once, in order; nothing is lost. Half-close: the "
        "FIN goes on behind the last slice. Reset: a peer's RST likewise.",
    .parameters = parameters,
    .default_directions = Directions::downstream,
    .make = make,
};

}  // namespace faultline
