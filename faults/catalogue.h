#pragma once

// Every kind of fault, in the order users see them. The list is an explicit array so that a reader
// finds it and no linker drops an entry. To add one: its file in faults/tcp/ (or its protocol's
// folder), its line in catalogue.cc, its test.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "faults/fault.h"

namespace faultline {

std::span<const FaultKind* const> fault_kinds();
const FaultKind* find_fault_kind(std::string_view name);  // nullptr if there is none
std::vector<std::string> fault_kind_names();

}  // namespace faultline
