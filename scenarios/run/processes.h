#pragma once

// The processes under test of a drill: started one after the other, each when the one before is
// ready, and ended in reverse order. On the runner's loop and thread.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/run/process.h"
#include "scenarios/run/run_loop.h"

namespace faultline {

class ProcessesUnderTest {
 public:
  struct Blame {
    Error error;
    std::string last_words;  // of the process; empty if it wrote nothing
  };

  explicit ProcessesUnderTest(RunLoop& waiting) : waiting_(waiting) {}

  Result<void> start(const ProcessPlan& plan, const std::filesystem::path& folder);
  // Waits until the one started last is ready. False when it ended first, did not become ready in
  // its time, or the wait was disturbed.
  bool await_ready();
  Blame blame_newest() const;
  // The first that ended without being asked to, after it had been ready.
  std::optional<Blame> died() const;

  // Each is given the time its plan grants; when hurried, none.
  void stop();

  bool any() const { return !processes_.empty(); }
  std::vector<ProcessRecord> records(Instant zero) const;

 private:
  static Blame blame(const ProcessUnderTest& process);

  RunLoop& waiting_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<ProcessUnderTest>> processes_;
};

}  // namespace faultline
