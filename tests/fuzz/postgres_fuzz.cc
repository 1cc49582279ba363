// The PostgreSQL codec on arbitrary bytes. The input is a list of reads:
//
//   ┌────────────────────────────┬────────────┬─────────┐
//   │ direction (bit 7), splits  │ length     │ bytes … │ …
//   │ (bits 0-6: seed)           │ 1 byte     │         │
//   └────────────────────────────┴────────────┴─────────┘
//
// Each is fed once whole and once in pieces; both must tell the same and label every byte alike.
// Behind a start-up that every other input gets for free, so that sessions are reached.

#include <cstdint>
#include <cstdlib>

#include "tests/support/codec_tape.h"

using namespace faultline;
using namespace faultline::dialogue;

namespace faultline {
extern const CodecKind postgres_kind;
}

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// Message and exchange of every byte of one direction, in order.
std::vector<std::pair<std::string_view, std::uint64_t>> labels(const CodecTape& tape,
                                                               Direction direction) {
  std::vector<std::pair<std::string_view, std::uint64_t>> labels;
  for (const Slice& slice : tape.slices) {
    if (slice.direction != direction) continue;
    labels.insert(labels.end(), slice.length, {slice.label.message, slice.label.exchange});
  }
  return labels;
}

void start(Dialogue& dialogue) {
  dialogue.steps.push_back(
      {Direction::upstream, std::string("\0\0\0\x0e\0\3\0\0user\0\0", 14), false});
  dialogue.steps.push_back(
      {Direction::downstream, std::string("R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I", 15), false});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Dialogue dialogue{"fuzz", {}};
  std::uint32_t seed = 1;
  if (size > 0 && data[0] % 2 == 0) start(dialogue);
  for (std::size_t at = 1; at + 2 <= size;) {
    const auto direction = (data[at] & 0x80) != 0 ? Direction::downstream : Direction::upstream;
    seed = seed * 31 + (data[at] & 0x7fU);
    const std::size_t length = std::min<std::size_t>(data[at + 1], size - at - 2);
    dialogue.steps.push_back(
        {direction, std::string(reinterpret_cast<const char*>(data) + at + 2, length), false});
    at += 2 + length;
  }
  const auto whole = postgres_kind.make();
  const auto split = postgres_kind.make();
  CodecTape whole_tape;
  CodecTape split_tape;
  require(play(*whole, whole_tape, dialogue, all_at_once));
  require(play(*split, split_tape, dialogue, [&](std::size_t) {
    seed = seed * 1664525 + 1013904223;
    return 1 + (seed >> 24) % 9;
  }));
  require(whole_tape.told == split_tape.told);
  require(whole_tape.desyncs <= 1);
  require(whole->opaque() == split->opaque());
  for (const auto d : {Direction::upstream, Direction::downstream}) {
    require(labels(whole_tape, d) == labels(split_tape, d));
    require(whole->at_boundary(d) == split->at_boundary(d));
  }
  return 0;
}
