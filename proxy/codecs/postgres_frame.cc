#include "proxy/codecs/postgres_frame.h"

#include <algorithm>

namespace faultline::postgres {
namespace {

// The server closes the connection on longer ones (PQ_LARGE_MESSAGE_LIMIT, PQ_SMALL_MESSAGE_LIMIT,
// PG_MAX_AUTH_TOKEN_LENGTH); libpq gives up on a server that sends longer ones.
constexpr std::uint32_t large_request = (1U << 30) - 2;
constexpr std::uint32_t small_request = 10'000;
constexpr std::uint32_t auth_token = 65'535;
constexpr std::uint32_t large_response = 1U << 30;
constexpr std::uint32_t small_response = 30'000;
// 65535 parameters of four bytes each: more than libpq takes, but the server may send it.
constexpr std::uint32_t longest_parameter_description = 4 + 2 + 4 * 65'535;

using Table = std::array<MessageType, 128>;

constexpr Table requests = [] {
  Table t{};
  t['Q'] = {"Query", 5, large_request};
  t['P'] = {"Parse", 8, large_request};
  t['B'] = {"Bind", 12, large_request};
  t['F'] = {"FunctionCall", 14, large_request};
  t['d'] = {"CopyData", 4, large_request};
  t['D'] = {"Describe", 6, small_request};
  t['E'] = {"Execute", 9, small_request};
  t['C'] = {"Close", 6, small_request};
  t['S'] = {"Sync", 4, 4};
  t['H'] = {"Flush", 4, 4};
  t['X'] = {"Terminate", 4, 4};
  t['c'] = {"CopyDone", 4, 4};
  t['f'] = {"CopyFail", 5, small_request};
  t['p'] = {"PasswordMessage", 4, auth_token};
  return t;
}();

constexpr Table responses = [] {
  Table t{};
  t['R'] = {"Authentication", 8, small_response};
  t['K'] = {"BackendKeyData", 12, 4 + 4 + 256};
  t['S'] = {"ParameterStatus", 6, small_response};
  t['Z'] = {"ReadyForQuery", 5, 5};
  t['v'] = {"NegotiateProtocolVersion", 12, small_response};
  t['1'] = {"ParseComplete", 4, 4};
  t['2'] = {"BindComplete", 4, 4};
  t['3'] = {"CloseComplete", 4, 4};
  t['T'] = {"RowDescription", 6, large_response};
  t['t'] = {"ParameterDescription", 6, longest_parameter_description};
  t['n'] = {"NoData", 4, 4};
  t['D'] = {"DataRow", 6, large_response};
  t['C'] = {"CommandComplete", 5, small_response};
  t['I'] = {"EmptyQueryResponse", 4, 4};
  t['s'] = {"PortalSuspended", 4, 4};
  t['E'] = {"ErrorResponse", 5, large_response};
  t['N'] = {"NoticeResponse", 5, large_response};
  t['A'] = {"NotificationResponse", 10, large_response};
  t['V'] = {"FunctionCallResponse", 8, large_response};
  t['G'] = {"CopyInResponse", 7, small_response};
  t['H'] = {"CopyOutResponse", 7, small_response};
  t['W'] = {"CopyBothResponse", 7, small_response};
  t['d'] = {"CopyData", 4, large_response};
  t['c'] = {"CopyDone", 4, 4};
  return t;
}();

constexpr std::uint32_t longest_startup = 10'004;
constexpr std::uint32_t longest_cancel = 12 + 256;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Where a block comment that opens at `at` ends; comments nest. The end of the text if it does not.
std::size_t comment_end(std::string_view text, std::size_t at) {
  int depth = 0;
  while (at + 1 < text.size()) {
    const std::string_view two = text.substr(at, 2);
    if (two != "/*" && two != "*/") {
      ++at;
      continue;
    }
    depth += two == "/*" ? 1 : -1;
    at += 2;
    if (depth == 0) return at;
  }
  return text.size();
}

}  // namespace

const MessageType& message_type(Direction direction, char type) {
  static constexpr MessageType none;
  const auto index = static_cast<unsigned char>(type);
  if (index >= requests.size()) return none;
  return direction == Direction::upstream ? requests[index] : responses[index];
}

StartupPacket startup_packet(std::uint32_t length, std::uint32_t code) {
  const auto when = [](bool fits, StartupPacket packet) {
    return fits ? packet : StartupPacket::unknown;
  };
  switch (code) {
    case 80'877'103:
      return when(length == 8, StartupPacket::ssl_request);
    case 80'877'104:
      return when(length == 8, StartupPacket::gss_request);
    case 80'877'102:
      return when(length >= 16 && length <= longest_cancel, StartupPacket::cancel_request);
    default:  // protocol 3, any minor version: the server answers what it does not know
      return when(code >> 16 == 3 && length >= 8 && length <= longest_startup,
                  StartupPacket::startup);
  }
}

std::uint32_t big_endian(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

void BodyPrefix::begin(int strings_to_skip) {
  skip_ = strings_to_skip;
  text_ = std::string_view();
}

void BodyPrefix::feed(ByteView bytes) {
  for (; skip_ > 0; --skip_) {
    const std::size_t zero = bytes.find('\0');
    if (zero == ByteView::npos) return;
    bytes.remove_prefix(zero + 1);
  }
  text_.append(bytes);
}

void ErrorScan::feed(ByteView bytes) {
  for (const char c : bytes) {
    if (done_) return;
    if (field_ == 0) {
      field_ = c;
      first_ = true;
      done_ = c == 0;
    } else if (c == 0) {
      done_ = field_ == 'C' && plain_severity_ != 0;
      field_ = 0;
    } else {
      if (field_ == 'S' && first_) severity_ = c;
      if (field_ == 'V' && first_) plain_severity_ = c;
      if (field_ == 'C') {
        if (code_size_ < code_.size()) code_[code_size_] = c;
        code_size_ = std::min(code_size_ + 1, code_.size() + 1);
      }
      first_ = false;
    }
  }
}

std::string_view ErrorScan::code() const {
  const std::string_view code(code_.data(), code_.size());
  const bool whole = code_size_ == code.size() && std::ranges::all_of(code, [](char c) {
                       return is_capital(c) || (c >= '0' && c <= '9');
                     });
  return whole ? code : std::string_view();
}

bool ErrorScan::fatal() const {
  const char severity = plain_severity_ != 0 ? plain_severity_ : severity_;
  return severity == 'F' || severity == 'P';
}

InlineText<16> keyword_of(std::string_view statement) {
  std::size_t at = 0;
  while (at < statement.size()) {
    const std::string_view rest = statement.substr(at);
    if (rest.starts_with("--")) {
      const std::size_t line = statement.find('\n', at);
      at = line == std::string_view::npos ? statement.size() : line + 1;
    } else if (rest.starts_with("/*")) {
      at = comment_end(statement, at);
    } else if (is_blank(rest.front()) || rest.front() == '(' || rest.front() == ';') {
      ++at;
    } else {
      break;
    }
  }
  InlineText<16> keyword;
  for (; at < statement.size() && is_letter(statement[at]); ++at) {
    const char capital = static_cast<char>(statement[at] & ~0x20);
    keyword.append({&capital, 1});
  }
  return keyword;
}

std::string_view tag_name(std::string_view tag) {
  const auto end =
      std::ranges::find_if_not(tag, [](char c) { return is_capital(c) || c == ' ' || c == '_'; });
  tag = tag.substr(0, static_cast<std::size_t>(end - tag.begin()));
  while (tag.ends_with(' ')) tag.remove_suffix(1);
  return tag;
}

}  // namespace faultline::postgres
