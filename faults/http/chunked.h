#pragma once

// The content of a body in chunked coding (RFC 9112 section 7.1), taken out of its frames piece by
// piece. The codec has judged the frames; what makes no sense here ends the content.

#include <algorithm>
#include <cstdint>
#include <string>

#include "faults/bytes.h"

namespace faultline::http {

class Chunked {
 public:
  // Appends the content among these bytes.
  void read(ByteView bytes, std::string& content) {
    while (!bytes.empty() && at_ != At::over) {
      if (at_ == At::data) {
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
        content.append(bytes.substr(0, n));
        bytes.remove_prefix(n);
        left_ -= n;
        if (left_ == 0) at_ = At::behind_data;
        continue;
      }
      step(bytes.front());
      bytes.remove_prefix(1);
    }
  }
  bool over() const { return at_ == At::over; }

 private:
  enum class At : std::uint8_t { size, extension, data, behind_data, over };

  void step(char c) {
    if (at_ == At::behind_data) {
      if (c == '\n') at_ = At::size;
    } else if (c == '\n') {
      at_ = left_ == 0 ? At::over : At::data;
    } else if (at_ == At::size) {
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) {
        at_ = At::extension;
      } else {
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
      }
    }
  }

  At at_ = At::size;
  std::uint64_t left_ = 0;  // of the chunk
};

}  // namespace faultline::http
