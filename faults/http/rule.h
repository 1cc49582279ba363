#pragma once

// What a fault by the request does to an exchange that it has claimed. A rule is configured once,
// never changes and is shared by every connection; what it does is either of
//
//   before   the server never sees the request, and the rule answers in its place (or not at all)
//   after    the server does its work, and of its response the client gets what the rule makes of
//   it
//
// So every rule states both halves of the truth: whether the server did the work, and what the
// client was told. The halves (halves.h) do the rest: they collect the header block, ask the aim,
// wait for the exchange's turn, consume the body of a request nobody gets, and keep the framing.

#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "faults/fault.h"
#include "faults/http/head.h"
#include "faults/http/request_aim.h"

namespace faultline::http {

// What becomes of the connection behind what was said.
enum class Ending : std::uint8_t {
  keep,   // the next request is served
  close,  // FIN to the client, behind it
  reset,  // RST to both
  hang,   // nothing more is said until the client gives up
};

// What the client gets instead of the server's response.
struct Reply {
  std::string bytes;
  std::string code;  // what the client is told by them; empty: nothing that settles its request
  Ending ending = Ending::keep;
};

// What of the server's response the client gets.
struct Shape {
  static constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();

  bool headers = true;              // false: not even those
  std::uint64_t body = all;         // so many of the bytes behind the header block
  Ending ending = Ending::hang;     // … and then, where more would follow
  Duration time = Duration::max();  // a hang is over after so long, and the rest goes on
  bool undeclared = false;          // the client cannot tell the length: it is taken for the end
  bool interim = true;              // false: interim responses (100 Continue) are dropped
  std::uint64_t rate = 0;           // bytes per second; 0: as they come
};

enum class Phase : std::uint8_t { before, after };

// Of a request that the server is given twice: the response that the client gets.
enum class Which : std::uint8_t { first, second };

class HttpRule {
 public:
  explicit HttpRule(RequestAim aim) : aim_(std::move(aim)) {}
  virtual ~HttpRule() = default;

  const RequestAim& aim() const { return aim_; }
  virtual Phase phase() const = 0;
  // Asked of each request that the aim reads as its own, in this order: whether its client was told
  // to wait and did not, and whether there is something to do about it. Any thread.
  virtual bool early(const Moment&) const { return false; }
  virtual bool wants(const Request&, const Moment&) const { return true; }
  // Answered as soon as the header block is there, and not when the request is complete.
  virtual bool at_head() const { return false; }
  // Before: the answer. After: what stands in for the response; nothing: the response, in `shape`.
  virtual std::optional<Reply> reply(const Request&, const Moment&) const = 0;
  virtual Shape shape() const { return {}; }
  // After: another header block for the response, whose body passes as it is.
  virtual std::optional<std::string> rewrite(const Head&) const { return std::nullopt; }

  // After: the response waits until it is there as a whole, if it says that it is of at most
  // most_body_prefix; `remake` says what it becomes, or that it is none that the rule is for, and
  // only then the aim is asked. The body stands as it came, in its chunks if it has any.
  virtual bool remakes() const { return false; }
  virtual std::optional<std::string> remake(const Head&, ByteView /*body*/, const Moment&) const {
    return std::nullopt;
  }

  // After: the server is given the request twice, the copy right behind it. Only where the request
  // is whole within most_repeated.
  virtual std::optional<Which> repeats() const { return std::nullopt; }

  // The responses to requests that it was asked about and did not take, each as a whole and at most
  // most_noted long.
  virtual bool notes() const { return false; }
  virtual void note(const Request&, ByteView /*response*/, const Moment&) const {}

 private:
  RequestAim aim_;
};

inline constexpr std::size_t most_repeated = 60 * 1024;
inline constexpr std::size_t most_noted = most_head + most_body_prefix;

// The prototype of such a fault.
std::unique_ptr<Fault> by_request(std::shared_ptr<const HttpRule> rule);

// A whole response, framed so that the connection can go on: with its length, without a body where
// the request or the status has none, and with `Connection: close` where the client asked for it.
// Each of the fields ends with CRLF.
std::string response(const Request& request, std::uint16_t status, std::string_view fields,
                     std::string_view body);
std::string_view reason_phrase(std::uint16_t status);

}  // namespace faultline::http
