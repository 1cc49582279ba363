#pragma once

// The extension point: what cuts and labels.
//
// A codec sees both directions of one connection and tells, of the bytes it is shown, which message
// they belong to and which exchanges (a request with its response) came to an end. It never changes
// a byte, never waits for completeness (a long body leaves as continuation slices) and never
// allocates by an announced length. When bytes make no sense it says `desync` once and from then on
// labels nothing: the connection flows on, opaque. Any way of splitting the same streams yields the
// same exchanges in the same order, and slices that add up to the bytes fed.
//
// A codec is told of bytes in the order the proxy read them. It is handed the instant; it may not
// ask for the time, log or throw.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "faults/chunk.h"
#include "faults/time.h"
#include "proxy/inline_text.h"

namespace faultline {

// What a response said of its request, in the words every protocol shares.
enum class Told : std::uint8_t {
  ack,        // success the client may rely on (2xx; CommandComplete and ReadyForQuery 'I')
  pending,    // success inside an open transaction: nothing is durable yet
  failure,    // a definite error (4xx; ErrorResponse)
  ambiguous,  // an error that leaves open whether the work was done (5xx)
  nothing,    // no final response before the connection or the recording ended
};
std::string_view name(Told told);

// What became of the request: the other half of the truth about an exchange. Whoever was told
// nothing and whoever was told a lie may have had the work done, or not.
enum class Fate : std::uint8_t {
  forwarded,  // the server was given it
  withheld,   // a fault kept it: the server never saw it whole and did nothing
  repeated,   // a fault gave it to the server twice
  unknown,    // no response came and no fault of ours says why
};
std::string_view name(Fate fate);

struct Exchange {
  std::uint64_t ordinal = 0;  // on its connection, from 1, in request order
  InlineText<64> name;  // "POST /webhooks/oura", "INSERT", "BEGIN"; no values, cut at 64 bytes
  InlineText<8> code;   // "202", "57P01"; empty when there was neither
  Told told = Told::nothing;
  Fate fate = Fate::forwarded;
  std::uint32_t fault = 0;   // the id of the fault that claimed it and said what was told; 0: none
  char transaction = 0;      // PostgreSQL: status byte of ReadyForQuery ('I', 'T', 'E'); else 0
  Instant request_first{};   // arrival of the request's first byte
  Instant request_last{};    // … of its last; request_first while it is incomplete
  Instant response_first{};  // … of the first byte of the response; Instant{} if none came
  Instant response_last{};   // the acknowledgement point: arrival of the byte that settled it
  // HTTP: who the request says it comes from (the first address of X-Forwarded-For, or a digest of
  // the header that is asked for instead), and the Retry-After of the server's response as it was
  // written. Empty: they say neither.
  InlineText<40> source;
  InlineText<30> retry_after;  // seconds, or a date of 29 characters
};

// What else a codec can see of a session.
enum class SessionFact : std::uint8_t {
  ready,             // the protocol's start-up dialogue succeeded; first statement possible
  encrypted,         // the peers agreed on TLS: opaque from here, by agreement and not by desync
  upgraded,          // HTTP upgrade or CONNECT: opaque from here, by agreement
  cancel_requested,  // PostgreSQL CancelRequest travels on this connection
  server_error,      // an error outside of any exchange (PostgreSQL FATAL to an idle session)
};
std::string_view name(SessionFact fact);

// Where a codec speaks.
class CodecOutlet {
 public:
  virtual ~CodecOutlet() = default;
  // The next `length` bytes of those fed belong to this message. Lengths of one `cut` add up to it.
  virtual void slice(std::size_t length, const Label& label) = 0;
  virtual void exchange(const Exchange& exchange) = 0;
  virtual void session(SessionFact fact, std::string_view code) = 0;
  virtual void desync(std::string_view reason) = 0;  // static storage
};

class Codec {
 public:
  virtual ~Codec() = default;
  virtual void cut(Direction direction, ByteView bytes, Instant now, CodecOutlet& out) = 0;
  // The sender of this direction finished (FIN or RST).
  virtual void ended(Direction direction, Instant now, CodecOutlet& out) = 0;
  // The connection is over: every exchange still open is reported, told = nothing.
  virtual void closed(Instant now, CodecOutlet& out) = 0;
  // True between messages in this direction: a place where the link may change its mode.
  virtual bool at_boundary(Direction direction) const = 0;
  virtual bool opaque() const = 0;
  // Requests say by this header, in lower case, who they come from (ProxySpec::source_header). The
  // name outlives the codec.
  virtual void ask_source_of(std::string_view /*header*/) {}

  // What faults do to exchanges (faults/fault.h). A protocol without such faults need not listen.
  // The exchange is a fault's: it is reported when that has told, and when its response is complete
  // or it was withheld; at the latest when the connection is over. False: it is not open, or is
  // another's already.
  virtual bool claim(std::uint64_t /*exchange*/, std::uint32_t /*fault*/) { return false; }
  // No response to this claimed exchange will come from the server. Not during a cut.
  virtual void withhold(std::uint64_t /*exchange*/) {}
  // Two responses to this claimed exchange will come from the server.
  virtual void repeat(std::uint64_t /*exchange*/) {}
  virtual void tell(std::uint64_t /*exchange*/, std::string_view /*code*/, Instant /*now*/,
                    CodecOutlet& /*out*/) {}
  virtual void disclaim(std::uint32_t /*fault*/, CodecOutlet& /*out*/) {}
  // Every exchange before this one has been reported.
  virtual bool settled_before(std::uint64_t /*exchange*/) const { return true; }
};

struct CodecKind {
  std::string_view name;  // the `protocol` of a proxy: "http", "postgres"
  std::string_view summary;
  std::unique_ptr<Codec> (*make)() = nullptr;  // nullptr: bytes are not looked at (`tcp`)
};

// Every protocol, in the order users see them; proxy/codecs/catalogue.cc.
std::span<const CodecKind* const> codec_kinds();
const CodecKind* find_codec_kind(std::string_view name);
std::vector<std::string> codec_kind_names();

}  // namespace faultline
