#pragma once

// Parts of a drill as words, for the plan in all its forms.

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/drill/drill.h"

namespace faultline {

// Digits enough to read the same value again.
std::string number(double value);

// What is said of a proxy's TLS beyond its upstream's scheme, each part behind a comma.
std::string tls_words(const TlsSpec& tls);

// "100 per 1m of each source, fixed_window".
std::string limit_words(const LimitPlan& limit);

// An address as it is known before a run: fixed, or as it was written with ${port.NAME} and
// ${proxy.NAME.listen}.
std::string written_address(const Drill& drill, LateAddress::For part, const std::string& owner,
                            const Address& known);

// Every parameter with its value as a drill would write it, given or by default, in the order of
// the parameters; one that has neither is left out.
std::vector<std::pair<std::string, std::string>> settings_written(
    std::span<const Parameter> parameters, const std::vector<RawSetting>& raw);

}  // namespace faultline
