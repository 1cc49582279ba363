#pragma once

// What the HTTP codec keeps: the exchanges that are open, and the slices of a cut; what it
// reads off a head. For http1.cc alone.

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "faults/random.h"
#include "proxy/codec.h"
#include "proxy/http_parser.h"
#include "proxy/http_text.h"

namespace faultline::http1 {

inline constexpr std::size_t max_outstanding_requests = 1024;

// An exchange whose final response is not complete.
struct Open {
  void asked(const HttpHead& head);
  void says(std::uint16_t status);  // its response

  Exchange exchange;
  bool is_head = false;
  bool is_connect = false;
  bool asks_upgrade = false;
  bool answered = false;  // its response is complete, or it was withheld; a claimed one still waits
  bool told = false;      // the fault said what its client was told
  bool repeated = false;  // two responses to it are still to come, and the first is not the last
};

// The open exchanges in request order: a ring that grows to its limit and is reused for ever.
class OpenExchanges {
 public:
  bool empty() const { return count_ == 0; }
  bool full() const { return count_ == max_outstanding_requests; }
  Open& front() {
    assert(count_ > 0);
    return slots_[first_];
  }
  const Open& front() const { return slots_[first_]; }

  template <class Each>
  void for_each(Each each) {
    for (std::size_t i = 0; i < count_; ++i) each(slots_[(first_ + i) & (slots_.size() - 1)]);
  }

  Open& push() {
    assert(!full());
    if (count_ == slots_.size()) grow();
    Open& slot = slots_[(first_ + count_++) & (slots_.size() - 1)];
    slot = Open{};
    return slot;
  }

  void pop() {
    assert(count_ > 0);
    first_ = (first_ + 1) & (slots_.size() - 1);
    --count_;
  }

  // Null when the exchange is no longer open.
  Open* find(std::uint64_t ordinal) {
    if (empty() || ordinal < front().exchange.ordinal) return nullptr;
    const std::uint64_t distance = ordinal - front().exchange.ordinal;
    if (distance >= count_) return nullptr;
    return &slots_[(first_ + static_cast<std::size_t>(distance)) & (slots_.size() - 1)];
  }

 private:
  void grow() {
    std::rotate(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(first_), slots_.end());
    first_ = 0;
    slots_.resize(std::max<std::size_t>(4, slots_.size() * 2));
  }

  std::vector<Open> slots_;  // a power of two of them
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

// 408 leaves open whether work was done: the server gave up waiting, perhaps on a part it had
// already used. 409, 425 and 429 say of this very request that it was not applied. Of the 5xx only
// 503 refuses before working.
inline Told told_by(std::uint16_t status) {
  if (status < 400) return Told::ack;
  if (status == 503) return Told::failure;
  if (status == 408 || status >= 500) return Told::ambiguous;
  return Told::failure;
}

// The path without query and without scheme and authority, which may carry credentials.
inline std::string_view path_of(std::string_view target) {
  const std::size_t scheme = target.starts_with('/') ? std::string_view::npos : target.find("://");
  if (scheme != std::string_view::npos) {
    target.remove_prefix(scheme + 3);
    const std::size_t path = target.find_first_of("/?");
    if (path == std::string_view::npos || target[path] == '?') return "/";
    target.remove_prefix(path);
  }
  return target.substr(0, target.find('?'));
}

inline void Open::asked(const HttpHead& head) {
  is_head = head.method == "HEAD";
  is_connect = head.method == "CONNECT";
  asks_upgrade = head.upgrade;
  exchange.name.append(head.method);
  exchange.name.append(" ");
  exchange.name.append(path_of(head.target));
}

inline void Open::says(std::uint16_t status) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), status).ptr;
  exchange.code = std::string_view(digits.data(), end);
}

// Who a request says it comes from, if this header says it: X-Forwarded-For or, where `asked` names
// another one, a digest of that, which tells values apart and does not give them away.
inline InlineText<40> source_in(std::string_view name, std::string_view value,
                                std::string_view asked) {
  if (asked.empty())
    return same_word(name, "x-forwarded-for") ? trimmed(value.substr(0, value.find(',')))
                                              : std::string_view();
  if (value.empty() || !same_word(name, asked)) return {};
  std::array<char, 16> digits{};
  std::uint64_t bits = Draw().about(value).bits();
  for (std::size_t i = digits.size(); i-- > 0; bits >>= 4)
    digits[i] = "0123456789abcdef"[bits & 15];
  return std::string_view(digits.data(), digits.size());
}

// Hands out one direction's bytes of one cut as slices.
class Slicer {
 public:
  void begin_cut(CodecOutlet* out) {
    out_ = out;
    given_ = 0;
    base_ = 0;
  }
  void fed(std::size_t consumed) { base_ += consumed; }

  void begin_message(std::size_t offset, std::string_view name, std::uint64_t exchange,
                     bool claimed = false) {
    give(base_ + offset, Label{});
    label_ = Label{.message = name, .exchange = exchange, .first = true, .claimed = claimed};
    inside_ = true;
  }
  void rename(std::string_view name) { label_.message = name; }
  void end_message(std::size_t offset) {
    label_.last = true;
    give(base_ + offset, label_);
    inside_ = false;
  }
  void end_cut(std::size_t size, bool opaque) {
    give(size, inside_ && !opaque ? label_ : Label{});
    out_ = nullptr;
  }

 private:
  void give(std::size_t upto, const Label& label) {
    if (out_ == nullptr || upto <= given_) return;
    out_->slice(upto - given_, label);
    given_ = upto;
    label_.first = false;
  }

  CodecOutlet* out_ = nullptr;  // null outside of a cut, and while held bytes are read
  std::size_t given_ = 0;
  std::size_t base_ = 0;  // of the parser's current feed in this cut
  Label label_;
  bool inside_ = false;
};

}  // namespace faultline::http1
