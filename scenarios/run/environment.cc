#include "scenarios/run/environment.h"

#include <sys/utsname.h>
#include <time.h>

#include <array>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "proxy/wire/clock.h"

namespace faultline {
namespace {

std::string first_line(const char* file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

std::string formatted(const char* format) {
  const time_t now = time(nullptr);
  tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  return {text.data(), strftime(text.data(), text.size(), format, &utc)};
}

// What the user's terminal can show, as POSIX decides it: the first of these that is set counts.
std::string charset() {
  std::string locale;
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') continue;
    locale = value;
    break;
  }
  for (char& c : locale) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return locale.contains("UTF-8") || locale.contains("UTF8") ? "UTF-8" : "ASCII";
}

}  // namespace

std::map<std::string, std::string> environment_of_this_machine() {
  utsname system{};
  uname(&system);
  std::map<std::string, std::string> environment{
      {"kernel", std::string(system.sysname) + " " + system.release},
      {"machine", system.machine},
      {"cores", std::to_string(std::thread::hardware_concurrency())},
      {"charset", charset()},
      {"processor", processor()},
      {"congestion_control", first_line("/proc/sys/net/ipv4/tcp_congestion_control")},
  };
  std::erase_if(environment, [](const auto& entry) { return entry.second.empty(); });
  return environment;
}

std::string wall_clock() { return formatted("%Y-%m-%dT%H:%M:%SZ"); }
std::string wall_clock_for_names() { return formatted("%Y%m%d-%H%M%S"); }

std::chrono::sys_time<Duration> wall_clock_at(Instant at) {
  return std::chrono::system_clock::now() + (at - wire::now());
}

}  // namespace faultline
