#pragma once

// A drill as the command line names it: a file, with overrides and this process's environment.

#include <string>
#include <vector>

#include "scenarios/drill/drill_toml.h"

namespace faultline::cli {

// The text of a TOML file, whatever it is to mean.
Checked<DrillSource> drill_source(const std::string& file, const std::vector<std::string>& sets);
Checked<ReadDrill> read_drill_file(const std::string& file, const std::vector<std::string>& sets);

}  // namespace faultline::cli
