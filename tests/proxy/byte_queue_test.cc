#include "proxy/byte_queue.h"

#include <algorithm>
#include <array>
#include <string>

#include "faults/random.h"
#include "tests/support/catch.h"

using namespace faultline;

namespace {

// All that waits, and in how many blocks.
std::string content(const ByteQueue& queue, std::size_t& blocks) {
  std::array<iovec, 4096> slots;
  blocks = queue.gather(slots);
  std::string all;
  for (std::size_t i = 0; i < blocks; ++i)
    all.append(static_cast<const char*>(slots[i].iov_base), slots[i].iov_len);
  return all;
}

}  // namespace

TEST_CASE("a queue gives back what was added, however it came and however it is consumed") {
  ByteQueue queue;
  std::string expected;
  std::uint64_t dice = 9;
  for (int i = 0; i < 3000; ++i) {
    dice = Draw(dice).bits();
    const std::string piece(dice % 1500 >= 1400 ? dice % 5000 : dice % 20, static_cast<char>(i));
    if (dice % 3 == 0) {
      queue.add(Block::of(piece));
    } else {
      queue.add(piece);
    }
    expected += piece;
    const std::size_t consumed = (dice >> 20) % (expected.size() + 1) / 4;
    queue.consume(consumed);
    expected.erase(0, consumed);
    CHECK(queue.size() == expected.size());
  }
  std::size_t blocks = 0;
  CHECK((content(queue, blocks) == expected));
  queue.consume(expected.size());
  CHECK(queue.empty());
}

TEST_CASE("single bytes share memory, and large blocks stay what they are") {
  ByteQueue queue;
  for (int i = 0; i < 100'000; ++i) {
    if (i % 2 == 0) {
      queue.add("x");
    } else {
      queue.add(Block::of("y"));
    }
  }
  std::size_t blocks = 0;
  CHECK(content(queue, blocks).size() == 100'000);
  CHECK(blocks <= 100'000 / ByteQueue::most_shared + 16);

  auto large = Block::of(std::string(10'000, 'z'));
  const char* const where = large->view().data();
  queue.clear();
  queue.add(std::move(large));
  std::array<iovec, 1> slot;
  REQUIRE(queue.gather(slot) == 1);
  CHECK(slot[0].iov_base == where);
}

TEST_CASE("a block that was written into is what was written, and its room takes what follows") {
  auto block = Block::room(256 * 1024);
  std::fill_n(block->bytes.get(), 100 * 1024, 'w');
  CHECK(block->view().empty());
  block->size = 100 * 1024;
  CHECK(block->unused() == 156 * 1024);
  CHECK((block->view() == std::string(100 * 1024, 'w')));
  ByteQueue queue;
  queue.add(std::move(block));
  queue.add("x");
  std::size_t blocks = 0;
  CHECK((content(queue, blocks) == std::string(100 * 1024, 'w') + "x"));
  CHECK(blocks == 1);
}
