#include "scenarios/cli/drill_file.h"

#include <errno.h>
#include <string.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace faultline::cli {

Checked<DrillSource> drill_source(const std::string& file, const std::vector<std::string>& sets) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) {
    return std::unexpected(Errors{{file, "is a folder; a TOML file is wanted"}});
  }
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return std::unexpected(Errors{{file, std::string("cannot be read: ") + strerror(errno)}});
  std::ostringstream text;
  text << in.rdbuf();
  const auto environment = [](std::string_view name) -> std::optional<std::string> {
    const char* const value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  return DrillSource{file, text.str(), sets, environment};
}

Checked<ReadDrill> read_drill_file(const std::string& file, const std::vector<std::string>& sets) {
  Checked<DrillSource> source = drill_source(file, sets);
  if (!source) return std::unexpected(std::move(source.error()));
  return read_drill(*source);
}

}  // namespace faultline::cli
