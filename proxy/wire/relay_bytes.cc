// How a relay moves bytes. The path of a chunk with nothing armed is pump_copied ─▶ deliver ─▶
// send: two system calls, no allocation, no clock reading, no queue.

#include <errno.h>

#include <algorithm>
#include <array>

#include "proxy/wire/relay.h"
#include "proxy/wire/worker.h"

namespace faultline::wire {
namespace {

constexpr std::size_t gather_slots = 64;
// A read that fills less of its block is copied out of it. So all large blocks are of one size, and
// one takes the place of another: blocks cut to size left holes, and memory was 1.12 of the bound.
constexpr std::size_t worth_keeping = turn_budget / 4 * 3;

ByteView view(const iovec& slot) { return {static_cast<const char*>(slot.iov_base), slot.iov_len}; }

}  // namespace

bool Relay::may_read(Lane& l) {
  if (connection_.drops(l.direction)) return true;
  if (!l.staged()) return l.queue.empty();
  const std::uint64_t limit = worker_.link_limit(l.counted);
  if (l.paused ? l.held() > limit / 2 : l.held() >= limit) {
    l.paused = true;
  } else {
    l.paused = false;
  }
  return !l.paused;
}

// Moves what can be moved now; true when the budget ended it and there is more.
bool Relay::pump(Lane& l) {
  flush(l);
  Endpoint& from = source(l.direction);
  if (!from.socket.open() || from.read_out) return false;
  const bool plain = !codec_ && !l.staged() && !connection_.drops(l.direction);
  if (l.pipe.attached()) {
    if (plain) return pump_spliced(l);
    // A fault was armed on bulk: what the pipe holds goes on before anything else.
    read_back(l);
    flush(l);
  } else if (plain && l.bulk.proved() && l.queue.empty()) {
    l.pipe = worker_.pipes().lend();
    if (l.pipe.attached()) return pump_spliced(l);
    l.bulk.forget();
  }
  return pump_copied(l);
}

bool Relay::pump_copied(Lane& l) {
  Endpoint& from = source(l.direction);
  std::size_t budget = turn_budget;
  while (from.readable && may_read(l)) {
    if (budget == 0) return true;
    std::size_t room = budget;
    if (l.staged() && !connection_.drops(l.direction))
      room = std::min<std::uint64_t>(room, worker_.link_limit(l.counted) - l.held());
    // Bulk that a fault keeps is read to where it stays; the rest shares the scratch memory.
    std::unique_ptr<Block> block;
    if (l.staged() && !codec_ && l.bulk.proved() && !connection_.drops(l.direction))
      block = worker_.take_room();
    const std::span<char> into =
        block ? std::span(block->bytes.get(), room) : worker_.scratch().first(room);
    const Transfer got = receive(from.socket.get(), into);
    if (got.would_block) {
      from.readable = false;
    } else if (got.error != 0 || got.ended) {
      if (got.error != 0) sink_failed(opposite(l.direction));
      source_over(l, worker_.loop().now());
      return false;
    } else {
      // A short read means that the kernel has no more, unless the end is known to follow.
      if (got.count < into.size() && !from.hung_up && !from.reset) from.readable = false;
      budget -= got.count;
      count(l, got.count);
      l.bulk.count_read(got.count);
      if (block && got.count >= worth_keeping) {
        block->size = got.count;
        deliver(l, std::move(block));
      } else {
        deliver(l, ByteView(into.data(), got.count));
      }
      count_held(l);
      if (doom_ != Doom::none) return false;
    }
    if (block) worker_.give_back(std::move(block));
  }
  return false;
}

bool Relay::pump_spliced(Lane& l) {
  Endpoint& from = source(l.direction);
  Endpoint& to = sink(l.direction);
  std::size_t budget = turn_budget;
  while (true) {
    if (l.pipe.held() > 0) {
      if (!to.writable) return false;
      const Transfer put = l.pipe.empty_into(to.socket.get());
      if (put.error != 0) {
        sink_failed(l.direction);
        return true;
      }
      if (put.would_block) to.writable = false;
      continue;
    }
    if (!from.readable) return false;
    if (budget == 0) return true;
    const Transfer got = l.pipe.fill(from.socket.get(), budget);
    if (got.count == 0) {
      l.pipe.release();
      if (got.would_block) {
        from.readable = false;
        return false;
      }
      l.bulk.forget();
      // The kernel tells an RST once: here, or to nobody.
      if (got.error == ECONNRESET || got.error == ETIMEDOUT || got.error == EPIPE)
        sink_failed(opposite(l.direction));
      return true;  // an end or an error is read and told in the copying way
    }
    budget -= got.count;
    count(l, got.count);
    l.bulk.count_read(got.count);
  }
}

// What the pipe holds goes on in the queue.
void Relay::read_back(Lane& l) {
  std::array<char, 16 * 1024> buffer;  // the scratch buffer may be in use
  while (l.pipe.held() > 0) {
    const std::size_t n = l.pipe.read_back(buffer);
    if (n == 0) break;
    l.queue.add(ByteView(buffer.data(), n));
  }
  l.pipe.release();
}

// Told to a fault that awaits it when every exchange before has been answered, and what the answers
// were made of has left the link.
void Relay::give_turns(Instant now) {
  while (codec_ && upstream_.link && doom_ == Doom::none) {
    const std::uint64_t exchange = upstream_.link->awaits();
    if (exchange == 0) return;
    if (codec_->opaque()) {
      upstream_.link->no_turn(now);
    } else if (!codec_->settled_before(exchange) ||
               (downstream_.link && !downstream_.link->empty())) {
      return;
    } else {
      upstream_.link->turn(exchange, now);
    }
    flush(upstream_);  // what had waited behind the request
  }
}

void Relay::count(Lane& l, std::size_t bytes) {
  l.relayed += bytes;
  worker_.count_moved(bytes);
  ProxyCounters& sums = proxy_.counters;
  (l.direction == Direction::upstream ? sums.bytes_upstream : sums.bytes_downstream) += bytes;
}

// Tells the worker what a staged direction holds by now.
void Relay::count_held(Lane& l) {
  const std::uint64_t held = l.staged() ? l.held() : 0;
  if (held == l.counted) return;
  worker_.count_held(l.counted, held);
  l.counted = held;
}

void Relay::deliver(Lane& l, ByteView bytes) {
  const Direction d = l.direction;
  if (connection_.drops(d)) {
    if (l.link && connection_.flow(d) != Connection::Flow::over) l.link->dropped(bytes.size());
    return;
  }
  Loop& loop = worker_.loop();
  if (!l.staged()) {
    l.leave(bytes);
    if (codec_ && !codec_->opaque()) {
      cutting_ = nullptr;
      cut_direction_ = d;
      codec_->cut(d, bytes, loop.now(), *this);
    }
    return;
  }
  // A due time counts from when the bytes were here: the turn began before that.
  loop.refresh_now();
  if (codec_ && !codec_->opaque()) {
    cutting_ = &l;
    cut_direction_ = d;
    uncut_ = bytes;
    codec_->cut(d, bytes, loop.now(), *this);
    cutting_ = nullptr;
    bytes = uncut_;  // what a codec that gave up did not label
  }
  if (!bytes.empty() && l.link) l.link->arrive({bytes, loop.now(), {}});
  give_turns(loop.now());
  flush(l);
}

// To the faults of a direction that has no codec.
void Relay::deliver(Lane& l, std::unique_ptr<Block> block) {
  Loop& loop = worker_.loop();
  loop.refresh_now();
  const ByteView bytes = block->view();
  l.link->arrive({bytes, loop.now(), {}}, std::move(block));
  flush(l);
}

void Relay::slice(std::size_t length, const Label& label) {
  if (cutting_ == nullptr) return;
  const ByteView bytes = uncut_.substr(0, length);
  uncut_.remove_prefix(bytes.size());
  cutting_->link->arrive({bytes, worker_.loop().now(), label});
}

void Relay::source_over(Lane& l, Instant now) {
  Endpoint& from = source(l.direction);
  from.readable = false;
  from.read_out = true;
  connection_.source_finished(l.direction);
  if (!from.reset) {
    Event ended = event(EventKind::peer_ended);
    ended.direction = l.direction;
    worker_.pen().write(ended);
    if (reason_.empty())
      reason_ = l.direction == Direction::upstream ? "ended by client" : "ended by server";
  }
  cut_direction_ = l.direction;
  if (codec_) codec_->ended(l.direction, now, *this);
  const Closing closing = from.reset ? Closing::reset : Closing::end;
  if (l.link) {
    l.link->sender_closed(closing, now);
  } else {
    l.leave(closing);
  }
}

void Relay::flush(Lane& l) {
  Endpoint& to = sink(l.direction);
  while (!l.queue.empty() && to.writable && to.socket.open()) {
    std::array<iovec, gather_slots> slots;
    const std::size_t n = l.queue.gather(slots);
    const std::size_t before = l.queue.size();
    const Transfer put = n == 1 ? send_bytes(to.socket.get(), view(slots[0]))
                                : send_gathered(to.socket.get(), std::span(slots).first(n));
    if (put.error != 0) return sink_failed(l.direction);
    if (put.would_block) {
      to.writable = false;
    } else {
      l.queue.consume(put.count);
      worker_.count_moved(put.count);
      if (put.count < before && n < gather_slots) to.writable = false;
    }
  }
}

// What comes after the end has left has nowhere to go.
void Relay::Lane::leave(ByteView bytes) {
  if (relay.connection_.drops(direction)) return;
  Endpoint& to = relay.sink(direction);
  if (queue.empty() && to.writable && to.socket.open()) {
    const Transfer put = send_bytes(to.socket.get(), bytes);
    if (put.error != 0) return relay.sink_failed(direction);
    if (put.count == bytes.size()) return;
    to.writable = false;
    bytes.remove_prefix(put.count);
  }
  queue.add(bytes);
}

void Relay::Lane::leave(std::unique_ptr<Block> block) {
  if (relay.connection_.drops(direction)) return;
  queue.add(std::move(block));
}

void Relay::Lane::leave(Closing closing) {
  if (closing == Closing::end) {
    relay.connection_.end_left(direction);
  } else {
    relay.connection_.reset_left(direction);
  }
}

// An answer goes behind what is on its way to the same peer: in the pipe, in the queue and, of what
// the fault's own place has passed, in the link.
void Relay::Lane::answer(FaultId fault, std::uint64_t exchange, ByteView bytes) {
  Lane& back = relay.lane(opposite(direction));
  if (back.pipe.attached()) relay.read_back(back);
  if (!back.link) return back.leave(bytes);
  Label label;
  if (exchange != 0)
    label = {
        .message = "response", .exchange = exchange, .first = true, .last = true, .claimed = true};
  back.link->answered(fault, {bytes, relay.worker_.loop().now(), label});
  relay.flush(back);
}

void Relay::Lane::end_answers(FaultId fault) {
  Lane& back = relay.lane(opposite(direction));
  if (!back.link) return back.leave(Closing::end);
  back.link->answers_ended(fault, relay.worker_.loop().now());
}

// Matching exchanges are counted over all workers, so a place belongs to one of them.
bool Relay::Lane::claim(FaultId id, std::uint64_t exchange) {
  if (!relay.codec_ || relay.codec_->opaque()) return false;
  LocalFault& fault = relay.worker_.fault(id);
  const std::uint64_t place = fault.places->fetch_add(1, std::memory_order_relaxed) + 1;
  const Candidate candidate{.place = place, .client = {}, .fault = fault.draw};
  if (!fault.spec.aim.takes_place(candidate, fault.draw.about(place))) return false;
  if (!relay.codec_->claim(exchange, id)) return false;
  touched(id, 0);
  ++fault.totals.messages;
  return true;
}

void Relay::Lane::withhold(std::uint64_t exchange) { relay.codec_->withhold(exchange); }

void Relay::Lane::repeat(std::uint64_t exchange) { relay.codec_->repeat(exchange); }

void Relay::Lane::tell(std::uint64_t exchange, std::string_view code) {
  relay.codec_->tell(exchange, code, relay.worker_.loop().now(), relay);
}

void Relay::Lane::disclaim(FaultId fault) {
  // Of a connection that it resets as it goes, its client is told nothing more.
  if (relay.codec_ && relay.doom_ == Doom::none) relay.codec_->disclaim(fault, relay);
}

bool Relay::Lane::ended() const { return relay.connection_.drops(direction); }

void Relay::Lane::end_other() { relay.connection_.end_left(opposite(direction)); }

void Relay::Lane::reset_both() {
  if (relay.doom_ == Doom::none) relay.doom_ = Doom::reset;
}

void Relay::Lane::refuse() { relay.doom_ = Doom::refused; }

void Relay::Lane::early(FaultId fault) { ++relay.worker_.fault(fault).totals.early; }

void Relay::Lane::touched(FaultId fault, std::uint64_t bytes) {
  if (fault == before_faults || fault == behind_faults) return;
  const Instant now = relay.worker_.loop().now();
  LocalFault& local = relay.worker_.fault(fault);
  Touched& totals = local.totals;
  totals.first = std::min(totals.first, now);
  totals.last = std::max(totals.last, now);
  totals.bytes += bytes;
  // A fault by the request is told of its messages by what it claims.
  if (bytes > 0 && !local.spec.kind->by_exchange) ++totals.messages;
  const auto knows = [fault](const Lane& l) {
    return std::find(l.touched_by.begin(), l.touched_by.end(), fault) != l.touched_by.end();
  };
  if (knows(*this)) return;
  if (!knows(relay.lane(opposite(direction)))) ++totals.connections;
  touched_by.push_back(fault);
  Event first = relay.event(EventKind::fault_touched);
  first.direction = direction;
  first.fault = fault;
  first.count = bytes;
  relay.worker_.pen().write(first);
}

void Relay::exchange(const Exchange& exchange) {
  Event e = event(EventKind::exchange);
  e.exchange = exchange;
  const bool unanswered = exchange.told == Told::nothing && exchange.response_first == Instant{};
  if (unanswered && exchange.fault == 0) e.exchange.fate = Fate::unknown;
  worker_.pen().write(e);
}

void Relay::session(SessionFact fact, std::string_view code) {
  Event e = event(EventKind::session);
  e.session = fact;
  e.text = code;
  worker_.pen().write(e);
}

void Relay::desync(std::string_view reason) {
  Event e = event(EventKind::desync);
  e.direction = cut_direction_;
  e.text = reason;
  worker_.pen().write(e);
}

}  // namespace faultline::wire
