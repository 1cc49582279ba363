#pragma once

// A codec's outlet that remembers, and the ways to play a dialogue to a codec. The instant of
// everything is the number of its step, so however a step is split the same must be told.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/codec.h"
#include "tests/support/dialogue.h"

namespace faultline::dialogue {

struct Slice {
  Direction direction = Direction::upstream;
  std::size_t length = 0;
  Label label;
};

inline Instant instant_of(std::size_t step) {
  return Instant(Duration(static_cast<std::int64_t>(step) + 1));
}

// "2 INSERT ack I @3,3,4,4": ordinal, name, told, status, code, and the steps (from 1) of the first
// and last bytes of request and response, 0 where there is none.
inline std::string to_text(const Exchange& e) {
  std::string text = std::to_string(e.ordinal) + " " + std::string(e.name.view()) + " " +
                     std::string(name(e.told));
  if (e.transaction != 0) text += std::string(" ") + e.transaction;
  if (!e.code.empty()) text += " " + std::string(e.code.view());
  const auto at = [](Instant instant) {
    return std::to_string(instant.time_since_epoch().count());
  };
  return text + " @" + at(e.request_first) + "," + at(e.request_last) + "," + at(e.response_first) +
         "," + at(e.response_last);
}

class CodecTape : public CodecOutlet {
 public:
  void slice(std::size_t length, const Label& label) override {
    slices.push_back({direction, length, label});
    sliced += length;
  }
  void exchange(const Exchange& e) override { told.push_back(to_text(e)); }
  void session(SessionFact fact, std::string_view code) override {
    told.push_back("session " + std::string(name(fact)) +
                   (code.empty() ? "" : " " + std::string(code)));
  }
  void desync(std::string_view reason) override {
    told.push_back("desync " + std::string(reason));
    ++desyncs;
  }

  Direction direction = Direction::upstream;  // set by who feeds the codec
  std::vector<Slice> slices;
  std::size_t sliced = 0;         // their lengths
  std::vector<std::string> told;  // exchanges, session facts and desync, in their order
  int desyncs = 0;
};

// Feeds one step in pieces; `piece(left)` says how many bytes the next cut gets. False if slices of
// a cut do not add up to its bytes.
template <class Piece>
bool play(Codec& codec, CodecTape& tape, const Step& step, Instant now, Piece piece) {
  tape.direction = step.direction;
  bool whole = true;
  for (ByteView bytes = step.bytes; !bytes.empty();) {
    const std::size_t length = std::clamp<std::size_t>(piece(bytes.size()), 1, bytes.size());
    const std::size_t before = tape.sliced;
    codec.cut(step.direction, bytes.substr(0, length), now, tape);
    whole = whole && tape.sliced - before == length;
    bytes.remove_prefix(length);
  }
  if (step.fin) codec.ended(step.direction, now, tape);
  return whole;
}

template <class Piece>
bool play(Codec& codec, CodecTape& tape, const Dialogue& dialogue, Piece piece) {
  bool whole = true;
  for (std::size_t i = 0; i < dialogue.steps.size(); ++i) {
    whole = play(codec, tape, dialogue.steps[i], instant_of(i), piece) && whole;
  }
  codec.closed(instant_of(dialogue.steps.size()), tape);
  return whole;
}

inline std::size_t all_at_once(std::size_t left) { return left; }
inline std::size_t byte_by_byte(std::size_t) { return 1; }

}  // namespace faultline::dialogue
