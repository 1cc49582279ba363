#pragma once

// Every kind of fault in every configuration that the laws look at.

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "faults/catalogue.h"
#include "faults/toxics/catalogue.h"
#include "tests/support/catch.h"
#include "tests/support/kind_settings.h"

namespace faultline {

inline constexpr Instant noon{std::chrono::hours(12)};

// The ways to configure a kind that the laws look at.
inline std::vector<std::vector<RawSetting>> configurations(const FaultKind& kind) {
  std::vector<std::vector<RawSetting>> all = {written(kind.parameters, smallest),
                                              written(kind.parameters, largest)};
  for (const Parameter& parameter : kind.parameters) {
    for (const std::string_view choice : parameter.choices) {
      all.push_back(written(kind.parameters, [&](const Parameter& p) {
        return p.name == parameter.name ? std::string(choice) : smallest(p);
      }));
    }
  }
  return all;
}

inline std::unique_ptr<Fault> prototype(const FaultKind& kind, const std::vector<RawSetting>& raw) {
  const auto settings = read_settings(kind.parameters, raw, "law");
  if (!settings) FAIL(kind.name << ": " << settings.error().front().text());
  auto fault = kind.make(*settings);
  REQUIRE(fault.has_value());
  REQUIRE(*fault != nullptr);
  return std::move(*fault);
}

// faultline's own kinds and those of the Toxiproxy API.
inline std::vector<const FaultKind*> all_kinds() {
  std::vector<const FaultKind*> kinds(fault_kinds().begin(), fault_kinds().end());
  kinds.insert(kinds.end(), toxic_kinds().begin(), toxic_kinds().end());
  return kinds;
}

// Links of one fault may share a rate: they know of each other on purpose.
inline bool shares(const std::vector<RawSetting>& raw) {
  return std::ranges::any_of(raw, [](const RawSetting& setting) {
    return setting.name == "per" && std::get<std::string>(setting.value) == "proxy";
  });
}

inline void for_each_fault(const std::function<void(const FaultKind&, const Fault&)>& law) {
  for (const FaultKind* kind : all_kinds()) {
    for (const auto& raw : configurations(*kind)) {
      INFO(kind->name);
      law(*kind, *prototype(*kind, raw));
    }
  }
}

}  // namespace faultline
