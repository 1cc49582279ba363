#pragma once

// Reads a drill from its TOML file: parse, --set, ${VAR}, every key typed and range-checked, every
// reference followed. Whatever is wrong is told at once, in file order, each with its line and
// column. A drill that was read can be run: nothing about it is found wrong later, except what
// only the machine knows (a taken port, a missing program).

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/result.h"
#include "scenarios/drill/drill.h"

namespace faultline {

struct DrillSource {
  std::string file;               // as the user gave it, for messages
  std::string text;               // its content
  std::vector<std::string> sets;  // --set key=value, in order; later ones win
  std::function<std::optional<std::string>(std::string_view)> environment;  // empty: none is set
  // The text of a file that the drill names, relative to the drill's own; empty: none can be read.
  std::function<Result<std::string>(const std::string& name)> beside = {};
};

struct ReadDrill {
  Drill drill;
  std::map<std::string, std::string> variables;  // ${VAR} that were used; secrets redacted
  std::vector<std::string> secrets;              // exact values that no output may show
};

Checked<ReadDrill> read_drill(const DrillSource& source);

}  // namespace faultline
