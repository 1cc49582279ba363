#pragma once

// The outlet that a link hands to its faults; for link.cc alone.

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/link.h"

namespace faultline {

// What the fault said about the chunk at hand, written down while it speaks; the link acts on it
// when the fault has returned.
class Link::Verdict final : public Outlet {
 public:
  enum class Fate : std::uint8_t { dropped, passed, delayed, deferred, replaced, parted };
  struct Part {
    std::size_t bytes;
    Instant due;
  };

  Verdict(Stage& stage, LinkExit& exit) : held_(stage.held), stage_(stage), exit_(exit) {}

  void pass() override { decide(Fate::passed); }
  void pass_at(Instant when) override {
    decide(Fate::delayed);
    due = when;
  }
  void replace(ByteView bytes) override {
    decide(Fate::replaced);
    replacement = bytes;
  }
  void pass_part(std::size_t bytes, Instant when) override {
    decide(Fate::parted);
    parts.push_back({bytes, when});
  }
  std::uint64_t held() const override { return held_; }
  void release(std::uint64_t bytes) override { releases.push_back(bytes); }
  void answer(ByteView bytes) override { answered += bytes; }
  void end() override { ended = true; }
  void close() override { ended = closed = true; }
  void reset() override { reset_spoken = true; }
  void refuse() override { refused = true; }
  void open_at(Instant when) override { opens = std::max(opens, when); }
  void wake_at(Instant when) override { wake = when; }
  void defer() override { decide(Fate::deferred); }
  void reconsider() override { reconsidered = true; }
  bool claim(std::uint64_t exchange) override {
    if (!exit_.claim(stage_.id, exchange)) return false;
    stage_.claimed = exchange;
    return true;
  }
  void await_turn(std::uint64_t exchange) override { stage_.awaits = exchange; }
  void withhold(std::uint64_t exchange) override {
    stage_.withheld = exchange;
    exit_.withhold(exchange);
  }
  void repeat(std::uint64_t exchange) override { exit_.repeat(exchange); }
  void tell(std::uint64_t exchange, std::string_view code) override {
    told.push_back({exchange, std::string(code)});
  }
  void early() override { exit_.early(stage_.id); }
  void end_answers() override { answers_ended = true; }

  // Nothing was said about the connection or about what waits.
  bool silent() const {
    return wake == never && releases.empty() && answered.empty() && told.empty() && !ended &&
           !closed && !reset_spoken && !refused && !answers_ended && !reconsidered;
  }

  Fate fate = Fate::dropped;
  Instant due{};
  std::vector<Part> parts;
  Instant wake = never, opens{};
  std::vector<std::uint64_t> releases;
  bool ended = false, closed = false, reset_spoken = false, refused = false;
  bool answers_ended = false, reconsidered = false;
  std::vector<std::pair<std::uint64_t, std::string>> told;
  std::string replacement, answered;

 private:
  void decide(Fate decision) {
    assert(fate == Fate::dropped || (fate == Fate::parted) == (decision == Fate::parted));
    fate = decision;
  }

  const std::uint64_t held_;
  Stage& stage_;
  LinkExit& exit_;
};

// How many bytes a replacement altered: those that differ, or all where the length does.
inline std::uint64_t altered(ByteView before, ByteView after) {
  if (before.size() != after.size()) return before.size();
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < before.size(); ++i) count += before[i] != after[i] ? 1 : 0;
  return count;
}

}  // namespace faultline
