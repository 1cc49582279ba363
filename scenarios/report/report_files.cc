#include "scenarios/report/report_files.h"

#include <utility>

#include "scenarios/recording/output_file.h"

namespace faultline {

Result<ReportedRun> report_run(const std::filesystem::path& folder) {
  Result<Recording> recording = read_recording(folder);
  if (!recording) return std::unexpected(recording.error());
  Report report = make_report(*recording);
  return ReportedRun{std::move(*recording), std::move(report)};
}

Result<std::vector<std::filesystem::path>> write_report_files(const std::filesystem::path& folder,
                                                              const ReportedRun& run) {
  std::vector<std::filesystem::path> files;
  for (const ReportFormat* format : report_formats()) {
    if (format->file.empty()) continue;
    files.push_back(folder / format->file);
    auto written = replace_file(files.back(), format->render(run.report, run.recording));
    if (!written) return std::unexpected(written.error());
  }
  return files;
}

}  // namespace faultline
