#pragma once

// The shapes of PostgreSQL messages (protocol 3.0, "Message Formats"), and the few bytes of a body
// that are worth reading. Nothing here knows which message answers which.

#include <array>
#include <cstdint>
#include <string_view>

#include "faults/chunk.h"
#include "proxy/inline_text.h"

namespace faultline::postgres {

// Type byte and length word. The length counts itself and not the type byte.
inline constexpr std::size_t header_size = 5;

struct MessageType {
  std::string_view name;       // empty: there is no such type
  std::uint32_t shortest = 0;  // of the length word
  std::uint32_t longest = 0;
};

// Types are per direction: `D` is Describe upstream and DataRow downstream.
const MessageType& message_type(Direction direction, char type);

// What a client may send before the first typed message: Int32 length, Int32 code, parameters.
enum class StartupPacket : std::uint8_t {
  unknown,
  startup,
  ssl_request,
  gss_request,
  cancel_request,
};
inline constexpr std::size_t startup_header_size = 8;
// `unknown` also when the length is not one this packet may have.
StartupPacket startup_packet(std::uint32_t length, std::uint32_t code);

std::uint32_t big_endian(const char* bytes);

// The first 64 bytes of a body, behind as many zero-terminated strings as are to be skipped.
class BodyPrefix {
 public:
  void begin(int strings_to_skip);
  void feed(ByteView bytes);
  std::string_view text() const { return text_.view(); }

 private:
  int skip_ = 0;
  InlineText<64> text_;
};

// Reads SQLSTATE and severity out of an ErrorResponse as it flows by: a sequence of
// (Byte1 field, zero-terminated string), ended by a zero byte.
class ErrorScan {
 public:
  void begin() { *this = ErrorScan(); }
  void feed(ByteView bytes);
  std::string_view code() const;  // empty if there was none of five digits and capitals
  bool fatal() const;             // FATAL or PANIC: the server ends the session

 private:
  std::array<char, 5> code_{};
  std::size_t code_size_ = 0;  // at most one more than fits
  char field_ = 0;             // 0: the next byte is a field's type
  bool first_ = false;         // the next byte is the first of its field
  bool done_ = false;
  char severity_ = 0;        // first letter of field S, which may be in the server's language
  char plain_severity_ = 0;  // … of field V, which never is, and is missing before 9.6
};

// The first word of a statement in capitals, behind blanks, comments and parentheses: "INSERT".
// Empty if there is none in the text.
InlineText<16> keyword_of(std::string_view statement);

// A command tag without its counts: "INSERT 0 1" is "INSERT", "CREATE TABLE" is itself.
std::string_view tag_name(std::string_view tag);

}  // namespace faultline::postgres
