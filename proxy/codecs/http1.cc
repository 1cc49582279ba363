// HTTP/1.x, observed (RFC 9110, RFC 9112). Two strict parsers, one per direction; requests wait in
// order for their responses:
//
//   client  GET /a | POST /b …body… | GET /c
//   server           200 to /a | 100 | 201 to /b | (nothing yet)
//
//   - Interim responses (1xx but 101) belong to the exchange and do not end it.
//   - A final response settles its exchange even while the request is still being sent.
//   - A request that asks for another protocol (Upgrade, CONNECT) stops the reading of the client's
//     bytes until its answer: they are held, to a limit. 101, or 2xx to CONNECT, ends HTTP by
//     agreement; any other answer declines, and what was held is read as HTTP with the instants at
//     which it came.
//   - A response that no request asked for, or anything the parsers refuse, is a desync.
//
// Slices carry the method as their message name once the header block is complete ("request" for
// earlier bytes), and "response"; blank lines between messages and held bytes carry none.
//
// An exchange that a fault has claimed stays open until it is answered and told of, whatever comes
// first; a withheld one leaves the queue, so that the next response is its successor's. One that
// was repeated is answered by its second response.

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <utility>

#include "proxy/codec.h"
#include "proxy/codecs/http1_exchanges.h"
#include "proxy/http_parser.h"
#include "proxy/http_text.h"

namespace faultline {

extern const CodecKind http_kind;

namespace {

using http1::Open;
using http1::OpenExchanges;
using http1::Slicer;
using http1::source_in;
using http1::told_by;

constexpr std::size_t max_held_bytes = 16 * 1024;  // sent before the answer to an upgrade

class Http1 final : public Codec {
 public:
  void cut(Direction direction, ByteView bytes, Instant now, CodecOutlet& out) override;
  void ended(Direction direction, Instant now, CodecOutlet& out) override;
  void closed(Instant now, CodecOutlet& out) override;
  bool at_boundary(Direction direction) const override;
  bool opaque() const override { return opaque_; }
  void ask_source_of(std::string_view header) override { source_header_ = header; }
  bool claim(std::uint64_t exchange, std::uint32_t fault) override;
  void withhold(std::uint64_t exchange) override;
  void repeat(std::uint64_t exchange) override;
  void tell(std::uint64_t exchange, std::string_view code, Instant now, CodecOutlet& out) override;
  void disclaim(std::uint32_t fault, CodecOutlet& out) override;
  bool settled_before(std::uint64_t exchange) const override;

 private:
  struct Requests final : HttpListener {
    explicit Requests(Http1& of) : codec(of) {}
    void message_begun() override;
    void header(std::string_view name, std::string_view value) override;
    HttpBody head_complete(const HttpHead& head) override;
    void message_complete() override;

    Http1& codec;
    HttpParser parser{HttpParser::Side::request, *this};
    Slicer slicer;
    Instant begun{};
    InlineText<40> source;      // of the head being read
    std::uint64_t ordinal = 0;  // of the request being sent, or of the last one
  };

  struct Responses final : HttpListener {
    explicit Responses(Http1& of) : codec(of) {}
    void message_begun() override;
    void header(std::string_view name, std::string_view value) override {
      if (same_word(name, "retry-after")) retry_after = value;
    }
    HttpBody head_complete(const HttpHead& head) override;
    void message_complete() override;

    Http1& codec;
    HttpParser parser{HttpParser::Side::response, *this};
    Slicer slicer;
    InlineText<30> retry_after;  // of the head being read
    std::uint16_t status = 0;
    bool interim = false;
    bool accepts_upgrade = false;
  };

  struct Held {
    std::size_t size = 0;
    Instant at{};
  };

  void read_requests(ByteView bytes);
  void read_responses(ByteView bytes);
  void hold(ByteView bytes);
  void decline_upgrade(std::uint64_t ordinal);
  void lose_track(const char* reason);
  void report_desync();
  Open* find(std::uint64_t ordinal);
  void report_if_settled(Open& open, CodecOutlet& out);

  Requests requests_{*this};
  Responses responses_{*this};
  OpenExchanges open_;
  std::vector<Open> claimed_;   // answered or withheld, and not told of; in request order
  CodecOutlet* out_ = nullptr;  // during a call
  Instant now_{};
  std::string_view source_header_;  // empty: X-Forwarded-For
  const char* lost_ = nullptr;      // why this connection stopped making sense
  bool opaque_ = false;

  bool awaiting_answer_ = false;  // a request asked for another protocol; the client's bytes wait
  std::uint64_t declined_ = 0;    // the last request whose upgrade was declined
  std::string held_;
  std::vector<Held> held_pieces_;
};

void Http1::cut(Direction direction, ByteView bytes, Instant now, CodecOutlet& out) {
  if (bytes.empty()) return;
  if (opaque_) return out.slice(bytes.size(), Label{});
  out_ = &out;
  now_ = now;
  const bool upstream = direction == Direction::upstream;
  Slicer& slicer = upstream ? requests_.slicer : responses_.slicer;
  slicer.begin_cut(&out);
  upstream ? read_requests(bytes) : read_responses(bytes);
  slicer.end_cut(bytes.size(), opaque_ || lost_ != nullptr);
  report_desync();
}

void Http1::read_requests(ByteView bytes) {
  while (!awaiting_answer_) {
    const HttpParser::Progress progress = requests_.parser.feed(bytes);
    if (progress.error != nullptr) return lose_track(progress.error);
    if (!progress.upgraded) return;
    bytes.remove_prefix(progress.consumed);
    requests_.slicer.fed(progress.consumed);
    if (requests_.ordinal <= declined_) {
      requests_.parser.resume_after_upgrade();
    } else {
      awaiting_answer_ = true;
    }
  }
  hold(bytes);
}

void Http1::read_responses(ByteView bytes) {
  const HttpParser::Progress progress = responses_.parser.feed(bytes);
  if (progress.error != nullptr) lose_track(progress.error);
}

void Http1::hold(ByteView bytes) {
  if (bytes.empty()) return;
  if (bytes.size() > max_held_bytes - held_.size()) {
    return lose_track("too many bytes before the answer to an upgrade");
  }
  held_.append(bytes);
  if (held_pieces_.empty() || held_pieces_.back().at != now_) held_pieces_.push_back({0, now_});
  held_pieces_.back().size += bytes.size();
}

void Http1::decline_upgrade(std::uint64_t ordinal) {
  declined_ = ordinal;
  if (!awaiting_answer_) return;
  awaiting_answer_ = false;
  requests_.parser.resume_after_upgrade();
  const std::string bytes = std::exchange(held_, {});
  const std::vector<Held> pieces = std::exchange(held_pieces_, {});
  const Instant now = now_;
  ByteView rest = bytes;
  for (const Held& piece : pieces) {
    now_ = piece.at;
    read_requests(rest.substr(0, piece.size));
    rest.remove_prefix(piece.size);
    if (lost_ != nullptr) break;
  }
  now_ = now;
}

void Http1::lose_track(const char* reason) {
  if (lost_ == nullptr) lost_ = reason;
}

void Http1::report_desync() {
  if (lost_ == nullptr || opaque_) return;
  opaque_ = true;
  out_->desync(lost_);
}

void Http1::ended(Direction direction, Instant now, CodecOutlet& out) {
  if (opaque_) return;
  out_ = &out;
  now_ = now;
  // A message cut off by the end is no desync: its exchange is told nothing when all is over.
  (direction == Direction::upstream ? requests_.parser : responses_.parser).finish();
  report_desync();
}

void Http1::closed(Instant, CodecOutlet& out) {
  for (Open& open : claimed_) {
    open.exchange.told = Told::nothing;
    open.exchange.code = "";
    open.exchange.response_first = open.exchange.response_last = Instant{};
    out.exchange(open.exchange);
  }
  claimed_.clear();
  for (; !open_.empty(); open_.pop()) {
    Exchange& exchange = open_.front().exchange;
    if (!open_.front().told) exchange.told = Told::nothing;
    if (exchange.fault != 0 && !open_.front().told) exchange.code = "";
    out.exchange(exchange);
  }
  opaque_ = true;
}

Open* Http1::find(std::uint64_t ordinal) {
  const auto at = [](const Open& open) { return open.exchange.ordinal; };
  const auto found = std::ranges::find(claimed_, ordinal, at);
  return found != claimed_.end() ? &*found : open_.find(ordinal);
}

bool Http1::claim(std::uint64_t exchange, std::uint32_t fault) {
  Open* const open = find(exchange);
  if (open == nullptr || open->exchange.fault != 0 || open->asks_upgrade || lost_ != nullptr)
    return false;
  open->exchange.fault = fault;
  return true;
}

void Http1::withhold(std::uint64_t exchange) {
  if (open_.empty() || open_.front().exchange.ordinal != exchange) return;
  Open& open = open_.front();
  open.exchange.fate = Fate::withheld;
  open.answered = true;
  claimed_.push_back(open);
  open_.pop();
}

void Http1::repeat(std::uint64_t exchange) {
  Open* const open = open_.find(exchange);
  if (open == nullptr || open->exchange.fault == 0) return;
  open->exchange.fate = Fate::repeated;
  open->repeated = true;
}

void Http1::tell(std::uint64_t exchange, std::string_view code, Instant now, CodecOutlet& out) {
  Open* const open = find(exchange);
  if (open == nullptr || open->exchange.fault == 0 || open->told) return;
  Exchange& it = open->exchange;
  open->told = true;
  it.code = code;
  std::uint16_t status = 0;
  std::from_chars(code.data(), code.data() + code.size(), status);
  it.told = status == 0 ? Told::nothing : told_by(status);
  if (it.response_first == Instant{}) it.response_first = now;
  it.response_last = now;
  if (it.told == Told::nothing) it.response_first = it.response_last = Instant{};
  report_if_settled(*open, out);
}

// An exchange in the queue is reported by its response instead.
void Http1::report_if_settled(Open& open, CodecOutlet& out) {
  if (!open.answered || !open.told) return;
  out.exchange(open.exchange);
  claimed_.erase(claimed_.begin() + (&open - claimed_.data()));
}

void Http1::disclaim(std::uint32_t fault, CodecOutlet& out) {
  for (std::size_t i = 0; i < claimed_.size();) {
    Open& open = claimed_[i];
    const bool its = open.exchange.fault == fault && open.exchange.fate != Fate::withheld;
    if (!its) {
      ++i;
      continue;
    }
    open.exchange.fault = 0;
    open.told = true;
    report_if_settled(open, out);
  }
  open_.for_each([fault](Open& open) {
    if (open.exchange.fault == fault && !open.told) open.exchange.fault = 0;
  });
}

bool Http1::settled_before(std::uint64_t exchange) const {
  const auto before = [exchange](const Open& open) { return open.exchange.ordinal < exchange; };
  return std::ranges::none_of(claimed_, before) && (open_.empty() || !before(open_.front()));
}

bool Http1::at_boundary(Direction direction) const {
  if (opaque_) return true;
  if (direction == Direction::downstream) return responses_.parser.between_messages();
  return awaiting_answer_ ? held_.empty() : requests_.parser.between_messages();
}

void Http1::Requests::message_begun() {
  begun = codec.now_;
  source = "";
  slicer.begin_message(parser.offset(), "request", ++ordinal);
}

void Http1::Requests::header(std::string_view name, std::string_view value) {
  if (source.empty()) source = source_in(name, value, codec.source_header_);
}

HttpBody Http1::Requests::head_complete(const HttpHead& head) {
  if (codec.open_.full()) {
    codec.lose_track("more requests without a response than the limit");
    return HttpBody::refuse;
  }
  Open& open = codec.open_.push();
  open.asked(head);
  Exchange& exchange = open.exchange;
  exchange.ordinal = ordinal;
  exchange.request_first = exchange.request_last = begun;
  exchange.source = source;
  slicer.rename(head.method);
  return HttpBody::as_declared;
}

void Http1::Requests::message_complete() {
  slicer.end_message(parser.offset());
  if (Open* open = codec.find(ordinal)) open->exchange.request_last = codec.now_;
}

void Http1::Responses::message_begun() {
  if (codec.lost_ != nullptr) return;
  if (codec.open_.empty()) return codec.lose_track("response without a request");
  Exchange& exchange = codec.open_.front().exchange;
  if (!codec.open_.front().told) exchange.response_first = codec.now_;
  retry_after = "";
  slicer.begin_message(parser.offset(), "response", exchange.ordinal, exchange.fault != 0);
}

HttpBody Http1::Responses::head_complete(const HttpHead& head) {
  if (codec.lost_ != nullptr) return HttpBody::refuse;
  Open& open = codec.open_.front();
  status = head.status;
  interim = status < 200 && status != 101;
  if (interim) return HttpBody::none;
  if (status == 101 && (!open.asks_upgrade || open.is_connect)) {
    codec.lose_track("101 to a request that asked for no upgrade");
    return HttpBody::refuse;
  }
  if (!open.told) open.says(status);
  open.exchange.retry_after = retry_after;
  accepts_upgrade = status == 101 || (open.is_connect && status >= 200 && status < 300);
  if (accepts_upgrade) return HttpBody::tunnel;
  const bool is_head = open.is_head;
  // From here on `open` may have moved: what was held can contain further requests.
  if (open.asks_upgrade) codec.decline_upgrade(open.exchange.ordinal);
  if (codec.lost_ != nullptr) return HttpBody::refuse;
  return is_head ? HttpBody::none : HttpBody::as_declared;
}

void Http1::Responses::message_complete() {
  slicer.end_message(parser.offset());
  Open& open = codec.open_.front();
  Exchange& exchange = open.exchange;
  if (interim || std::exchange(open.repeated, false)) {
    if (!open.told) exchange.response_first = Instant{};
    return;
  }
  if (!open.told) {
    exchange.told = told_by(status);
    exchange.response_last = codec.now_;
  }
  if (exchange.fault == 0 || open.told) {
    codec.out_->exchange(exchange);
  } else {
    open.answered = true;
    codec.claimed_.push_back(open);
  }
  if (accepts_upgrade) {
    codec.out_->session(SessionFact::upgraded, exchange.code.view());
    codec.opaque_ = true;
    codec.held_.clear();
    codec.held_pieces_.clear();
  }
  codec.open_.pop();
}

}  // namespace

const CodecKind http_kind{
    .name = "http",
    .summary = "HTTP/1.x: every request with its response",
    .make = []() -> std::unique_ptr<Codec> { return std::make_unique<Http1>(); },
};

}  // namespace faultline
