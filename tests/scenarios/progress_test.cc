#include "scenarios/run/progress.h"

#include <sstream>

#include "tests/support/catch.h"

using namespace faultline;
using std::chrono::milliseconds;

namespace {

RunView under_fault() {
  RunView view;
  view.phase = "fault outage";
  view.elapsed = std::chrono::seconds(12);
  view.total = std::chrono::seconds(60);
  view.under_load = true;
  view.load.completed = 600;
  view.load.failed = 42;
  view.load.rate = 50;
  view.load.p50 = milliseconds(12);
  view.load.p99 = milliseconds(800);
  view.load.errors = 7;
  view.faults.push_back({"outage", "refuse", 20, 311});
  return view;
}

ProgressOptions into(std::string& out, bool in_place) {
  ProgressOptions options;
  options.in_place = in_place;
  options.width = [] { return std::size_t{60}; };
  options.write = [&out](std::string_view text) { out += text; };
  return options;
}

}  // namespace

TEST_CASE("a progress line tells phase, time, load and active faults") {
  const std::string line = progress_line(under_fault());
  for (const auto* part : {"12s/60s", "fault outage", "50/s", "p50 12ms", "p99 800ms",
                           "errors 7/s, 42 of 600", "outage (refuse): touched 20 connections"}) {
    INFO(part);
    CHECK(line.find(part) != std::string::npos);
  }
  CHECK(line.find('\n') == std::string::npos);
}

TEST_CASE("no line of the region is as wide as the terminal") {
  for (const std::size_t width : {1UL, 20UL, 60UL, 200UL}) {
    std::istringstream region(progress_region(under_fault(), width, false));
    for (std::string line; std::getline(region, line);) CHECK(line.size() <= width);
  }
}

TEST_CASE("without colour there is no escape in the region") {
  CHECK(progress_region(under_fault(), 80, false).find('\x1b') == std::string::npos);
  CHECK(progress_region(under_fault(), 80, true).find('\x1b') != std::string::npos);
}

TEST_CASE("without a terminal there is a line per phase and one every ten seconds") {
  std::string out;
  Progress progress(into(out, false));
  RunView view = under_fault();
  progress.phase(view);
  CHECK(out.starts_with("phase "));
  out.clear();
  for (int ms = 0; ms <= 30'000; ms += 100) progress.update(view, Instant(milliseconds(ms)));
  CHECK(std::count(out.begin(), out.end(), '\n') == 3);
  CHECK(out.find('\x1b') == std::string::npos);
}

TEST_CASE("on a terminal the region is redrawn in place, five times a second, cursor visible") {
  std::string out;
  Progress progress(into(out, true));
  for (int ms = 0; ms < 1000; ms += 20) {
    progress.update(under_fault(), Instant(milliseconds(ms)));
  }
  std::size_t redrawn = 0;
  for (std::size_t at = out.find("\x1b[3F\x1b[J"); at != std::string::npos;
       at = out.find("\x1b[3F\x1b[J", at + 1)) {
    ++redrawn;
  }
  CHECK(redrawn == 4);
  CHECK(out.find("\x1b[?25l") == std::string::npos);
}

TEST_CASE("a notice stands above the region") {
  std::string out;
  Progress progress(into(out, true));
  progress.update(under_fault(), Instant(milliseconds(0)));
  out.clear();
  progress.notice("process \"bridge\" ended");
  CHECK(out == "\x1b[3F\x1b[Jprocess \"bridge\" ended\n");
}

TEST_CASE("quiet is quiet") {
  std::string out;
  ProgressOptions options = into(out, true);
  options.quiet = true;
  Progress progress(options);
  progress.phase(under_fault());
  progress.update(under_fault(), Instant(milliseconds(0)));
  CHECK(out.empty());
}
