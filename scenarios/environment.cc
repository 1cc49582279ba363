#include "scenarios/environment.h"

#include <sys/utsname.h>
#include <time.h>

#include <array>
#include <fstream>
#include <thread>

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

}  // namespace

std::map<std::string, std::string> environment_of_this_machine() {
  utsname system{};
  uname(&system);
  std::map<std::string, std::string> environment{
      {"kernel", std::string(system.sysname) + " " + system.release},
      {"machine", system.machine},
      {"cores", std::to_string(std::thread::hardware_concurrency())},
      {"processor", processor()},
      {"congestion_control", first_line("/proc/sys/net/ipv4/tcp_congestion_control")},
  };
  std::erase_if(environment, [](const auto& entry) { return entry.second.empty(); });
  return environment;
}

std::string wall_clock() { return formatted("%Y-%m-%dT%H:%M:%SZ"); }
std::string wall_clock_for_names() { return formatted("%Y%m%d-%H%M%S"); }

}  // namespace faultline
