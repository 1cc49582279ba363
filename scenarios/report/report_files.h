#pragma once

// The reports of a run: computed from its folder, where they are put as well. `faultline run` and
// `faultline report` both come this way, so they cannot differ.

#include <filesystem>
#include <vector>

#include "scenarios/report/report.h"

namespace faultline {

struct ReportedRun {
  Recording recording;
  Report report;
};

Result<ReportedRun> report_run(const std::filesystem::path& folder);

// One file per format that has one. Returns their paths, in the catalogue's order.
Result<std::vector<std::filesystem::path>> write_report_files(const std::filesystem::path& folder,
                                                              const ReportedRun& run);

}  // namespace faultline
