#include "scenarios/run/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string>

namespace faultline {
namespace {

constexpr Duration redraw_every = std::chrono::milliseconds(200);
constexpr Duration line_every = std::chrono::seconds(10);
constexpr std::size_t bar_cells = 30;

std::string whole_seconds(Duration duration) {
  const auto s = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return std::to_string(std::max<std::int64_t>(0, s.count())) + "s";
}

std::string load_text(const LoadProgress& load) {
  return std::to_string(std::llround(load.rate)) + "/s  p50 " + rounded(load.p50) + "  p99 " +
         rounded(load.p99) + "  errors " + std::to_string(load.errors) + "/s, " +
         std::to_string(load.failed) + " of " + std::to_string(load.completed);
}

std::string fault_text(const ActiveFault& fault) {
  return fault.id + " (" + fault.kind + "): touched " + std::to_string(fault.connections) +
         " connections, " + std::to_string(fault.messages) + " messages";
}

std::string bar(const RunView& view) {
  const double share = view.total > Duration::zero()
                           ? std::clamp(seconds(view.elapsed) / seconds(view.total), 0.0, 1.0)
                           : 0.0;
  const auto full = static_cast<std::size_t>(std::lround(share * bar_cells));
  return "[" + std::string(full, '#') + std::string(bar_cells - full, '.') + "]";
}

// Cut at `width` bytes, never inside a character.
std::string cut(std::string line, std::size_t width) {
  if (line.size() <= width) return line;
  std::size_t end = width;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) --end;
  line.resize(end);
  return line;
}

bool set(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

std::size_t width_of_stderr() {
  winsize size{};
  constexpr std::size_t fallback = 80;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return fallback;
  return size.ws_col;
}

void write_to_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

std::string progress_line(const RunView& view) {
  if (!view.under_load) return view.phase;
  std::string line = whole_seconds(view.elapsed) + "/" + whole_seconds(view.total) + " " +
                     view.phase + " | " + load_text(view.load);
  for (const ActiveFault& fault : view.faults) line += " | " + fault_text(fault);
  return line;
}

std::string progress_region(const RunView& view, std::size_t width, bool colour) {
  // The last column stays free: a character there makes some terminals wrap.
  const std::size_t room = width > 1 ? width - 1 : 1;
  if (!view.under_load) return cut(view.phase, room) + "\n";
  const std::string head =
      cut(bar(view) + " " + view.phase + "  " + whole_seconds(view.total - view.elapsed) + " left",
          room);
  std::string region = colour ? "\x1b[1m" + head + "\x1b[0m\n" : head + "\n";
  region += cut(load_text(view.load), room) + "\n";
  for (const ActiveFault& fault : view.faults) {
    const std::string line = cut("  " + fault_text(fault), room);
    region += colour ? "\x1b[31m" + line + "\x1b[0m\n" : line + "\n";
  }
  return region;
}

ProgressOptions progress_on_stderr(bool quiet, bool no_colour) {
  const char* const term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  const char* const ci = std::getenv("CI");
  const bool automatic = ci != nullptr && std::string_view(ci) == "true";
  ProgressOptions options;
  options.quiet = quiet;
  options.in_place = isatty(STDERR_FILENO) == 1 && !dumb && !automatic;
  options.colour = options.in_place && !no_colour && !set("NO_COLOR");
  options.width = width_of_stderr;
  options.write = write_to_stderr;
  return options;
}

void Progress::phase(const RunView& view) {
  if (options_.quiet) return;
  if (options_.in_place) return draw(view);
  options_.write("phase " + progress_line(view) + "\n");
}

void Progress::update(const RunView& view, Instant now) {
  if (options_.quiet) return;
  if (drawn_at_ == Instant::min() && !options_.in_place) drawn_at_ = now;
  const Duration pause = options_.in_place ? redraw_every : line_every;
  if (drawn_at_ != Instant::min() && now - drawn_at_ < pause) return;
  drawn_at_ = now;
  if (options_.in_place) return draw(view);
  options_.write(progress_line(view) + "\n");
}

void Progress::notice(std::string_view line) {
  erase();
  options_.write(std::string(line) + "\n");
}

void Progress::finish() { drawn_lines_ = 0; }

void Progress::draw(const RunView& view) {
  erase();
  const std::string region = progress_region(view, options_.width(), options_.colour);
  options_.write(region);
  drawn_lines_ = static_cast<std::size_t>(std::count(region.begin(), region.end(), '\n'));
}

// Up to the region's first line, and everything from there is cleared.
void Progress::erase() {
  if (drawn_lines_ == 0) return;
  options_.write("\x1b[" + std::to_string(drawn_lines_) + "F\x1b[J");
  drawn_lines_ = 0;
}

}  // namespace faultline
