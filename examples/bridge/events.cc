#include "events.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>

#include "json_text.h"

namespace bridge {

std::string seconds_text(double seconds) {
  char text[64];
  std::snprintf(text, sizeof text, "%.6f", seconds);
  return text;
}

std::string wall_time() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  char day[32];
  std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%s.%06ldZ", day, now.tv_nsec / 1000);
  return text;
}

void Events::emit(std::string_view event, std::initializer_list<Field> fields) {
  const std::lock_guard lock(mutex_);
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const double seconds = static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
  std::string line = "{\"t\":" + seconds_text(seconds) + ",\"time\":" + quoted(wall_time()) +
                     ",\"node\":" + quoted(node_) + ",\"event\":" + quoted(event);
  for (const Field& field : fields) line += "," + quoted(field.name) + ":" + field.value;
  line += "}\n";

  // Nobody reading is no reason to fail a webhook: what cannot be written is dropped.
  for (std::string_view rest = line; !rest.empty();) {
    const auto written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace bridge
