#pragma once

// Which fault a Toxiproxy type means.

#include <string_view>

#include "faults/toxics/catalogue.h"

namespace faultline::control {

inline const FaultKind* toxic_kind(std::string_view type) { return find_toxic_kind(type); }

}  // namespace faultline::control
