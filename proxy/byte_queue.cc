#include "proxy/byte_queue.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace faultline {

std::unique_ptr<Block> Block::of(ByteView bytes, std::size_t capacity) {
  auto block = room(std::max(capacity, bytes.size()));
  std::memcpy(block->bytes.get(), bytes.data(), bytes.size());
  block->size = bytes.size();
  return block;
}

std::unique_ptr<Block> Block::room(std::size_t capacity) {
  auto block = std::make_unique<Block>();
  block->bytes = std::make_unique_for_overwrite<char[]>(capacity);
  block->capacity = capacity;
  return block;
}

// The first block fits its bytes; those behind it have ever more room, because more will come.
void ByteQueue::add(ByteView bytes) {
  if (bytes.empty()) return;
  if (tail_ != nullptr && tail_->unused() >= bytes.size()) {
    std::memcpy(tail_->bytes.get() + tail_->size, bytes.data(), bytes.size());
    tail_->size += bytes.size();
    size_ += bytes.size();
    return;
  }
  append(Block::of(bytes, tail_ == nullptr ? 0 : std::min(2 * tail_->capacity, most_shared)));
}

// A small one that has others before it shares their room, so that a crowd of them is few.
void ByteQueue::add(std::unique_ptr<Block> block) {
  if (tail_ != nullptr && block->view().size() <= small) return add(block->view());
  append(std::move(block));
}

void ByteQueue::append(std::unique_ptr<Block> block) {
  size_ += block->view().size();
  Block* added = block.get();
  if (tail_ == nullptr) {
    head_ = std::move(block);
  } else {
    tail_->next = std::move(block);
  }
  tail_ = added;
}

// One by one: a long list must not be destroyed by recursion.
void ByteQueue::clear() {
  while (head_) head_ = std::move(head_->next);
  tail_ = nullptr;
  size_ = 0;
}

std::size_t ByteQueue::gather(std::span<iovec> slots) const {
  std::size_t n = 0;
  for (const Block* block = head_.get(); block != nullptr && n < slots.size();
       block = block->next.get()) {
    slots[n++] = {block->bytes.get() + block->consumed, block->size - block->consumed};
  }
  return n;
}

void ByteQueue::consume(std::size_t bytes) {
  assert(bytes <= size_);
  size_ -= bytes;
  while (bytes > 0) {
    const std::size_t here = head_->size - head_->consumed;
    if (bytes < here) {
      head_->consumed += bytes;
      return;
    }
    bytes -= here;
    head_ = std::move(head_->next);
  }
  if (!head_) tail_ = nullptr;
}

}  // namespace faultline
