#pragma once

// A fault on one link in virtual time, and the tape that hears what it says.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "faults/catalogue.h"
#include "tests/support/catch.h"
#include "tests/support/tape.h"

namespace faultline {

inline std::unique_ptr<Fault> configured(std::string_view kind,
                                         const std::vector<RawSetting>& raw = {}) {
  const FaultKind* found = find_fault_kind(kind);
  REQUIRE(found != nullptr);
  const auto settings = read_settings(found->parameters, raw, "");
  REQUIRE(settings.has_value());
  auto made = found->make(*settings);
  REQUIRE(made.has_value());
  return std::move(*made);
}

// What is wrong with these settings: "where: what", or nothing.
inline std::string mistake(std::string_view kind, const std::vector<RawSetting>& raw) {
  const FaultKind* found = find_fault_kind(kind);
  REQUIRE(found != nullptr);
  const auto settings = read_settings(found->parameters, raw, "d:1");
  if (!settings) return settings.error().front().text();
  const auto made = found->make(*settings);
  return made ? "" : made.error().front().text();
}

class FaultStage {
 public:
  static constexpr Instant noon{std::chrono::hours(12)};  // the fault came into force then

  explicit FaultStage(std::string_view kind, std::vector<RawSetting> raw = {})
      : kind_(kind), fault_(configured(kind, raw)->fresh()) {}

  FaultStage& at(Duration since_noon) { return now_ = noon + since_noon, *this; }
  FaultStage& live() { return fault_->armed(moment(), true, tape_), *this; }
  FaultStage& open() {
    fault_->armed(moment(), false, tape_);
    return fault_->opening(moment(), tape_), *this;
  }
  FaultStage& chunk(std::string_view bytes = "hello") {
    return fault_->chunk(moment(), {.bytes = bytes, .arrived = now_, .label = {}}, tape_), *this;
  }
  FaultStage& end() { return fault_->end(moment(), tape_), *this; }
  FaultStage& timer() { return fault_->timer(moment(), tape_), *this; }
  // Nothing waits on a tape, so nothing is offered again.
  FaultStage& update(const std::vector<RawSetting>& raw) {
    fault_->update(*configured(kind_, raw));
    return timer();
  }
  FaultStage& disarm() { return fault_->disarmed(moment(), tape_), *this; }

  // What was said since the last look, without what asks for a timer.
  std::vector<Said> said() {
    std::vector<Said> all = tape_.take();
    std::erase_if(all, [this](const Said& one) {
      if (one.verb == Verb::wake_at) woken_at_ = one.when;
      return one.verb == Verb::wake_at;
    });
    return all;
  }
  std::string verbs() {
    Tape heard;
    heard.said = said();
    return heard.verbs();
  }
  // When it asked to be woken last, counted from noon.
  Duration wakes_at() { return said(), woken_at_ - noon; }

 private:
  Moment moment() { return {now_, Draw(7).about(ordinal_++), noon}; }

  std::string_view kind_;
  std::unique_ptr<Fault> fault_;
  Tape tape_;
  Instant now_ = noon;
  Instant woken_at_ = noon;
  std::uint64_t ordinal_ = 0;
};

}  // namespace faultline
