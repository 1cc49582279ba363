#pragma once

// Bytes that wait to be written to a socket, in order. Empty is the common state and costs two
// pointers. Large blocks are never copied or moved within; small ones that follow each other share
// memory, so that a stream of single bytes does not cost a hundred times its size.

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>

#include "faults/bytes.h"

namespace faultline {

// Some bytes on the heap, written front to back and consumed front to back.
struct Block {
  std::unique_ptr<Block> next;
  std::unique_ptr<char[]> bytes;
  std::size_t size = 0;
  std::size_t consumed = 0;
  std::size_t capacity = 0;

  // With room for more behind the bytes, if `capacity` is larger.
  static std::unique_ptr<Block> of(ByteView bytes, std::size_t capacity = 0);
  // Empty, to be written into; `size` is then for the writer to set.
  static std::unique_ptr<Block> room(std::size_t capacity);
  std::size_t unused() const { return capacity - size; }
  ByteView view() const { return {bytes.get() + consumed, size - consumed}; }
};

class ByteQueue {
 public:
  ByteQueue() = default;
  ~ByteQueue() { clear(); }
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;

  void add(ByteView bytes);
  void add(std::unique_ptr<Block> block);
  void clear();

  bool empty() const { return head_ == nullptr; }
  std::uint64_t size() const { return size_; }

  // Fills `slots` with what is at the front; returns how many it filled.
  std::size_t gather(std::span<iovec> slots) const;
  void consume(std::size_t bytes);

  static constexpr std::size_t small = 512;  // a block up to this is copied into shared memory
  static constexpr std::size_t most_shared = 4096;

 private:
  void append(std::unique_ptr<Block> block);

  std::unique_ptr<Block> head_;
  Block* tail_ = nullptr;
  std::uint64_t size_ = 0;
};

}  // namespace faultline
