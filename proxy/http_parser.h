#pragma once

// The door to llhttp (llhttp.h is included in http_parser.cc only): an incremental HTTP/1.x parser
// for one direction, strict. All of llhttp's lenient flags stay off, and every header block is
// scanned besides for what llhttp 8.1.0 lets through: a CR without its LF, an LF without its CR,
// and lines that begin with space or tab (CVE-2023-30589, CVE-2024-27982). Header blocks are
// limited to 64 KiB and 200 lines. Where RFC 9112 calls a message's framing faulty and llhttp does
// not (Transfer-Encoding in HTTP/1.0, chunked more than once, framing fields among the trailers, a
// CONNECT with a body), it is refused too. Used by the codec, by the load generator and by the
// control API.
//
// Any way of splitting the stream gives the same calls, except that a body comes in other pieces.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "faults/bytes.h"

namespace faultline {

inline constexpr std::size_t http_max_header_block = 64 * 1024;  // start line and trailers alike
inline constexpr std::size_t http_max_header_lines = 200;        // … without the closing blank one
inline constexpr std::size_t http_max_chunk_size_line = 4 * 1024;  // with its extensions
inline constexpr std::size_t http_max_blank_lines = 16;            // before a request

struct HttpHead {
  std::uint16_t status = 0;  // responses
  std::string_view method;   // requests; static storage
  std::string_view target;   // requests; valid during the call
  std::uint8_t minor = 1;    // HTTP/1.minor
  bool keep_alive = false;   // as version and Connection say; a body may still last to the end
  bool upgrade = false;      // the message asks for, or agrees to, another protocol
  bool expects_continue = false;
};

// What follows the header block. Only who knows the request can tell it of a response (1xx, 204 and
// 304 have no body whatever they declare). `refuse` fails the parser.
enum class HttpBody : std::uint8_t { as_declared, none, tunnel, refuse };

class HttpListener {
 public:
  virtual ~HttpListener() = default;
  virtual void message_begun() {}
  // One header or trailer, whole (names as sent; compare without case); valid during the call.
  virtual void header(std::string_view /*name*/, std::string_view /*value*/) {}
  virtual HttpBody head_complete(const HttpHead& head) = 0;
  virtual void body(ByteView /*bytes*/) {}
  virtual void message_complete() = 0;
};

class HttpParser {
 public:
  enum class Side : std::uint8_t { request, response };

  struct Progress {
    std::size_t consumed = 0;     // less than fed only after upgraded or an error
    bool upgraded = false;        // a message ended and what follows is another protocol
    const char* error = nullptr;  // static storage; the parser stays failed
  };

  HttpParser(Side side, HttpListener& listener);
  ~HttpParser();
  HttpParser(HttpParser&&) noexcept;

  Progress feed(ByteView bytes);
  // The stream ended: completes a body delimited by it; an error if a message was cut off.
  Progress finish();
  // For a request that asked for an upgrade which the server declined: parsing goes on as HTTP.
  void resume_after_upgrade();
  bool between_messages() const;
  // Within message_begun and message_complete: the bytes of this feed that came before the message
  // begun, or up to and including the end of the message completed.
  std::size_t offset() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace faultline
