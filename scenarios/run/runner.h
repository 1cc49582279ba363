#pragma once

// Runs a drill on this machine, from the first port to the last file, and leaves a recording; no
// number is computed here. Its proxies and faults are its own, or those of a faultline that serves.
// Whatever happens on the way (a signal, a service that dies, a port that is taken), every fault is
// healed first, every process started is ended, and what was recorded is kept.
//
// To be called on the main thread, with a fresh RunLoop. The loop is the caller's, so that signals
// stay caught until the caller has reported what was recorded.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/drill/drill.h"
#include "scenarios/recording/recording.h"
#include "scenarios/run/progress.h"
#include "scenarios/run/run_loop.h"
#include "scenarios/venue/served_venue.h"

namespace faultline {

struct RunOptions {
  std::filesystem::path folder;  // made unless it exists; must hold no files of another run
  std::string version;
  std::vector<std::string> overrides;            // as they went into the drill, for the recording
  std::map<std::string, std::string> variables;  // likewise
  std::optional<Served> on;                      // where the drill takes place, if not here
};

struct RunOutcome {
  bool recorded = false;  // the folder holds a recording; else it is as it was before
  Ending ending = Ending::completed;
  int signal = 0;      // that aborted it
  Errors errors;       // of the environment; empty when it completed or was aborted
  std::string detail;  // last lines of a process that is to blame
};

RunOutcome run_drill(Drill drill, const RunOptions& options, RunLoop& waiting, Progress& progress);

}  // namespace faultline
