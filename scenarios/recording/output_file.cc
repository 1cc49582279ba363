#include "scenarios/recording/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace faultline {
namespace {

constexpr std::size_t flush_size = 64 * 1024;

// Returns how much was written; less than all only after an error, which errno holds.
std::size_t write_all(int fd, std::string_view bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t n = write(fd, bytes.data() + written, bytes.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    written += static_cast<std::size_t>(n);
  }
  return written;
}

}  // namespace

Result<OutputFile> OutputFile::create(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd >= 0) return OutputFile(path, fd);
  if (errno == EEXIST) {
    return error(path.string(), "exists already; a run needs a folder without files of another");
  }
  return error(path.string(), std::string("cannot be created: ") + strerror(errno));
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  flush();
  close(fd_);
}

void OutputFile::wrote(std::uint64_t lines) {
  buffered_lines_ += lines;
  if (buffer_.size() >= flush_size || failure_ != 0) flush();
}

void OutputFile::flush() {
  const std::uint64_t lines = std::exchange(buffered_lines_, 0);
  if (failure_ != 0) {
    lines_lost_ += lines;
    buffer_.clear();
    return;
  }
  const std::size_t written = write_all(fd_, buffer_);
  if (written == buffer_.size()) {
    size_ += written;
  } else {
    const int why = errno;
    const std::string_view begun(buffer_.data(), written);
    const std::size_t whole = begun.rfind('\n') + 1;  // npos + 1 is 0: none
    size_ += whole;
    lines_lost_ += lines - static_cast<std::uint64_t>(std::count(begun.begin(), begun.end(), '\n'));
    give_up(why);
  }
  buffer_.clear();
}

void OutputFile::give_up(int why) {
  failure_ = why;
  // If even this fails the file ends with a torn line, which readers leave out.
  [[maybe_unused]] const int cut = ftruncate(fd_, static_cast<off_t>(size_));
}

std::string OutputFile::gap() const {
  if (failure_ == 0) return "";
  return path_.filename().string() + ": " + std::to_string(lines_lost_) +
         " lines could not be written: " + strerror(failure_);
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view content) {
  const std::string fresh = path.string() + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return error(path.string(), std::string("cannot be written: ") + strerror(errno));
  const bool whole = write_all(fd, content) == content.size();
  int why = whole ? 0 : errno;
  close(fd);
  if (whole && rename(fresh.c_str(), path.c_str()) == 0) return {};
  if (whole) why = errno;
  unlink(fresh.c_str());
  return error(path.string(), std::string("cannot be written: ") + strerror(why));
}

}  // namespace faultline
