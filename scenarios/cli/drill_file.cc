#include "scenarios/cli/drill_file.h"

#include <errno.h>
#include <string.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "scenarios/drill/document.h"

namespace faultline::cli {

namespace {

// Of a file that a drill names, which is no longer than a drill.
Result<std::string> text_of(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) {
    return error(file.string(), "is a folder; a TOML file is wanted");
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) return error(file.string(), std::string("cannot be read: ") + strerror(errno));
  std::string text(max_document_bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

}  // namespace

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
  const auto beside = [folder = std::filesystem::path(file).parent_path()](
                          const std::string& name) { return text_of(folder / name); };
  return DrillSource{file, text.str(), sets, environment, beside};
}

Checked<ReadDrill> read_drill_file(const std::string& file, const std::vector<std::string>& sets) {
  Checked<DrillSource> source = drill_source(file, sets);
  if (!source) return std::unexpected(std::move(source.error()));
  return read_drill(*source);
}

}  // namespace faultline::cli
