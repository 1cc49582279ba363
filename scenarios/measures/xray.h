#pragma once

// What the X-ray of a drill found, as measures ask for it and reports show it.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "scenarios/recording/recording.h"

namespace faultline {

// Every answer, those that the drill's contract names as confirmed or contradicted; nothing when
// the X-ray did not come to its end.
std::optional<xray::Answers> judged_answers(const Recording& recording);

// The answers that are numbers of a kind: what xray.count, xray.time and xray.share may ask for.
std::span<const std::string_view> counted_answers();
std::span<const std::string_view> timed_answers();
std::span<const std::string_view> shared_answers();

}  // namespace faultline
