// What every codec promises, asked of every entry of the catalogue over the recorded dialogues of
// its protocol (tests/corpus/<protocol>): a new codec and a new dialogue join by being there.

#include <random>

#include "tests/support/catch.h"
#include "tests/support/codec_tape.h"

using namespace faultline;
using namespace faultline::dialogue;

namespace {

// Every kind that looks at bytes.
std::vector<const CodecKind*> kinds() {
  std::vector<const CodecKind*> kinds;
  for (const CodecKind* kind : codec_kinds()) {
    if (kind->make != nullptr) kinds.push_back(kind);
  }
  return kinds;
}

using Lines = std::vector<std::string>;

// What the codec told, and whether slices added up and nothing was told twice.
struct Outcome {
  Lines told;
  bool kept = false;
};

template <class Piece>
Outcome outcome(const CodecKind& kind, const Dialogue& dialogue, Piece piece) {
  const auto codec = kind.make();
  CodecTape tape;
  bool kept = play(*codec, tape, dialogue, piece);
  kept = kept && tape.sliced == dialogue.size() && tape.desyncs <= 1;
  if (tape.desyncs == 1) kept = kept && codec->opaque();
  const std::size_t told = tape.told.size();
  codec->closed(instant_of(dialogue.steps.size()), tape);
  return {tape.told, kept && tape.told.size() == told};
}

Outcome outcome(const CodecKind& kind, const Dialogue& dialogue) {
  return outcome(kind, dialogue, all_at_once);
}

// The same bytes with one step in two: `at` counts bytes of the whole dialogue.
Outcome split_at(const CodecKind& kind, const Dialogue& dialogue, std::size_t at) {
  std::size_t seen = 0;
  return outcome(kind, dialogue, [&](std::size_t left) {
    const std::size_t piece = at > seen && at - seen < left ? at - seen : left;
    seen += piece;
    return piece;
  });
}

Dialogue mutated(Dialogue dialogue, std::mt19937& random) {
  const std::size_t changes = 1 + random() % 4;
  for (std::size_t i = 0; i < changes; ++i) {
    Step& step = dialogue.steps[random() % dialogue.steps.size()];
    if (step.bytes.empty()) continue;
    const std::size_t at = random() % step.bytes.size();
    switch (random() % 4) {
      case 0:
        step.bytes[at] = static_cast<char>(random());
        break;
      case 1:
        step.bytes.erase(at, 1 + random() % 8);
        break;
      case 2:
        step.bytes.insert(at, step.bytes.substr(at, 1 + random() % 8));
        break;
      default:
        step.direction = opposite(step.direction);
    }
  }
  return dialogue;
}

}  // namespace

TEST_CASE("a codec's dialogues are there") {
  for (const CodecKind* kind : kinds()) {
    INFO(kind->name);
    CHECK_FALSE(dialogues_of(kind->name).empty());
  }
}

TEST_CASE("a codec gives back as many bytes as it was fed, and tells something") {
  for (const CodecKind* kind : kinds()) {
    for (const Dialogue& dialogue : dialogues_of(kind->name)) {
      INFO(dialogue.name);
      const Outcome whole = outcome(*kind, dialogue);
      CHECK(whole.kept);
      CHECK_FALSE(whole.told.empty());
    }
  }
}

TEST_CASE("a codec tells the same for every way of splitting") {
  constexpr std::size_t most_splits = 2'000;  // of one dialogue; a longer one is split in steps
  for (const CodecKind* kind : kinds()) {
    for (const Dialogue& dialogue : dialogues_of(kind->name)) {
      INFO(dialogue.name);
      const Outcome whole = outcome(*kind, dialogue);
      const auto same = [&](const Outcome& other) {
        return other.kept && other.told == whole.told;
      };
      const Outcome bytes = outcome(*kind, dialogue, byte_by_byte);
      CHECK(bytes.kept);
      CHECK(bytes.told == whole.told);
      for (std::size_t at = 1; at < dialogue.size(); at += 1 + dialogue.size() / most_splits) {
        if (same(split_at(*kind, dialogue, at))) continue;
        INFO("split at byte " << at);
        CHECK(split_at(*kind, dialogue, at).told == whole.told);
        FAIL("slices do not add up, or something else was told");
      }
      std::mt19937 random(7);
      for (int round = 0; round < 50; ++round) {
        const auto piece = [&](std::size_t) { return 1 + random() % (round % 2 == 0 ? 7 : 70); };
        REQUIRE(same(outcome(*kind, dialogue, piece)));
      }
    }
  }
}

TEST_CASE("a codec makes no sense of garbage, says so once and lives on") {
  for (const CodecKind* kind : kinds()) {
    INFO(kind->name);
    std::mt19937 random(11);
    for (int round = 0; round < 40; ++round) {
      Dialogue garbage{"garbage", {}};
      for (int step = 0; step < 8; ++step) {
        const auto direction = random() % 2 == 0 ? Direction::upstream : Direction::downstream;
        std::string bytes;
        for (std::size_t n = random() % 300; n > 0; --n) bytes += static_cast<char>(random());
        garbage.steps.push_back({direction, bytes, false});
      }
      // An end that no protocol takes for the rest of an announced body.
      garbage.steps.push_back({Direction::upstream, std::string(20'000, '\xfe'), false});
      garbage.steps.push_back({Direction::downstream, std::string(20'000, '\xfe'), false});
      const Outcome whole = outcome(*kind, garbage);
      REQUIRE(whole.kept);
      REQUIRE_FALSE(whole.told.empty());
      REQUIRE(outcome(*kind, garbage, byte_by_byte).told == whole.told);
    }
  }
}

TEST_CASE("a codec survives damaged dialogues, and damage too is told alike for all splits") {
  for (const CodecKind* kind : kinds()) {
    std::mt19937 random(13);
    for (const Dialogue& dialogue : dialogues_of(kind->name)) {
      INFO(dialogue.name);
      for (int round = 0; round < 40; ++round) {
        const Dialogue damaged = mutated(dialogue, random);
        const Outcome whole = outcome(*kind, damaged);
        const Outcome bytes = outcome(*kind, damaged, byte_by_byte);
        REQUIRE(whole.kept);
        REQUIRE(bytes.kept);
        REQUIRE(bytes.told == whole.told);
      }
    }
  }
}

TEST_CASE("a codec stands between messages before the first byte") {
  for (const CodecKind* kind : kinds()) {
    INFO(kind->name);
    const auto codec = kind->make();
    CHECK_FALSE(codec->opaque());
    CHECK(codec->at_boundary(Direction::upstream));
    CHECK(codec->at_boundary(Direction::downstream));
  }
}
