// PostgreSQL, protocol 3.0 and its minor versions.
//
// A connection begins without type bytes, and may ask for encryption first:
//
//   startup ──SSLRequest, GSSENCRequest──▶ asking ──N──▶ startup
//      │                                      └──S, G──▶ encrypted, opaque
//      ├──0x16 (TLS at once)──▶ encrypted, opaque
//      ├──CancelRequest──▶ cancelling (the server says nothing and closes)
//      └──StartupMessage──▶ authenticating ──ReadyForQuery──▶ session
//
// From then on every message is
//
//   ┌──────┬────────────────────────────────────┬──────────┐
//   │ type │ length, itself included, 4 bytes   │ body …   │
//   └──────┴────────────────────────────────────┴──────────┘
//
// and only headers, 64 bytes of a few bodies and two fields of an error are looked at; which
// message answers which is the business of postgres_exchange.h. An error the server sends before it
// is asked anything is a fact of the session.

#include <algorithm>
#include <array>
#include <cstring>

#include "proxy/codec.h"
#include "proxy/codecs/postgres_exchange.h"
#include "proxy/codecs/postgres_frame.h"

namespace faultline {
namespace postgres {
namespace {

constexpr char tls_handshake = 0x16;

class PostgresCodec final : public Codec {
 public:
  void cut(Direction direction, ByteView bytes, Instant now, CodecOutlet& out) override {
    while (!bytes.empty() && !opaque_) bytes.remove_prefix(advance(direction, bytes, now, out));
    if (!bytes.empty()) out.slice(bytes.size(), {});
  }
  void ended(Direction, Instant, CodecOutlet&) override {}
  void closed(Instant, CodecOutlet& out) override { exchanges_.abandon(out); }
  bool at_boundary(Direction direction) const override {
    return opaque_ || lane(direction).filled == 0;
  }
  bool opaque() const override { return opaque_; }

 private:
  enum class Phase : std::uint8_t { startup, asking, cancelling, authenticating, session };

  // One direction: the message at hand.
  struct Lane {
    std::array<char, startup_header_size> header{};
    std::size_t header_size = 0;
    std::size_t filled = 0;  // of the header; 0: between messages
    std::size_t left = 0;    // of the body
    Label label;
    BodyPrefix prefix;
    bool reads_prefix = false;
  };

  Lane& lane(Direction d) { return lanes_[static_cast<std::size_t>(d)]; }
  const Lane& lane(Direction d) const { return lanes_[static_cast<std::size_t>(d)]; }

  std::size_t advance(Direction, ByteView, Instant, CodecOutlet&);
  bool begin(Direction, char type, Instant, CodecOutlet&);
  bool begin_request(char type, Instant, CodecOutlet&);
  bool begin_response(char type, Instant, CodecOutlet&);
  const char* header_came(Direction);
  const char* startup_header_came();
  void body_came(Direction, ByteView);
  void end(Direction, Instant, CodecOutlet&);
  const char* end_request(char type, Instant);
  const char* end_response(char type, Instant, CodecOutlet&);
  void end_answer(char answer, CodecOutlet&);
  bool give_up(const char* reason, CodecOutlet&);

  std::array<Lane, 2> lanes_;
  Phase phase_ = Phase::startup;
  Phase next_phase_ = Phase::startup;  // when the packet at hand is complete
  bool client_spoke_ = false;          // a byte of the client was seen
  bool opaque_ = false;
  ErrorScan error_;
  Exchanges exchanges_;
};

bool PostgresCodec::give_up(const char* reason, CodecOutlet& out) {
  opaque_ = true;
  exchanges_.abandon(out);
  out.desync(reason);
  return false;
}

// Takes the bytes of one message, or as many of it as there are; returns how many. 0: opaque now.
std::size_t PostgresCodec::advance(Direction direction, ByteView bytes, Instant now,
                                   CodecOutlet& out) {
  Lane& lane = this->lane(direction);
  const bool first = lane.filled == 0;
  if (first && !begin(direction, bytes.front(), now, out)) return 0;

  std::size_t taken = std::min(lane.header_size - lane.filled, bytes.size());
  const char* wrong = nullptr;
  if (taken > 0) {
    std::memcpy(lane.header.data() + lane.filled, bytes.data(), taken);
    lane.filled += taken;
    if (lane.filled == lane.header_size) wrong = header_came(direction);
  }
  bool last = false;
  if (lane.filled == lane.header_size && wrong == nullptr) {
    const ByteView body = bytes.substr(taken, lane.left);
    body_came(direction, body);
    lane.left -= body.size();
    taken += body.size();
    last = lane.left == 0;
  }
  lane.label.first = first;
  lane.label.last = last;
  out.slice(taken, lane.label);
  if (wrong != nullptr) {
    give_up(wrong, out);
  } else if (last) {
    end(direction, now, out);
    lane.filled = 0;
  }
  return taken;
}

bool PostgresCodec::begin(Direction direction, char type, Instant now, CodecOutlet& out) {
  Lane& lane = this->lane(direction);
  lane.label = {};
  lane.reads_prefix = false;
  lane.header_size = postgres::header_size;
  return direction == Direction::upstream ? begin_request(type, now, out)
                                          : begin_response(type, now, out);
}

bool PostgresCodec::begin_request(char type, Instant now, CodecOutlet& out) {
  Lane& lane = lanes_[0];
  const bool first_byte = !client_spoke_;
  client_spoke_ = true;
  switch (phase_) {
    case Phase::asking:
      return give_up("bytes before the answer to an encryption request", out);
    case Phase::cancelling:
      return give_up("bytes behind a CancelRequest", out);
    case Phase::startup:
      if (first_byte && type == tls_handshake) {
        opaque_ = true;
        out.session(SessionFact::encrypted, {});
        return false;
      }
      lane.header_size = startup_header_size;
      lane.label.message = "StartupPacket";
      return true;
    default:
      break;
  }
  lane.label.message = message_type(Direction::upstream, type).name;
  if (lane.label.message.empty()) return give_up("unknown request type", out);
  if (type == 'p' && phase_ == Phase::session) return give_up("password after the start-up", out);
  if (const char* wrong = exchanges_.request_begins(type, now, lane.label.exchange)) {
    return give_up(wrong, out);
  }
  lane.reads_prefix = type == 'Q' || type == 'P';
  if (lane.reads_prefix) lane.prefix.begin(type == 'P' ? 1 : 0);
  return true;
}

bool PostgresCodec::begin_response(char type, Instant now, CodecOutlet& out) {
  Lane& lane = lanes_[1];
  if (phase_ == Phase::asking && type != 'E') {
    lane.header_size = 1;
    lane.label.message = "EncryptionAnswer";
    return true;
  }
  lane.label.message = message_type(Direction::downstream, type).name;
  if (lane.label.message.empty()) return give_up("unknown response type", out);
  if (phase_ == Phase::session) {
    lane.label.exchange = exchanges_.answering();
    if (type == 'R' || type == 'K' || type == 'v') return give_up("log-in after the start-up", out);
    if (const char* wrong = exchanges_.response_begins(type, now)) return give_up(wrong, out);
  } else {
    const std::string_view possible = phase_ == Phase::authenticating ? "RKSZvEN" : "EN";
    if (!possible.contains(type)) return give_up("response before the start-up", out);
  }
  lane.reads_prefix = type == 'C' || type == 'Z';
  if (lane.reads_prefix) lane.prefix.begin(0);
  if (type == 'E') error_.begin();
  return true;
}

// Checks what the header announces before anything relies on it.
const char* PostgresCodec::header_came(Direction direction) {
  Lane& lane = this->lane(direction);
  lane.left = 0;
  if (lane.header_size == 1) return nullptr;
  if (lane.header_size == startup_header_size) return startup_header_came();
  const MessageType& type = message_type(direction, lane.header[0]);
  const std::uint32_t length = big_endian(lane.header.data() + 1);
  if (length < type.shortest || length > type.longest) return "impossible message length";
  lane.left = length - 4;
  return nullptr;
}

const char* PostgresCodec::startup_header_came() {
  Lane& lane = lanes_[0];
  const std::uint32_t length = big_endian(lane.header.data());
  switch (startup_packet(length, big_endian(lane.header.data() + 4))) {
    case StartupPacket::unknown:
      return "not a PostgreSQL start-up packet";
    case StartupPacket::ssl_request:
    case StartupPacket::gss_request:
      next_phase_ = Phase::asking;
      break;
    case StartupPacket::cancel_request:
      next_phase_ = Phase::cancelling;
      break;
    case StartupPacket::startup:
      next_phase_ = Phase::authenticating;
      break;
  }
  lane.left = length - startup_header_size;
  return nullptr;
}

void PostgresCodec::body_came(Direction direction, ByteView body) {
  Lane& lane = this->lane(direction);
  if (lane.reads_prefix) lane.prefix.feed(body);
  if (direction == Direction::downstream && lane.header[0] == 'E') error_.feed(body);
}

void PostgresCodec::end(Direction direction, Instant now, CodecOutlet& out) {
  Lane& lane = this->lane(direction);
  if (lane.header_size == startup_header_size) {
    phase_ = next_phase_;
    if (phase_ == Phase::cancelling) out.session(SessionFact::cancel_requested, {});
    return;
  }
  if (lane.header_size == 1) return end_answer(lane.header[0], out);
  const char* wrong = direction == Direction::upstream ? end_request(lane.header[0], now)
                                                       : end_response(lane.header[0], now, out);
  if (wrong != nullptr) give_up(wrong, out);
}

void PostgresCodec::end_answer(char answer, CodecOutlet& out) {
  if (answer == 'N') {
    phase_ = Phase::startup;
  } else if (answer == 'S' || answer == 'G') {
    opaque_ = true;
    out.session(SessionFact::encrypted, {});
  } else {
    give_up("unknown answer to an encryption request", out);
  }
}

const char* PostgresCodec::end_request(char type, Instant now) {
  const Lane& lane = lanes_[0];
  exchanges_.request_ends(type, lane.reads_prefix ? lane.prefix.text() : std::string_view(), now);
  return nullptr;
}

const char* PostgresCodec::end_response(char type, Instant now, CodecOutlet& out) {
  const std::string_view text = lanes_[1].prefix.text();
  if (phase_ == Phase::session) {
    Reply reply;
    reply.type = type;
    if (type == 'C') reply.tag = text;
    if (type == 'Z') reply.status = text.front();
    if (type == 'E') {
      reply.code = error_.code();
      reply.fatal = error_.fatal();
    }
    return exchanges_.response_ends(reply, now, out);
  }
  if (type == 'E') {
    if (phase_ == Phase::asking) phase_ = Phase::startup;  // a server older than encryption
    out.session(SessionFact::server_error, error_.code());
  }
  if (type == 'Z') {
    phase_ = Phase::session;
    out.session(SessionFact::ready, {});
  }
  return nullptr;
}

std::unique_ptr<Codec> make() { return std::make_unique<PostgresCodec>(); }

}  // namespace
}  // namespace postgres

extern const CodecKind postgres_kind;
const CodecKind postgres_kind{
    .name = "postgres",
    .summary = "PostgreSQL 3.0: statements, transactions, COPY and SQLSTATEs, until TLS begins",
    .make = &postgres::make,
};

}  // namespace faultline
