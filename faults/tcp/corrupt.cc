// corrupt: some bytes are not what was sent.
//
// Which ones is decided by their place in the stream and not by how it was cut into chunks: the
// same traffic is corrupted at the same places in every run.

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "faults/fault.h"

namespace faultline {
namespace {

constexpr std::string_view ways[] = {"flip", "replace"};
constexpr std::uint64_t nowhere = UINT64_MAX;

constexpr std::array<Parameter, 3> parameters = {{
    {.name = "ratio",
     .summary = "the ratio of bytes that are corrupted, chosen by the seed; not with interval",
     .type = ParameterType::ratio,
     .fallback = "0.01"},
    {.name = "interval",
     .summary = "the last of each so many bytes is corrupted; 0B: by ratio",
     .type = ParameterType::bytes,
     .fallback = "0B"},
    {.name = "how",
     .summary = "flip one bit, or replace the byte by another",
     .type = ParameterType::choice,
     .fallback = "flip",
     .choices = ways},
}};

struct Terms {
  double ratio = 0;
  std::uint64_t interval = 0;  // 0: by ratio
  bool flip = true;
  bool operator==(const Terms&) const = default;
};

class Corrupt final : public Fault {
 public:
  explicit Corrupt(const Terms& terms) : terms_(terms) {}

  std::unique_ptr<Fault> fresh() const override { return std::make_unique<Corrupt>(terms_); }
  void update(const Fault& configured) override {
    const Terms& terms = same_kind<Corrupt>(configured).terms_;
    if (terms == terms_) return;
    terms_ = terms;
    place(offset_);
  }

  void armed(const Moment& moment, bool, Outlet&) override {
    draw_ = moment.draw;
    place(0);
  }

  void chunk(const Moment&, const Chunk& chunk, Outlet& outlet) override {
    const std::uint64_t from = offset_;
    offset_ += chunk.bytes.size();
    if (next_ >= offset_) return outlet.pass();
    std::string bytes(chunk.bytes);
    while (next_ < offset_) {
      char& byte = bytes[next_ - from];
      byte = other(byte, draw_.about(next_).bits());
      place(next_ + 1);
    }
    outlet.replace(bytes);
  }

 private:
  // Finds the first place from here on.
  void place(std::uint64_t from) {
    if (terms_.interval > 0) {
      next_ = from + terms_.interval - 1 - from % terms_.interval;
    } else if (terms_.ratio >= 1) {
      next_ = from;
    } else if (terms_.ratio <= 0) {
      next_ = nowhere;
    } else {
      // The gap between two hits of a coin thrown for every byte (geometric distribution).
      const double unit = draw_.about("gap").about(from).unit();
      const double gap = std::floor(std::log1p(-unit) / std::log1p(-terms_.ratio));
      next_ = gap < 1e18 ? from + static_cast<std::uint64_t>(gap) : nowhere;
    }
  }

  char other(char byte, std::uint64_t bits) const {
    const std::uint64_t change = terms_.flip ? 1U << (bits % 8) : 1 + bits % 255;
    return static_cast<char>(static_cast<unsigned char>(byte) ^ change);
  }

  Terms terms_;
  Draw draw_;
  std::uint64_t offset_ = 0;  // of the next byte, since the fault came into force
  std::uint64_t next_ = nowhere;
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  return std::make_unique<Corrupt>(Terms{.ratio = settings.ratio("ratio"),
                                         .interval = settings.bytes("interval").count,
                                         .flip = settings.text("how") == "flip"});
}

}  // namespace

extern const FaultKind corrupt_kind;
constinit const FaultKind corrupt_kind = {
    .name = "corrupt",
    .summary = "alters some of the bytes on their way",
    .contract =
        "Arm: of the bytes that arrive from now on the chosen ones change, and always to something "
        "else; their number stays. TCP's checksum is right: only the protocol above can notice. "
        "Touched counts the bytes that were altered. Update: holds from the next byte on. Disarm: "
        "the rest passes as it was sent; what was altered stays so. Half-close: passes. Reset: "
        "passes.",
    .parameters = parameters,
    .default_directions = Directions::downstream,
    .make = make,
};

}  // namespace faultline
