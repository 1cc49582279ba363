#include "proxy/wire/splice.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

namespace faultline::wire {
namespace {

Transfer splice_some(int from, int to, std::size_t limit) {
  const ssize_t n = splice(from, nullptr, to, nullptr, limit, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (n > 0) return {.count = static_cast<std::size_t>(n)};
  if (n == 0) return {.ended = true};
  if (errno == EAGAIN || errno == EINTR) return {.would_block = true};
  return {.error = errno};
}

}  // namespace

PooledPipe& PooledPipe::operator=(PooledPipe&& other) noexcept {
  if (this != &other) {
    release();
    pool_ = std::exchange(other.pool_, nullptr);
    read_end_ = std::move(other.read_end_);
    write_end_ = std::move(other.write_end_);
    held_ = std::exchange(other.held_, 0);
  }
  return *this;
}

Transfer PooledPipe::fill(int from, std::size_t limit) {
  const Transfer transfer = splice_some(from, write_end_.get(), limit);
  held_ += transfer.count;
  return transfer;
}

Transfer PooledPipe::empty_into(int to) {
  const Transfer transfer = splice_some(read_end_.get(), to, held_);
  held_ -= transfer.count;
  return transfer;
}

std::size_t PooledPipe::read_back(std::span<char> into) {
  const ssize_t n = read(read_end_.get(), into.data(), into.size());
  if (n <= 0) return 0;
  held_ -= static_cast<std::size_t>(n);
  return static_cast<std::size_t>(n);
}

void PooledPipe::release() {
  if (pool_ == nullptr) return;
  --pool_->lent_;
  if (held_ == 0 && pool_->idle_.size() < PipePool::most_idle)
    pool_->idle_.emplace_back(std::move(read_end_), std::move(write_end_));
  read_end_.close();
  write_end_.close();
  held_ = 0;
  pool_ = nullptr;
}

PooledPipe PipePool::lend() {
  PooledPipe pipe;
  if (lent_ >= most_lent) return pipe;
  if (!idle_.empty()) {
    pipe.read_end_ = std::move(idle_.back().first);
    pipe.write_end_ = std::move(idle_.back().second);
    idle_.pop_back();
  } else {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return pipe;
    pipe.read_end_ = Descriptor(ends[0]);
    pipe.write_end_ = Descriptor(ends[1]);
    // A smaller pipe than 64 KiB costs more than copying does.
    if (fcntl(ends[1], F_SETPIPE_SZ, pipe_bytes) < 64 * 1024) return PooledPipe();
  }
  pipe.pool_ = this;
  ++lent_;
  return pipe;
}

}  // namespace faultline::wire
