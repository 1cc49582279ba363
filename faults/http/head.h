#pragma once

// The header block of an HTTP/1.x message, looked at where it lies. The codec has judged it by the
// strict rules already, so here it is only taken apart. What a fault keeps of a request that it has
// claimed is a Request.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "faults/bytes.h"

namespace faultline::http {

// A fault looks at so much of a header block, and at so much of a body behind it; what is longer is
// none that it is for.
inline constexpr std::size_t most_head = 16 * 1024;
inline constexpr std::size_t most_body_prefix = 16 * 1024;

// Names of headers, and words such as `close`, compare without case (ASCII).
bool same_word(std::string_view a, std::string_view b);

class Head {
 public:
  // The length of the header block at the front of `bytes`, its blank line included; 0 while it is
  // not complete.
  static std::size_t length(ByteView bytes);

  // A complete block; valid as long as its bytes.
  explicit Head(ByteView block);

  std::string_view start_line() const { return start_; }
  // The value of the first header of this name.
  std::optional<std::string_view> field(std::string_view name) const;
  // Whether a list such as `Connection: keep-alive, Upgrade` has this member.
  bool lists(std::string_view name, std::string_view word) const;

  std::string_view method() const;  // of a request
  std::string_view target() const;
  bool http_1_0() const { return start_.find("HTTP/1.0") != std::string_view::npos; }
  std::uint16_t status() const;  // of a response; 0 if it is none
  bool chunked() const { return lists("Transfer-Encoding", "chunked"); }
  bool keeps_alive() const;

  // The block without the headers of these names, and without its blank line.
  std::string without(std::initializer_list<std::string_view> names) const;

 private:
  template <class Each>  // called with name and value until it says false
  void for_each(Each each) const;

  std::string_view start_;
  std::string_view fields_;  // lines, each with its CRLF
};

// What is remembered of a request that a fault is for.
struct Request {
  std::uint64_t exchange = 0;
  std::string method;
  std::string target;
  std::string host;
  bool http_1_0 = false;
  bool keeps_alive = true;
  bool has_body = false;
  bool expects_continue = false;

  bool is_head() const { return method == "HEAD"; }
};

Request request_from(const Head& head, std::uint64_t exchange);

// The path of a target: without query, and without scheme and authority.
std::string_view path_of(std::string_view target);
std::string_view query_of(std::string_view target);  // behind the '?'

}  // namespace faultline::http
