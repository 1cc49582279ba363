#pragma once

// A link in virtual time: it wakes exactly when it asked to, or later by as much as a test wants,
// and what left it is known with its instant.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "faults/catalogue.h"
#include "faults/toxics/catalogue.h"
#include "tests/support/catch.h"
#include "tests/support/link_tape.h"

namespace faultline {

inline std::unique_ptr<Fault> configured(const FaultKind* kind, std::vector<RawSetting> raw = {}) {
  REQUIRE(kind != nullptr);
  const auto settings = read_settings(kind->parameters, raw, "test");
  if (!settings) FAIL(settings.error().front().text());
  auto fault = kind->make(*settings);
  if (!fault) FAIL(fault.error().front().text());
  return std::move(*fault);
}

inline std::unique_ptr<Fault> native(std::string_view kind, std::vector<RawSetting> raw = {}) {
  return configured(find_fault_kind(kind), std::move(raw));
}

struct Attribute {
  std::string_view name;
  std::int64_t value = 0;
};

inline std::unique_ptr<Fault> toxic(std::string_view kind, std::vector<Attribute> given = {}) {
  std::vector<RawSetting> raw;
  for (const Attribute& one : given) raw.push_back({std::string(one.name), one.value, ""});
  return configured(find_toxic_kind(kind), std::move(raw));
}

struct VirtualLink {
  struct Left {
    Instant at;
    std::string bytes;
  };

  static constexpr Instant start{std::chrono::hours(12)};

  explicit VirtualLink(const Fault& fault) { link.arm({1, fault, Draw(1), start}, start, true); }

  VirtualLink& arrive(std::string_view bytes) {
    link.arrive({bytes, now, {}});
    return note();
  }
  VirtualLink& finish() {
    link.sender_closed(Closing::end, now);
    return note();
  }
  VirtualLink& update(const Fault& fault) {
    link.update(1, fault, Draw(1), now);
    return note();
  }
  VirtualLink& disarm() {
    link.disarm(1, now);
    return note();
  }
  // Wakes it whenever it asked, `late` after that, until then.
  VirtualLink& run(Instant until, const std::function<Duration()>& late = {}) {
    while (link.wake_at() <= until) {
      now = std::max(now, link.wake_at()) + (late ? late() : Duration::zero());
      link.settle(now);
      note();
    }
    now = std::max(now, until);
    return *this;
  }
  VirtualLink& pass(Duration time) { return run(now + time); }

  std::string text() const {
    std::string all;
    for (const Left& one : left) all += one.bytes;
    return all;
  }
  std::uint64_t touched() { return tape.touched_bytes[1]; }

  LinkTape tape;
  Link link{Direction::downstream, tape};
  Instant now = start;
  std::vector<Left> left;

 private:
  VirtualLink& note() {
    if (!tape.out.empty()) left.push_back({now, tape.take()});
    return *this;
  }
};

}  // namespace faultline
