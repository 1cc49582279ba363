#pragma once

// A folder of a test's own, gone with it.

#include <stdlib.h>

#include <cassert>
#include <filesystem>
#include <string>

namespace faultline::test {

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "faultline-XXXXXX").string();
    [[maybe_unused]] const char* const made = mkdtemp(pattern.data());
    assert(made != nullptr);
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace faultline::test
