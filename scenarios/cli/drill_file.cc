#include "scenarios/cli/drill_file.h"

#include <errno.h>
#include <string.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace faultline::cli {

Checked<ReadDrill> read_drill_file(const std::string& file, const std::vector<std::string>& sets) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) {
    return std::unexpected(Errors{{file, "is a folder; a drill is a TOML file"}});
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
  return read_drill({file, text.str(), sets, environment});
}

}  // namespace faultline::cli
