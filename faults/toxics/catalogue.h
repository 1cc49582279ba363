#pragma once

// The kinds of fault that the Toxiproxy API knows by name, with its attributes in its units: plain
// integers, absent means 0. They behave as the users of that API expect; faultline's own kinds, in
// faults/tcp/, say the same things with units and more of them.

#include <span>
#include <string_view>

#include "faults/fault.h"

namespace faultline {

std::span<const FaultKind* const> toxic_kinds();
const FaultKind* find_toxic_kind(std::string_view name);  // nullptr if there is none

}  // namespace faultline
