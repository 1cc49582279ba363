// How a relay opens: faults are asked when, the upstream's name is looked up, its addresses are
// tried one after the other, and until one of them answers nothing is read from the client.

#include <errno.h>

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/wire/relay.h"
#include "proxy/wire/worker.h"

namespace faultline::wire {

void Relay::open(Instant now) {
  Event accepted = event(EventKind::connection_accepted);
  accepted.text = peer_.text();
  worker_.pen().write(accepted);

  worker_.loop().watch(client_.socket.get(), client_);
  worker_.mark(*this);
  if (proxy_.rewriter) arm_rewriting(now);
  for (const FaultId id : proxy_.armed) arm(worker_.fault(id), now, false);
  for (const Direction d : both_directions) {
    if (lane(d).link) lane(d).link->opening(now);
  }
  if (doom_ != Doom::none) return;
  resolve_when_due(now);
}

// For the connection's whole life, and nobody's to disarm.
void Relay::arm_rewriting(Instant now) {
  Halves halves = proxy_.rewriter->fresh_halves();
  for (const Direction d : both_directions) {
    const bool up = d == Direction::upstream;
    Lane& l = lane(d);
    l.link = std::make_unique<Link>(d, l);
    worker_.count_staged(1);
    const Link::Arming arming{
        up ? behind_faults : before_faults, *proxy_.rewriter, Draw(0), now, {}};
    l.link->arm(arming, now, false, std::move(up ? halves.upstream : halves.downstream));
  }
}

// A fault may ask for the upstream to be dialed later; until then not even its name is looked up.
void Relay::resolve_when_due(Instant now) {
  Instant due{};
  for (const Direction d : both_directions) {
    if (lane(d).link) due = std::max(due, lane(d).link->open_at());
  }
  if (now < due) return deadline_.set(due);
  phase_ = Phase::resolving;
  dial_limit_ = now + proxy_.spec.connect_timeout;
  worker_.resolve(proxy_.spec.upstream, id_);
}

void Relay::resolved(std::vector<SocketAddress> addresses, Instant now) {
  if (phase_ != Phase::resolving || doom_ != Doom::none) return;
  if (addresses.empty()) return upstream_failed("no such address");
  addresses_.assign(addresses.rbegin(), addresses.rend());
  dial_next(now);
}

// Addresses are tried in the resolver's order; the last refusal is the one that is told.
void Relay::dial_next(Instant now) {
  phase_ = Phase::dialing;
  while (!addresses_.empty()) {
    Dialing dialing = dial(addresses_.back());
    addresses_.pop_back();
    if (dialing.error != 0) {
      if (addresses_.empty()) upstream_failed(error_name(dialing.error));
      continue;
    }
    server_.socket = std::move(dialing.socket);
    server_.readable = server_.writable = server_.hung_up = server_.erred = false;
    worker_.loop().watch(server_.socket.get(), server_);
    deadline_.set(std::max(dial_limit_, now));
    return;
  }
}

// A client that a fault has sent a FIN already is not reset besides.
void Relay::upstream_failed(std::string_view why) {
  Event failed = event(EventKind::upstream_failed);
  failed.text = why;
  worker_.pen().write(failed);
  const bool ended = connection_.drops(Direction::downstream);
  if (ended || proxy_.spec.unreachable == Unreachable::end)
    return end("upstream failed", worker_.loop().now());
  doom_ = Doom::reset;
  reason_ = "upstream failed";
  worker_.mark(*this);
}

void Relay::upstream_connected() {
  phase_ = Phase::relaying;
  server_.erred = false;
  deadline_.clear();
  Event connected = event(EventKind::upstream_connected);
  connected.text = proxy_.spec.upstream.text();
  worker_.pen().write(connected);
}

void Relay::secured(Descriptor plain) {
  if (phase_ != Phase::securing || doom_ != Doom::none) return;
  server_.socket = std::move(plain);
  server_.readable = server_.writable = server_.hung_up = false;
  worker_.loop().watch(server_.socket.get(), server_);
  upstream_connected();
  worker_.mark(*this);
}

void Relay::not_secured(std::string_view why) {
  if (phase_ == Phase::securing && doom_ == Doom::none) upstream_failed(why);
}

// The upstream is looked at first: a client that connected, was served and went in one turn went
// after it was served, and its RST is told to the upstream as on any other connection.
Relay::Next Relay::settle_opening(Instant now) {
  if (phase_ == Phase::opening) {
    resolve_when_due(now);
  } else if (phase_ == Phase::dialing && (server_.writable || server_.erred)) {
    const int error = server_.erred ? take_error(server_.socket.get()) : 0;
    // Only what was established can be reset, and what it said before may still be read.
    const bool tls = proxy_.spec.tls.upstream;
    const bool was_connected = !tls && (error == ECONNRESET || error == EPIPE);
    if (error != 0 && !was_connected) {
      server_.socket.close();
      if (addresses_.empty()) {
        upstream_failed(error_name(error));
      } else {
        dial_next(now);
      }
    } else if (tls) {
      phase_ = Phase::securing;
      worker_.secure(*this, std::move(server_.socket), dial_limit_);
    } else {
      upstream_connected();
      if (was_connected) sink_failed(Direction::upstream);
    }
  } else if (now >= dial_limit_) {
    upstream_failed(phase_ == Phase::securing ? "TLS: no answer in time" : "ETIMEDOUT");
  } else {
    deadline_.set(dial_limit_);
  }
  if (phase_ == Phase::relaying || !std::exchange(client_.erred, false)) return Next::wait;
  client_.reset = take_error(client_.socket.get()) != 0;
  if (!client_.reset) return Next::wait;
  worker_.pen().write(event(EventKind::peer_reset));
  reset_and_close(server_.socket);
  return finish("client reset before the upstream was connected");
}

}  // namespace faultline::wire
