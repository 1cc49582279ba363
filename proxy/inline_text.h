#pragma once

// Text of a bounded length that lives inside its owner: names in events and exchanges are copied
// on hot paths, where an allocation each would show. What does not fit is cut.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace faultline {

template <std::size_t capacity>
class InlineText {
  static_assert(capacity <= 255);

 public:
  InlineText() = default;
  InlineText(std::string_view text) { append(text); }  // NOLINT: a view is a text
  InlineText& operator=(std::string_view text) {
    size_ = 0;
    append(text);
    return *this;
  }

  void append(std::string_view text) {
    const std::size_t n = std::min(text.size(), capacity - size_);
    if (n == 0) return;
    std::memcpy(bytes_.data() + size_, text.data(), n);
    size_ = static_cast<std::uint8_t>(size_ + n);
  }

  std::string_view view() const { return {bytes_.data(), size_}; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == capacity; }
  bool operator==(const InlineText& other) const { return view() == other.view(); }

 private:
  std::array<char, capacity> bytes_{};
  std::uint8_t size_ = 0;
};

}  // namespace faultline
