#pragma once

// The two halves of a fault by the request on one connection, and what they share.
//
//   upstream half                                       downstream half
//   ─────────────                                       ───────────────
//   request ─▶ collect its header block ─▶ aim?         response ─▶ planned? ─▶ collect its header
//     before: await the turn ─▶ withhold ─▶ answer        block ─▶ aim (status)? ─▶ reply or shape
//     after:  let it pass, and plan ─────────────────▶
//
// A message that is not this fault's passes as it came; one whose header block comes in pieces
// waits for the rest of it, which alters nothing. A connection whose bytes the codec no longer
// understands carries no labels, and is left alone.

#include <deque>
#include <memory>

#include "faults/http/rule.h"

namespace faultline::http {

// An exchange whose response is to be altered.
struct Plan {
  Request request;
  std::shared_ptr<const HttpRule> rule;
  bool claimed = false;     // false: its response decides
  bool only_noted = false;  // it is not claimed, whatever its response
  // Of a request that the server was given twice.
  bool heard = false;  // one of its responses
  bool given = false;  // … to the client
};

// Of one connection. Both halves live on one thread.
struct Shared {
  explicit Shared(std::shared_ptr<const HttpRule> configured) : rule(std::move(configured)) {}

  std::shared_ptr<const HttpRule> rule;  // for requests from now on
  std::deque<Plan> plans;                // in request order
  // The client hears nothing for now: when it finishes it has given up.
  bool hanging = false;
  bool finished = false;  // the client has sent its FIN
  // Responses still to come that the client must not get.
  int spares = 0;
  // The client never hears anything again: what it goes on to ask for waits.
  bool muted = false;
};

// The beginning of a message, collected until its header block is complete. `deferred` counts what
// it costs the link to keep the pieces; a message in more or larger pieces than the bound is given
// up. (The front of a message is all that a fault ever keeps of bytes.)
class Front {
 public:
  static constexpr std::size_t most_cost = 60 * 1024;
  static constexpr std::size_t piece_cost = 144;

  void clear() { *this = Front{}; }
  // The front with this chunk; valid until the next call, or the chunk is gone.
  ByteView with(ByteView chunk) {
    if (kept_.empty()) return chunk;
    kept_ += chunk;
    appended_ = chunk.size();
    return kept_;
  }
  // The chunk that `with` was called with has to wait. False: beyond the bound.
  bool keep(ByteView chunk) {
    if (appended_ == 0) kept_ += chunk;
    appended_ = 0;
    cost_ += chunk.size() + piece_cost;
    return cost_ <= most_cost;
  }
  bool empty() const { return kept_.empty(); }

 private:
  std::string kept_;
  std::size_t appended_ = 0;
  std::size_t cost_ = 0;
};

std::unique_ptr<Fault> upstream_half(std::shared_ptr<Shared> shared);
std::unique_ptr<Fault> downstream_half(std::shared_ptr<Shared> shared);

// The configured rule of a prototype.
std::shared_ptr<const HttpRule> rule_of(const Fault& prototype);

}  // namespace faultline::http
