#pragma once

// Writes the run folder while the drill runs (its files: scenarios/recording/recording.h). The
// journal's thread and the workloads' threads write as they read; the rest is the runner's. What
// happened before drill time 0 was known is kept, up to a limit, and written when it is.
//
// A recording is readable from start() on: a runner that is killed leaves one that says so.

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "proxy/journal.h"
#include "scenarios/recording/output_file.h"
#include "scenarios/recording/recording.h"
#include "scenarios/workload/workload.h"

namespace faultline {

class Recorder final : public JournalReader, public RequestReader {
 public:
  static constexpr std::size_t most_early_events = 64 * 1024;

  // Creates the folder (0700) unless it exists, and every file. An Error if one of them is there
  // already; nothing is left behind then.
  static Result<std::unique_ptr<Recorder>> create(std::filesystem::path folder, const Drill& drill);

  // Drill time 0.
  void start(Instant zero);

  void read(std::span<const Event> events) override;
  void read(std::span<const Request> requests) override;

  void write_faults(std::span<const FaultRecord> faults);
  void write_sinks(std::span<const SinkReading> sinks);
  void write_xray(const XrayRecord& record);
  // Everything of run.json. Adds what this recorder could not write: events_lost and gaps.
  Result<void> write_run(Recording recording);
  void flush();

  // Removes every file that create() and others made here, and the folder if create() made it.
  void discard();

  const std::filesystem::path& folder() const { return folder_; }

 private:
  explicit Recorder(std::filesystem::path folder) : folder_(std::move(folder)) {}
  Result<void> open_files(const Drill& drill);
  std::vector<std::string> gaps();

  const std::filesystem::path folder_;
  bool made_folder_ = false;

  std::mutex events_mutex_;
  std::optional<Instant> zero_;
  std::vector<Event> early_;
  std::uint64_t early_lost_ = 0;
  std::optional<OutputFile> events_;

  std::mutex requests_mutex_;
  std::optional<OutputFile> requests_;

  std::optional<OutputFile> sinks_;
  std::vector<std::string> failures_;
};

}  // namespace faultline
