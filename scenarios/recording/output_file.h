#pragma once

// A file of whole lines that a run appends to. It is created anew, 0600, and never replaces one.
// When it cannot be written any further (a full disk, a limit on file size) it ends behind its last
// whole line and says why; what comes after is counted, and the run goes on.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "faults/result.h"

namespace faultline {

class OutputFile {
 public:
  static Result<OutputFile> create(const std::filesystem::path& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();  // flushes

  // Append whole lines to it, then call wrote(): it goes to the kernel when enough has gathered.
  std::string& buffer() { return buffer_; }
  void wrote(std::uint64_t lines);
  void flush();

  std::uint64_t lines_lost() const { return lines_lost_; }
  // "events.jsonl: 17 lines could not be written: No space left on device", or empty.
  std::string gap() const;

 private:
  OutputFile(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  void give_up(int why);

  std::filesystem::path path_;
  int fd_ = -1;
  std::string buffer_;
  std::uint64_t buffered_lines_ = 0;
  std::uint64_t size_ = 0;  // bytes of whole lines in the file
  std::uint64_t lines_lost_ = 0;
  int failure_ = 0;
};

// A small document, at once: readers see the old one or the new one. Replaces what is there.
Result<void> replace_file(const std::filesystem::path& path, std::string_view content);

}  // namespace faultline
