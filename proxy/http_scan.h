#pragma once

// The scan beside llhttp: walks the lines of a header block, a trailer block or a chunk's size line
// and refuses what parsers are known to disagree about. It cuts the stream into blocks on its own,
// so that llhttp is handed exactly one block at a time and both must agree where it ends.
//
// Refused: a CR that no LF follows, an LF that no CR precedes (the request line included), a line
// that begins with space or tab, a request line that is not three words of which the last begins
// with HTTP/, and blocks beyond their limits. Any way of splitting a block gives the same answer
// at the same byte.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "faults/bytes.h"
#include "proxy/http_parser.h"

namespace faultline {

class HttpScan {
 public:
  enum class Block : std::uint8_t { request_head, response_head, trailers, chunk_size };

  void begin(Block block) {
    *this = HttpScan{};
    block_ = block;
    start_line_ = is_head();
  }

  // How many of these bytes the parser may see: all, or those up to the end of the block (then
  // ended()), or those before the first byte that must not be there (then violation()).
  std::size_t advance(ByteView bytes) {
    const std::size_t room = limit() - length_;
    const std::size_t n = walk(bytes.substr(0, std::min(bytes.size(), room)));
    length_ += n;
    if (n == room && n < bytes.size() && !ended_ && violation_ == nullptr) {
      violation_ = block_ == Block::chunk_size ? "chunk size line longer than its limit"
                                               : "header block longer than its limit";
    }
    return n;
  }

  bool ended() const { return ended_; }
  const char* violation() const { return violation_; }  // static storage

 private:
  enum class At : std::uint8_t { line_start, in_line, after_cr };

  bool is_head() const { return block_ == Block::request_head || block_ == Block::response_head; }
  std::size_t limit() const {
    return block_ == Block::chunk_size ? http_max_chunk_size_line : http_max_header_block;
  }

  std::size_t walk(ByteView bytes) {
    std::size_t i = 0;
    while (i < bytes.size() && !ended_ && violation_ == nullptr) {
      switch (at_) {
        case At::line_start:
          begin_line(bytes[i]);
          break;
        case At::in_line:
          i = cross_line(bytes, i);
          if (i == bytes.size()) return i;
          end_line(bytes[i]);
          if (violation_ == nullptr) ++i;
          break;
        case At::after_cr:
          after_cr(bytes[i]);
          if (violation_ == nullptr) ++i;
          break;
      }
    }
    return i;
  }

  // Decides what line this is by its first byte, which it leaves to be walked over.
  void begin_line(char c) {
    at_ = At::in_line;
    blank_ = c == '\r';
    if (c == ' ' || c == '\t') {
      violation_ = "line that begins with space or tab";
    } else if (blank_ && start_line_) {
      violation_ = "blank line instead of a start line";
    } else if (!blank_ && ++lines_ > http_max_header_lines) {
      violation_ = "more header lines than the limit";
    }
  }

  // The offset of the first CR or LF at or after `i`.
  std::size_t cross_line(ByteView bytes, std::size_t i) {
    if (start_line_ && block_ == Block::request_head) return cross_request_line(bytes, i);
    for (; i < bytes.size(); ++i) {
      i = skip_plain(bytes, i);
      if (i == bytes.size() || bytes[i] == '\r' || bytes[i] == '\n') break;
    }
    return i;
  }

  // Skips bytes above CR, eight at a time: the subtraction borrows into the top bit of the bytes
  // that are not, and the lowest such bit is exact.
  static std::size_t skip_plain(ByteView bytes, std::size_t i) {
    constexpr std::uint64_t ones = 0x0101010101010101;
    if constexpr (std::endian::native == std::endian::little) {
      for (; bytes.size() - i >= 8; i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + i, 8);
        const std::uint64_t low = (word - ones * ('\r' + 1)) & ~word & (ones << 7);
        if (low != 0) return i + static_cast<std::size_t>(std::countr_zero(low)) / 8;
      }
    }
    while (i < bytes.size() && static_cast<unsigned char>(bytes[i]) > '\r') ++i;
    return i;
  }

  std::size_t cross_request_line(ByteView bytes, std::size_t i) {
    static constexpr ByteView protocol = "HTTP/";
    for (; i < bytes.size(); ++i) {
      const char c = bytes[i];
      if (c == '\r' || c == '\n') break;
      if (c == ' ') {
        spaces_ = static_cast<std::uint8_t>(std::min(spaces_ + 1, 3));
      } else if (spaces_ == 2 && word_ < protocol.size()) {
        if (c == protocol[word_]) ++matched_;
        ++word_;
      }
    }
    return i;
  }

  void end_line(char c) {
    if (c == '\n') {
      violation_ = "LF without CR";
    } else if (start_line_ && block_ == Block::request_head && (spaces_ != 2 || matched_ != 5)) {
      violation_ = "request line other than method, target and HTTP version";
    } else {
      at_ = At::after_cr;
    }
  }

  void after_cr(char c) {
    if (c != '\n') {
      violation_ = "CR without LF";
      return;
    }
    ended_ = blank_ || block_ == Block::chunk_size;
    start_line_ = false;
    at_ = At::line_start;
  }

  std::size_t length_ = 0;
  std::size_t lines_ = 0;
  const char* violation_ = nullptr;
  Block block_ = Block::trailers;
  At at_ = At::line_start;
  bool blank_ = false;
  bool start_line_ = false;
  bool ended_ = false;
  std::uint8_t spaces_ = 0;   // of the request line, so far
  std::uint8_t word_ = 0;     // bytes seen of its last word, up to five
  std::uint8_t matched_ = 0;  // … of these, how many agree with "HTTP/"
};

}  // namespace faultline
