#include "proxy/wire/relay.h"

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "proxy/wire/worker.h"

namespace faultline::wire {
namespace {

constexpr Duration acknowledgement_poll = std::chrono::milliseconds(2);

}  // namespace

Relay::Relay(Worker& worker, LocalProxy& proxy, ConnectionId id, std::uint64_t ordinal,
             Accepted client)
    : worker_(worker),
      proxy_(proxy),
      id_(id),
      ordinal_(ordinal),
      accepted_(worker.loop().now()),
      peer_(client.peer),
      deadline_(worker.loop(), [this](Instant) { worker_.mark(*this); }) {
  client_.socket = std::move(client.socket);
  if (proxy.codec->make != nullptr) codec_ = proxy.codec->make();
  if (codec_ && !proxy.spec.source_header.empty()) codec_->ask_source_of(proxy.spec.source_header);
}

Relay::~Relay() {
  for (const Direction d : both_directions) {
    if (lane(d).staged()) worker_.count_staged(-1);
    worker_.count_held(lane(d).counted, 0);
  }
}

void Relay::Endpoint::ready(std::uint32_t events) {
  if ((events & EPOLLIN) != 0) readable = true;
  if ((events & EPOLLOUT) != 0) writable = true;
  if ((events & EPOLLRDHUP) != 0) readable = hung_up = true;
  if ((events & EPOLLERR) != 0) readable = erred = true;
  relay.worker_.mark(relay);
}

bool Relay::takes(const LocalFault& fault) const {
  for (const Target& target : fault.targets) {
    if (target.proxy != proxy_.id) continue;
    if (ordinal_ <= target.before) return false;
    const Aim& aim = fault.spec.aim;
    const std::string client = aim.client ? peer_.host() : std::string();
    const Candidate candidate{
        .place = ordinal_ - target.before, .client = client, .fault = fault.draw};
    return fault.spec.kind->by_exchange ? aim.takes_client(candidate)
                                        : aim.takes(candidate, fault.draw.about(ordinal_));
  }
  return false;
}

void Relay::arm(const LocalFault& fault, Instant now, bool established) {
  if (phase_ == Phase::finished || !takes(fault)) return;
  if (fault.spec.kind->by_exchange) {
    arm_halves(fault, now, established);
  } else {
    for (const Direction d : both_directions) {
      if (includes(fault.spec.directions(), d)) arm_lane(lane(d), fault, now, established);
    }
  }
}

void Relay::arm_halves(const LocalFault& fault, Instant now, bool established) {
  Halves halves = fault.spec.prototype->fresh_halves();
  arm_lane(upstream_, fault, now, established, std::move(halves.upstream));
  arm_lane(downstream_, fault, now, established, std::move(halves.downstream));
}

void Relay::update(const LocalFault& fault, Instant now) {
  if (phase_ == Phase::finished) return;
  const bool taken = takes(fault);
  const bool by_exchange = fault.spec.kind->by_exchange;
  if (by_exchange && taken && !(upstream_.link && upstream_.link->armed(fault.id))) {
    arm_halves(fault, now, true);
    return worker_.mark(*this);
  }
  for (const Direction d : both_directions) {
    Lane& l = lane(d);
    const bool armed = l.link && l.link->armed(fault.id);
    const bool wanted = taken && (by_exchange || includes(fault.spec.directions(), d));
    if (armed && wanted) {
      if (l.link->update(fault.id, *fault.spec.prototype, fault.draw.about(ordinal_), now))
        worker_.mark(*this);
    } else if (armed) {
      disarm_lane(l, fault.id, now);
    } else if (wanted) {
      arm_lane(l, fault, now, true);
    }
  }
}

void Relay::disarm(FaultId fault, Instant now) {
  for (const Direction d : both_directions) disarm_lane(lane(d), fault, now);
}

void Relay::arm_lane(Lane& l, const LocalFault& fault, Instant now, bool established,
                     std::unique_ptr<Fault> half) {
  if (!l.link) {
    l.link = std::make_unique<Link>(l.direction, l);
    worker_.count_staged(1);
  }
  const std::string client = fault.spec.kind->by_exchange ? peer_.host() : std::string();
  const Link::Arming arming{fault.id, *fault.spec.prototype, fault.draw.about(ordinal_),
                            fault.since, client};
  if (l.link->arm(arming, now, established, std::move(half))) worker_.mark(*this);
}

void Relay::disarm_lane(Lane& l, FaultId fault, Instant now) {
  if (!l.link || !l.link->armed(fault)) return;
  if (l.link->disarm(fault, now)) worker_.mark(*this);
  if (l.link->staged()) return;
  l.link.reset();
  worker_.count_staged(-1);
}

TlsFlaw Relay::tls(TlsMoment moment) {
  for (Lane* l : {&downstream_, &upstream_}) {
    if (!l->link) continue;
    const auto [fault, flaw] = l->link->tls(moment);
    if (fault == 0) continue;
    // Armed on what it finds nothing to act on, which no voice of the control allows.
    if (!lacks(proxy_.spec.tls, worker_.fault(fault).spec.kind->needs_tls).empty()) continue;
    l->touched(fault, 0);
    return flaw;
  }
  return {};
}

void Relay::close(std::string_view reason) {
  if (doom_ == Doom::none) doom_ = Doom::reset;
  reason_ = reason;
  worker_.mark(*this);
}

// From here on it is a connection whose both directions have ended: what the peers still send is
// dropped until they finish or the linger limit has passed, because a socket that is closed with
// unread bytes resets its peer.
void Relay::end(std::string_view reason, Instant now) {
  if (phase_ == Phase::finished || doom_ != Doom::none) return;
  reason_ = reason;
  if (phase_ != Phase::relaying) {
    server_.socket.close();
    server_.read_out = true;
    connection_.source_finished(Direction::downstream);
    phase_ = Phase::relaying;
  }
  for (const Direction d : both_directions) {
    lane(d).queue.clear();
    lane(d).pipe = PooledPipe();
    connection_.end_left(d);
  }
  linger_until_ = now + linger_limit;
  worker_.mark(*this);
}

LiveConnection Relay::describe() const {
  LiveConnection live;
  live.id = id_;
  live.proxy = proxy_.id;
  live.ordinal = ordinal_;
  live.client = peer_.text();
  live.connected = phase_ == Phase::relaying && server_.socket.open();
  live.accepted = accepted_;
  live.bytes_upstream = upstream_.relayed;
  live.bytes_downstream = downstream_.relayed;
  live.held_upstream = upstream_.held();
  live.held_downstream = downstream_.held();
  for (const Lane* l : {&upstream_, &downstream_}) {
    for (const FaultId fault : l->touched_by) {
      if (std::ranges::find(live.touched_by, fault) == live.touched_by.end())
        live.touched_by.push_back(fault);
    }
  }
  return live;
}

Relay::Next Relay::settle(Instant now) {
  if (phase_ != Phase::relaying && doom_ == Doom::none) {
    const Next next = settle_opening(now);
    if (next == Next::finished) return next;
  }
  if (doom_ == Doom::refused) return finish("refused by a fault");
  if (doom_ == Doom::reset) return finish(reason_.empty() ? "reset by a fault" : reason_);
  if (phase_ != Phase::relaying) return Next::wait;

  bool more = false;
  for (const Direction d : both_directions) {
    note_error(d);
    if (lane(d).link) lane(d).link->settle(now);
    more = pump(lane(d)) || more;
    count_held(lane(d));
  }
  give_turns(now);
  close_flows(now);
  if (doom_ != Doom::none) return Next::again;
  if (over() || now >= linger_until_) return finish("ended");
  const Instant wake = wake_at();
  if (wake != deadline_.at() || !deadline_.is_set()) deadline_.set(wake);
  return more ? Next::again : Next::wait;
}

// An error is looked at even where reading is paused: a peer that is gone must be noticed, and told
// to the journal, when it happens and not when its bytes are wanted.
void Relay::note_error(Direction d) {
  Endpoint& from = source(d);
  if (!from.erred) return;
  from.erred = false;
  const int error = take_error(from.socket.get());
  if (error != 0) sink_failed(opposite(d));
}

// The side that `d` sends to is gone. What it had sent may still be read and passed on.
void Relay::sink_failed(Direction d) {
  Endpoint& gone = sink(d);
  gone.readable = true;
  if (gone.reset) return;
  gone.reset = true;
  Event reset = event(EventKind::peer_reset);
  reset.direction = opposite(d);
  worker_.pen().write(reset);
  if (reason_.empty())
    reason_ = opposite(d) == Direction::upstream ? "reset by client" : "reset by server";
  connection_.sink_lost(d);
  lane(d).queue.clear();
  lane(d).pipe = PooledPipe();
  if (!gone.read_out) return;  // its end is read and told by pump
  // It had finished before: its RST follows its FIN.
  Lane& back = lane(opposite(d));
  if (back.link) {
    back.link->sender_closed(Closing::reset, worker_.loop().now());
  } else {
    back.leave(Closing::reset);
  }
}

void Relay::close_flows(Instant now) {
  for (const Direction d : both_directions) {
    Lane& l = lane(d);
    if (l.queue.empty() && l.pipe.held() == 0) connection_.drained(d);
    // An RST that can't be delivered behind its bytes is delivered without them, after a while; but
    // not while a fault holds them on purpose.
    const bool left = connection_.flow(d) == Connection::Flow::resetting;
    if (source(d).reset && (left || !l.staged())) {
      if (l.reset_limit == never) l.reset_limit = now + reset_flush_limit;
      if (now >= l.reset_limit) {
        l.queue.clear();
        l.pipe = PooledPipe();
        connection_.reset_left(d);
        connection_.drained(d);
        connection_.acknowledged(d);
      }
    } else {
      l.reset_limit = never;
    }
    if (connection_.awaits_acknowledgement(d)) await_acknowledgement(d, now);
    carry_out(d);
  }
  if (connection_.both_ended() && !connection_.finished() && linger_until_ == never)
    linger_until_ = now + linger_limit;
}

void Relay::await_acknowledgement(Direction d, Instant now) {
  Endpoint& to = sink(d);
  const int own_fin = to.fin_sent ? 1 : 0;
  if (unacknowledged(to.socket.get()) <= own_fin) {
    connection_.acknowledged(d);
    poll_at_ = never;
  } else {
    poll_at_ = now + acknowledgement_poll;
  }
}

void Relay::carry_out(Direction d) {
  Endpoint& to = sink(d);
  switch (connection_.take_order(d)) {
    case Connection::Order::none:
      break;
    case Connection::Order::half_close:
      if (over()) break;  // it is closed next, which says the same
      shut_down_writing(to.socket.get());
      to.fin_sent = true;
      break;
    case Connection::Order::reset:
      reset_and_close(to.socket);
      connection_.sink_lost(opposite(d));
      connection_.sink_lost(d);
      break;
  }
}

Instant Relay::wake_at() const {
  Instant wake = std::min({poll_at_, linger_until_});
  for (const Lane* l : {&upstream_, &downstream_}) {
    if (l->link) wake = std::min(wake, l->link->wake_at());
    if (connection_.flow(l->direction) != Connection::Flow::over)
      wake = std::min(wake, l->reset_limit);
  }
  return wake;
}

// An RST that a fault holds back has still to reach its sink.
bool Relay::over() const {
  for (const Lane* l : {&upstream_, &downstream_}) {
    const bool lost = connection_.flow(l->direction) == Connection::Flow::over;
    if (l->link && !lost && !l->link->empty()) return false;
  }
  return connection_.finished();
}

Relay::Next Relay::finish(std::string_view reason) {
  const bool by_reset = doom_ != Doom::none;
  if (codec_) codec_->closed(worker_.loop().now(), *this);
  if (!by_reset) worker_.ending(*this);
  Event closed = event(EventKind::connection_closed);
  closed.count = upstream_.relayed;
  closed.more = downstream_.relayed;
  closed.text = reason_.empty() ? reason : reason_;
  worker_.pen().write(closed);
  phase_ = Phase::finished;
  deadline_.clear();
  for (Endpoint* side : {&client_, &server_}) {
    if (by_reset) {
      reset_and_close(side->socket);
    } else {
      side->socket.close();
    }
  }
  return Next::finished;
}

Event Relay::event(EventKind kind) const {
  Event e;
  e.at = worker_.loop().now();
  e.kind = kind;
  e.proxy = proxy_.id;
  e.connection = id_;
  return e;
}

}  // namespace faultline::wire
