#pragma once

// A contract that is a table of a drill instead of a file of its own.

#include <string>

#include "scenarios/drill/document.h"
#include "scenarios/xray/contract.h"

namespace faultline::xray {

// `file` is where the table stands, for mistakes.
Checked<Contract> contract_from(const Node& table, const std::string& file);

}  // namespace faultline::xray
