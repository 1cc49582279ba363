#pragma once

// What a person sees while a drill runs, on stderr: one region redrawn in place where that is a
// terminal, else a line when the phase changes and one every ten seconds.
//
// The cursor is never hidden and always stands behind the region, so no way of ending leaves a
// terminal to be repaired.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/time.h"
#include "scenarios/workload/workload.h"

namespace faultline {

struct ActiveFault {
  std::string id;
  std::string kind;
  std::uint64_t connections = 0;  // touched so far
  std::uint64_t messages = 0;
};

// A run at one instant.
struct RunView {
  std::string phase;
  Duration elapsed{};  // of the load; negative before it
  Duration total{};    // of the load as planned
  bool under_load = false;
  LoadProgress load;  // of all workloads together
  std::vector<ActiveFault> faults;
};

// One line, without its end: "12.0s/60s fault outage | 50/s p50 12ms p99 40ms | errors 3 | …".
std::string progress_line(const RunView& view);
// The region: lines with their ends, none longer than `width`.
std::string progress_region(const RunView& view, std::size_t width, bool colour);

struct ProgressOptions {
  bool quiet = false;
  bool in_place = false;  // a terminal that can be drawn on
  bool colour = false;
  std::function<std::size_t()> width;  // of the terminal; needed in place
  std::function<void(std::string_view)> write;
};
// From the environment: isatty(2), CI, NO_COLOR, TERM=dumb.
ProgressOptions progress_on_stderr(bool quiet, bool no_colour);

class Progress {
 public:
  explicit Progress(ProgressOptions options) : options_(std::move(options)) {}
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void phase(const RunView& view);                // it changed
  void update(const RunView& view, Instant now);  // call it as often as you like
  void notice(std::string_view line);             // something a reader must not miss
  void finish();  // the region stays as it is; nothing is drawn in it again

 private:
  void draw(const RunView& view);
  void erase();

  const ProgressOptions options_;
  Instant drawn_at_ = Instant::min();
  std::size_t drawn_lines_ = 0;
};

}  // namespace faultline
