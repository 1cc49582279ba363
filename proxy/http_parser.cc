// llhttp is fed one piece of a message at a time, and each piece is cut here, not by llhttp:
//
//   between -> head -> counted body ----------------------------------------> between
//                   -> body to the end of the stream (finish)
//                   -> chunk size -> chunk data -> chunk end -+
//                          ^  |______________________________|
//                          |  (size 0) -> trailers -------------------------> between
//                   -> tunnel (an upgrade; until resume_after_upgrade)
//
// When a piece ends, llhttp must have seen what its end means (the head complete, a chunk begun,
// the message complete). If the two disagree, the message is refused: a disagreement between two
// readers of one stream is what request smuggling is made of.

#include "proxy/http_parser.h"

#include <llhttp.h>

#include <algorithm>
#include <utility>

#include "proxy/http_scan.h"
#include "proxy/http_text.h"

namespace faultline {
namespace {

enum class Phase : std::uint8_t {
  between,
  head,
  body_counted,
  body_to_end,
  chunk_size,
  chunk_data,
  chunk_end,
  trailers,
  tunnel,
  failed,
};

constexpr const char* disagreement = "message that can be read in two ways";

}  // namespace

struct HttpParser::State {
  State(Side side_of, HttpListener& heard_by);

  Progress feed(ByteView bytes);
  Progress finish();
  void step(ByteView rest);
  void wait_for_message(char c);
  void take_block(ByteView rest);
  void take_counted(ByteView rest);
  void take_chunk_end(char c);
  void head_ended();
  void chunk_size_ended();
  void complete();
  void expect(Phase next, HttpScan::Block block);
  bool execute(ByteView piece);
  void fail(const char* reason);
  int refuse(const char* reason);
  int header_ended();
  int headers_ended();
  const char* fault_of_framing() const;
  static llhttp_settings_t callbacks();
  static State& of(llhttp_t* parser) { return *static_cast<State*>(parser->data); }

  llhttp_t llhttp{};
  HttpListener& listener;
  const Side side;
  Phase phase = Phase::between;
  HttpScan scan;
  std::size_t offset = 0;       // of the current feed
  std::uint64_t remaining = 0;  // bytes of the counted body or of the chunk
  std::size_t blank_lines = 0;
  const char* error = nullptr;
  const char* refusal = nullptr;  // why a callback made llhttp stop

  // What llhttp said of the piece it was fed.
  bool head_seen = false;
  bool chunk_seen = false;
  bool completed = false;

  bool after_cr = false;  // of a blank line, or of the line end after a chunk
  bool chunked = false;   // what our own reading of Transfer-Encoding found
  bool codings_seen = false;
  bool expects_continue = false;

  // llhttp hands out pieces; these make them whole. Bounded by the header block.
  PiecedText target;
  PiecedText name;
  PiecedText value;
};

llhttp_settings_t HttpParser::State::callbacks() {
  llhttp_settings_t s;
  llhttp_settings_init(&s);
  s.on_url = [](llhttp_t* p, const char* at, std::size_t length) {
    of(p).target.append({at, length});
    return 0;
  };
  s.on_header_field = [](llhttp_t* p, const char* at, std::size_t length) {
    of(p).name.append({at, length});
    return 0;
  };
  s.on_header_value = [](llhttp_t* p, const char* at, std::size_t length) {
    of(p).value.append({at, length});
    return 0;
  };
  s.on_header_value_complete = [](llhttp_t* p) { return of(p).header_ended(); };
  s.on_headers_complete = [](llhttp_t* p) { return of(p).headers_ended(); };
  s.on_body = [](llhttp_t* p, const char* at, std::size_t length) {
    of(p).listener.body({at, length});
    return 0;
  };
  s.on_chunk_header = [](llhttp_t* p) {
    of(p).chunk_seen = true;
    of(p).remaining = p->content_length;
    return 0;
  };
  s.on_message_complete = [](llhttp_t* p) {
    of(p).completed = true;
    return 0;
  };
  return s;
}

HttpParser::State::State(Side side_of, HttpListener& heard_by) : listener(heard_by), side(side_of) {
  static const llhttp_settings_t settings = callbacks();
  llhttp_init(&llhttp, side == Side::request ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
  llhttp.data = this;
}

HttpParser::Progress HttpParser::State::feed(ByteView bytes) {
  offset = 0;
  while (offset < bytes.size() && phase != Phase::tunnel && phase != Phase::failed) {
    step(bytes.substr(offset));
  }
  return {offset, phase == Phase::tunnel, error};
}

void HttpParser::State::step(ByteView rest) {
  switch (phase) {
    case Phase::between:
      return wait_for_message(rest.front());
    case Phase::head:
    case Phase::chunk_size:
    case Phase::trailers:
      return take_block(rest);
    case Phase::body_counted:
    case Phase::chunk_data:
      return take_counted(rest);
    case Phase::chunk_end:
      return take_chunk_end(rest.front());
    case Phase::body_to_end:
      if (execute(rest)) offset += rest.size();
      return;
    case Phase::tunnel:
    case Phase::failed:
      return;
  }
}

// Blank lines before a request are skipped (RFC 9112 section 2.2), before a response they are not.
void HttpParser::State::wait_for_message(char c) {
  if (after_cr) {
    if (c != '\n') return fail("CR without LF");
    after_cr = false;
    ++offset;
    return;
  }
  if (c == '\r' && side == Side::request) {
    if (++blank_lines > http_max_blank_lines) return fail("too many blank lines");
    after_cr = true;
    ++offset;
    return;
  }
  blank_lines = 0;
  head_seen = completed = chunked = codings_seen = expects_continue = false;
  target.clear();
  name.clear();
  value.clear();
  expect(Phase::head,
         side == Side::request ? HttpScan::Block::request_head : HttpScan::Block::response_head);
  listener.message_begun();
}

void HttpParser::State::expect(Phase next, HttpScan::Block block) {
  phase = next;
  scan.begin(block);
}

void HttpParser::State::take_block(ByteView rest) {
  const std::size_t n = scan.advance(rest);
  if (!execute(rest.substr(0, n))) return;
  offset += n;
  target.keep();
  name.keep();
  value.keep();
  if (scan.violation() != nullptr) return fail(scan.violation());
  const bool over = phase == Phase::head         ? head_seen
                    : phase == Phase::chunk_size ? chunk_seen
                                                 : completed;
  if (over != scan.ended()) return fail(disagreement);
  if (!over) return;
  if (phase == Phase::head) return head_ended();
  if (phase == Phase::chunk_size) return chunk_size_ended();
  complete();
}

void HttpParser::State::take_counted(ByteView rest) {
  const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(remaining, rest.size()));
  if (!execute(rest.substr(0, n))) return;
  offset += n;
  remaining -= n;
  if (completed != (remaining == 0 && phase == Phase::body_counted)) return fail(disagreement);
  if (remaining > 0) return;
  if (phase == Phase::body_counted) return complete();
  phase = Phase::chunk_end;
}

void HttpParser::State::take_chunk_end(char c) {
  if (c != (after_cr ? '\n' : '\r')) return fail("chunk data longer than its chunk");
  if (!execute({&c, 1})) return;
  ++offset;
  after_cr = !after_cr;
  if (after_cr) return;
  chunk_seen = false;
  expect(Phase::chunk_size, HttpScan::Block::chunk_size);
}

void HttpParser::State::head_ended() {
  if (completed) return complete();
  if ((llhttp.flags & F_CHUNKED) != 0) {
    chunk_seen = false;
    expect(Phase::chunk_size, HttpScan::Block::chunk_size);
  } else if (llhttp_message_needs_eof(&llhttp) != 0) {
    phase = Phase::body_to_end;
  } else {
    remaining = llhttp.content_length;
    phase = Phase::body_counted;
    if (remaining == 0) fail(disagreement);
  }
}

void HttpParser::State::chunk_size_ended() {
  if (remaining > 0) {
    phase = Phase::chunk_data;
  } else {
    expect(Phase::trailers, HttpScan::Block::trailers);
  }
}

void HttpParser::State::complete() {
  phase = llhttp_get_errno(&llhttp) == HPE_PAUSED_UPGRADE ? Phase::tunnel : Phase::between;
  listener.message_complete();
}

// False when the parser failed. A pause for an upgrade is no failure where the message is over.
bool HttpParser::State::execute(ByteView piece) {
  const llhttp_errno_t result = llhttp_execute(&llhttp, piece.data(), piece.size());
  if (result == HPE_OK) return true;
  if (result == HPE_PAUSED_UPGRADE && completed &&
      llhttp_get_error_pos(&llhttp) == piece.data() + piece.size()) {
    return true;
  }
  if (result == HPE_PAUSED_UPGRADE) {
    fail(disagreement);
  } else if (result == HPE_PAUSED_H2_UPGRADE) {
    fail("HTTP/2 connection preface");
  } else {
    fail(refusal != nullptr ? refusal : llhttp_get_error_reason(&llhttp));
  }
  return false;
}

void HttpParser::State::fail(const char* reason) {
  const bool preface = reason == disagreement && llhttp_get_method(&llhttp) == HTTP_PRI;
  error = preface ? "HTTP/2 connection preface" : reason;
  phase = Phase::failed;
}

int HttpParser::State::refuse(const char* reason) {
  refusal = reason;
  return -1;
}

int HttpParser::State::header_ended() {
  const std::string_view field = name.view();
  const std::string_view text = trimmed(value.view());
  if (field.empty()) return refuse("header without a name");
  const bool length = same_word(field, "content-length");
  const bool codings = same_word(field, "transfer-encoding");
  if (phase == Phase::trailers && (length || codings)) return refuse("framing field in a trailer");
  if (codings) {
    if (codings_seen || !sound_codings(text, chunked)) return refuse("unsound Transfer-Encoding");
    codings_seen = true;
  }
  if (same_word(field, "expect") && same_word(text, "100-continue")) expects_continue = true;
  listener.header(field, text);
  name.clear();
  value.clear();
  return 0;
}

const char* HttpParser::State::fault_of_framing() const {
  const bool request = side == Side::request;
  if (llhttp.http_major != 1) return "HTTP version other than 1.0 and 1.1";
  if (codings_seen && llhttp.http_minor == 0) return "Transfer-Encoding in HTTP/1.0";
  if (chunked != ((llhttp.flags & F_CHUNKED) != 0)) return disagreement;
  if (!request) return llhttp.status_code < 100 ? "status below 100" : nullptr;
  if (!sound_target(target.view())) return "fragment or non-ASCII byte in a request target";
  const bool has_body = codings_seen || llhttp.content_length > 0;
  if (llhttp.method == HTTP_CONNECT && has_body) return "CONNECT with a body";
  return nullptr;
}

// Tells llhttp what follows: 0 as declared, 1 no body, 2 no body and a pause for the tunnel.
int HttpParser::State::headers_ended() {
  head_seen = true;
  if (const char* fault = fault_of_framing()) return refuse(fault);
  HttpHead head;
  if (side == Side::request) {
    head.method = llhttp_method_name(static_cast<llhttp_method_t>(llhttp.method));
    head.target = target.view();
  } else {
    head.status = llhttp.status_code;
  }
  head.minor = llhttp.http_minor;
  head.keep_alive = llhttp.http_minor > 0 ? (llhttp.flags & F_CONNECTION_CLOSE) == 0
                                          : (llhttp.flags & F_CONNECTION_KEEP_ALIVE) != 0;
  head.upgrade = llhttp.upgrade != 0;
  head.expects_continue = expects_continue;
  const bool bodyless =
      head.status != 0 && (head.status < 200 || head.status == 204 || head.status == 304);
  switch (listener.head_complete(head)) {
    case HttpBody::as_declared:
      if (head.status == 101 && head.upgrade) return 2;
      return bodyless ? 1 : 0;
    case HttpBody::none:
      return 1;
    case HttpBody::tunnel:
      return 2;
    case HttpBody::refuse:
      break;
  }
  return refuse("message refused by its reader");
}

HttpParser::Progress HttpParser::State::finish() {
  offset = 0;
  if (phase == Phase::body_to_end) {
    if (llhttp_finish(&llhttp) == HPE_OK && completed) {
      complete();
    } else {
      fail(disagreement);
    }
  } else if (phase != Phase::between && phase != Phase::tunnel && phase != Phase::failed) {
    fail("stream ended inside a message");
  }
  return {0, phase == Phase::tunnel, error};
}

HttpParser::HttpParser(Side side, HttpListener& listener)
    : state_(std::make_unique<State>(side, listener)) {}
HttpParser::~HttpParser() = default;
HttpParser::HttpParser(HttpParser&&) noexcept = default;

HttpParser::Progress HttpParser::feed(ByteView bytes) { return state_->feed(bytes); }
HttpParser::Progress HttpParser::finish() { return state_->finish(); }

void HttpParser::resume_after_upgrade() {
  if (state_->phase != Phase::tunnel) return;
  llhttp_resume_after_upgrade(&state_->llhttp);
  state_->phase = Phase::between;
}

bool HttpParser::between_messages() const {
  return state_->phase == Phase::between && !state_->after_cr;
}

std::size_t HttpParser::offset() const { return state_->offset; }

}  // namespace faultline
