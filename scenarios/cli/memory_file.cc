#include "scenarios/cli/memory_file.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "proxy/wire/socket.h"

namespace faultline::cli {
namespace {

class MemoryFile final : public control::HeldFile {
 public:
  explicit MemoryFile(wire::Descriptor file)
      : file_(std::move(file)), path_("/proc/self/fd/" + std::to_string(file_.get())) {}
  const std::string& path() const override { return path_; }

 private:
  const wire::Descriptor file_;
  const std::string path_;
};

bool write_whole(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<control::HeldFile>> memory_file(std::string_view text) {
  wire::Descriptor file(memfd_create("faultline-pem", MFD_CLOEXEC));
  if (!file.open() || !write_whole(file.get(), text))
    return error("", "cannot be kept in memory: " + std::string(strerror(errno)));
  return std::make_unique<MemoryFile>(std::move(file));
}

}  // namespace faultline::cli
