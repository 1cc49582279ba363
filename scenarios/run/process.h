#pragma once

// A process under test: a service that the drill starts before its load and ends after it. It is
// looked at now and then (look) rather than calling back, so that the runner can be read as a list
// of steps. On the runner's loop and thread.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "proxy/wire/probe.h"
#include "proxy/wire/process.h"
#include "scenarios/drill/drill.h"
#include "scenarios/recording/recording.h"

namespace faultline {

// The file in the run folder that takes its stdout and stderr.
std::string log_of(const ProcessPlan& plan);

class ProcessUnderTest {
 public:
  // Times in the record are of the monotonic clock.
  static Result<std::unique_ptr<ProcessUnderTest>> start(wire::Loop& loop, const ProcessPlan& plan,
                                                         const std::filesystem::path& folder);
  ProcessUnderTest(const ProcessUnderTest&) = delete;
  ProcessUnderTest& operator=(const ProcessUnderTest&) = delete;

  // Asks for readiness again when the last attempt failed, 20 ms later at first and 200 ms at most.
  void look(Instant now);
  bool ready() const { return record_.ready != Instant{}; }
  bool running() const { return process_->running(); }

  // Asks it to end, or makes it.
  void stop();
  void kill();

  const ProcessPlan& plan() const { return plan_; }
  const ProcessRecord& record() const { return record_; }
  // "not ready within 30s: http://…/health: ECONNREFUSED (152 attempts)", "ended: exit 1"
  std::string trouble() const;
  // The last lines of what it wrote, each indented; empty if it wrote nothing.
  std::string last_words() const;

 private:
  ProcessUnderTest(wire::Loop& loop, ProcessPlan plan, std::filesystem::path log);
  void signal(int number);
  void ended(const wire::ProcessEnd& end);

  wire::Loop& loop_;
  const ProcessPlan plan_;
  const std::filesystem::path log_;
  std::optional<wire::ProbeTarget> target_;
  std::unique_ptr<wire::Process> process_;
  std::unique_ptr<wire::Probe> probe_;
  Instant next_attempt_{};
  Duration backoff_;
  std::uint64_t attempts_ = 0;
  std::string why_not_;
  ProcessRecord record_;
};

}  // namespace faultline
