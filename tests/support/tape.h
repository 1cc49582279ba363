#pragma once

// An Outlet that remembers what was said to it, in order, and does none of it.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "faults/fault.h"

namespace faultline {

enum class Verb : std::uint8_t {
  pass,
  pass_at,
  replace,
  pass_part,
  release,
  answer,
  end,
  close,
  reset,
  refuse,
  open_at,
  wake_at,
  defer,
  reconsider,
  claim,
  await_turn,
  withhold,
  repeat,
  tell,
  early,
  end_answers
};

constexpr std::string_view name(Verb verb) {
  constexpr std::string_view names[] = {
      "pass",  "pass_at",    "replace",  "pass_part", "release", "answer", "end",
      "close", "reset",      "refuse",   "open_at",   "wake_at", "defer",  "reconsider",
      "claim", "await_turn", "withhold", "repeat",    "tell",    "early",  "end_answers"};
  return names[static_cast<std::size_t>(verb)];
}

struct Said {
  Verb verb{};
  Instant when{};           // of pass_at, pass_part, open_at and wake_at
  std::string bytes;        // of replace and answer; the code of tell
  std::uint64_t count = 0;  // of pass_part and release; the exchange

  bool operator==(const Said&) const = default;
};

class Tape final : public Outlet {
 public:
  void pass() override { said.push_back({Verb::pass, {}, {}}); }
  void pass_at(Instant due) override { said.push_back({Verb::pass_at, due, {}}); }
  void replace(ByteView bytes) override { said.push_back({Verb::replace, {}, std::string(bytes)}); }
  void pass_part(std::size_t bytes, Instant due) override {
    said.push_back({Verb::pass_part, due, {}, bytes});
  }
  void release(std::uint64_t bytes) override { said.push_back({Verb::release, {}, {}, bytes}); }
  std::uint64_t held() const override { return waiting; }
  void answer(ByteView bytes) override { said.push_back({Verb::answer, {}, std::string(bytes)}); }
  void end() override { said.push_back({Verb::end, {}, {}}); }
  void close() override { said.push_back({Verb::close, {}, {}}); }
  void reset() override { said.push_back({Verb::reset, {}, {}}); }
  void refuse() override { said.push_back({Verb::refuse, {}, {}}); }
  void open_at(Instant due) override { said.push_back({Verb::open_at, due, {}}); }
  void wake_at(Instant when) override { said.push_back({Verb::wake_at, when, {}}); }
  void defer() override { said.push_back({Verb::defer, {}, {}}); }
  void reconsider() override { said.push_back({Verb::reconsider, {}, {}}); }
  bool claim(std::uint64_t n) override {
    said.push_back({Verb::claim, {}, {}, n});
    return takes;
  }
  void await_turn(std::uint64_t n) override { said.push_back({Verb::await_turn, {}, {}, n}); }
  void withhold(std::uint64_t n) override { said.push_back({Verb::withhold, {}, {}, n}); }
  void repeat(std::uint64_t n) override { said.push_back({Verb::repeat, {}, {}, n}); }
  void tell(std::uint64_t n, std::string_view code) override {
    said.push_back({Verb::tell, {}, std::string(code), n});
  }
  void early() override { said.push_back({Verb::early, {}, {}}); }
  void end_answers() override { said.push_back({Verb::end_answers, {}, {}}); }

  std::size_t count(Verb verb) const {
    return static_cast<std::size_t>(std::ranges::count(said, verb, &Said::verb));
  }

  // "pass_at pass_at reset": the verbs alone.
  std::string verbs() const {
    std::string text;
    for (const Said& one : said) text += (text.empty() ? "" : " ") + std::string(name(one.verb));
    return text;
  }

  // What was said since the last take.
  std::vector<Said> take() { return std::exchange(said, {}); }

  std::vector<Said> said;
  std::uint64_t waiting = 0;  // the answer to held()
  bool takes = true;          // the answer to claim()
};

}  // namespace faultline
