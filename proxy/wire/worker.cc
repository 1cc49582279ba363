#include "proxy/wire/worker.h"

#include <malloc.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace faultline::wire {
namespace {

// Thousands of relays lie scattered in memory, and a change asks each for little: what the ones
// ahead will be asked about is fetched meanwhile (9,000 armed in 2.5 ms, and in 3.2 without).
constexpr int relays_ahead = 6;

void prefetch(const Relay& relay) {
  constexpr std::size_t cache_line = 64;
  const auto* const bytes = static_cast<const char*>(static_cast<const void*>(&relay));
  for (std::size_t at = 0; at < sizeof(Relay); at += cache_line) __builtin_prefetch(bytes + at);
}

}  // namespace

bool ConnectionBudget::take() {
  std::uint64_t live = live_.load();
  while (live < most_) {
    if (live_.compare_exchange_weak(live, live + 1)) return true;
  }
  return false;
}

Worker::Worker(const Shared& shared, JournalPen& pen)
    : shared_(shared), pen_(pen), legs_(loop_, scratch_, legs_owner()) {}

TlsLegs::Owner Worker::legs_owner() {
  return {
      .take_room = [this] { return shared_.budget->take(); },
      .give_room =
          [this] {
            shared_.budget->give_back();
            shared_.connection_freed();
          },
      .secured =
          [this](ConnectionId connection, Descriptor plain) {
            if (Relay* relay = find(connection)) relay->secured(std::move(plain));
          },
      .refused =
          [this](ConnectionId connection, std::string_view why) {
            if (Relay* relay = find(connection)) relay->not_secured(why);
          },
      .client_failed =
          [this](ConnectionId connection, std::string_view why) {
            Relay* const relay = find(connection);
            if (relay == nullptr) return;
            client_failed(relay->proxy().id, connection, why);
            relay->close("the client's TLS handshake failed");
          },
      .flaw =
          [this](ConnectionId connection, TlsMoment moment) {
            Relay* const relay = find(connection);
            return relay == nullptr ? TlsFlaw{} : relay->tls(moment);
          },
  };
}

void Worker::client_failed(ProxyId proxy, ConnectionId connection, std::string_view why) {
  Event failed;
  failed.at = loop_.now();
  failed.kind = EventKind::client_failed;
  failed.proxy = proxy;
  failed.connection = connection;
  failed.text = why;
  pen_.write(failed);
}

std::unique_ptr<Block> Worker::take_room() {
  return room_ ? std::move(room_) : Block::room(turn_budget);
}

void Worker::start() {
  loop_.on_settle([this](Instant now) { settle(now); });
  thread_ = std::thread([this] { loop_.run(); });
}

void Worker::stop() {
  loop_.post([this] {
    close_all("engine stopped");
    legs_.reset_all();
    loop_.stop();
  });
  thread_.join();
}

void Worker::add_proxy(const ProxySpec& spec, ProxyId id, std::shared_ptr<const TlsSetup> tls) {
  LocalProxy& proxy = proxies_[id];
  proxy.id = id;
  proxy.spec = spec;
  proxy.tls = std::move(tls);
  if (spec.rewrites_host()) proxy.rewriter = http::host_rewriter(host_rewrite(spec));
  proxy.codec = find_codec_kind(spec.protocol);
  assert(proxy.codec != nullptr);
}

void Worker::remove_proxy(ProxyId id) {
  for (auto& [connection, relay] : relays_) {
    if (relay->proxy().id == id) relay->close("proxy closed");
  }
  LocalProxy& proxy = proxies_.at(id);
  proxy.closed = true;
  if (proxy.counters.live == 0) proxies_.erase(id);
}

void Worker::end_connections(ProxyId id) {
  for (auto& [connection, relay] : relays_) {
    if (relay->proxy().id == id) relay->end("proxy disabled", loop_.now());
  }
}

void Worker::retarget(ProxyId id, const Address& upstream) {
  LocalProxy& proxy = proxies_.at(id);
  proxy.spec.upstream = upstream;
  if (proxy.rewriter) proxy.rewriter = http::host_rewriter(host_rewrite(proxy.spec));
}

void Worker::adopt(Accepted client, ProxyId proxy, ConnectionId id, std::uint64_t ordinal) {
  LocalProxy& local = proxies_.at(proxy);
  if (local.spec.tls.terminates()) {
    if (local.tls) {
      client.socket = legs_.terminate(id, std::move(client.socket), *local.tls);
    } else {
      reset_and_close(client.socket);
    }
    if (!client.socket.open()) {
      client_failed(proxy, id, local.tls ? "TLS: no room for it" : "TLS: its files are not right");
      shared_.budget->give_back();
      shared_.connection_freed();
      return;
    }
  }
  auto relay = std::make_unique<Relay>(*this, local, id, ordinal, std::move(client));
  Relay& adopted = *relay;
  relays_[id] = std::move(relay);
  ++local.counters.accepted;
  ++local.counters.live;
  adopted.open(loop_.now());
}

template <typename Work>
void Worker::each_relay(const Work& work) {
  auto ahead = relays_.begin();
  for (int i = 0; i < relays_ahead && ahead != relays_.end(); ++i) ++ahead;
  for (auto& [connection, relay] : relays_) {
    if (ahead != relays_.end()) prefetch(*(ahead++)->second);
    work(*relay);
  }
}

void Worker::arm(FaultId id, const FaultSpec& spec, const Order& order) {
  const Draw draw = Draw(shared_.options.seed).about(spec.name);
  LocalFault& fault = faults_[id] =
      LocalFault{id, spec, order.targets, order.since, draw, 0, {}, order.places};
  for (const Target& target : order.targets) proxies_.at(target.proxy).armed.push_back(id);
  each_relay([&](Relay& relay) { relay.arm(fault, loop_.now(), true); });
}

void Worker::update(FaultId id, const FaultSpec& spec) {
  LocalFault& fault = faults_.at(id);
  fault.spec = spec;
  fault.draw = Draw(shared_.options.seed).about(spec.name).about(++fault.updates);
  each_relay([&](Relay& relay) { relay.update(fault, loop_.now()); });
  legs_.retry_stalled();
}

void Worker::disarm(FaultId id) {
  for (auto& [proxy, local] : proxies_) std::erase(local.armed, id);
  each_relay([&](Relay& relay) { relay.disarm(id, loop_.now()); });
  legs_.retry_stalled();
}

const Touched* Worker::touched(FaultId id) const {
  const auto found = faults_.find(id);
  return found == faults_.end() ? nullptr : &found->second.totals;
}

const ProxyCounters* Worker::counters(ProxyId id) const {
  const auto found = proxies_.find(id);
  return found == proxies_.end() ? nullptr : &found->second.counters;
}

std::optional<std::uint64_t> Worker::oldest(ProxyId id) const {
  std::optional<std::uint64_t> oldest;
  for (const auto& [connection, relay] : relays_) {
    if (relay->proxy().id != id) continue;
    oldest = std::min(oldest.value_or(relay->ordinal()), relay->ordinal());
  }
  return oldest;
}

void Worker::describe(ProxyId proxy, std::vector<LiveConnection>& out) const {
  for (const auto& [connection, relay] : relays_) {
    if (proxy == 0 || relay->proxy().id == proxy) out.push_back(relay->describe());
  }
}

bool Worker::reset(ConnectionId connection) {
  const auto found = relays_.find(connection);
  if (found == relays_.end()) return false;
  found->second->close("reset by order");
  return true;
}

FaultId Worker::admitting(ProxyId proxy, Admission admission) const {
  for (const FaultId id : proxies_.at(proxy).armed) {
    if (faults_.at(id).spec.prototype->admission() == admission) return id;
  }
  return 0;
}

void Worker::mark(Relay& relay) {
  if (relay.dirty) return;
  relay.dirty = true;
  dirty_.push_back(&relay);
}

void Worker::resolve(const Address& address, ConnectionId whom) {
  resolver_.resolve(address, [this, whom](const std::vector<SocketAddress>& addresses) {
    if (Relay* relay = find(whom)) relay->resolved(addresses, loop_.now());
  });
}

void Worker::secure(Relay& relay, Descriptor upstream, Instant limit) {
  const LocalProxy& proxy = relay.proxy();
  if (!proxy.tls) return relay.not_secured("TLS: its files are not right");
  legs_.originate(relay.id(), std::move(upstream), *proxy.tls, proxy.spec.upstream.host, limit);
}

void Worker::ending(const Relay& relay) {
  if (relay.proxy().tls) legs_.relay_ends(relay.id());
}

Relay* Worker::find(ConnectionId connection) {
  const auto found = relays_.find(connection);
  return found == relays_.end() ? nullptr : found->second.get();
}

std::uint64_t Worker::link_limit(std::uint64_t own) const {
  const std::uint64_t all =
      shared_.options.total_limit.count / std::max(shared_.options.workers, 1U);
  const auto links = static_cast<std::uint64_t>(std::max<std::int64_t>(staged_links_, 1));
  const std::uint64_t share = std::min(shared_.options.link_limit.count, all / links);
  // Shares shrink as links come, so those that came first may have taken all.
  const std::uint64_t others = held_ - own;
  const std::uint64_t left = all > others ? all - others : 0;
  return std::max(std::min(share, left), least_link_limit.count);
}

void Worker::settle(Instant now) {
  legs_.settle(now);
  settling_.swap(dirty_);
  bool again = settle_those(false, turn_of_most, now);
  again = settle_those(true, turn_of_others, now) || again;
  std::erase(settling_, nullptr);
  if (!settling_.empty()) {
    // Those that had no turn are first in the next.
    settling_.insert(settling_.end(), dirty_.begin(), dirty_.end());
    dirty_.swap(settling_);
    again = true;
  }
  settling_.clear();
  if (again) {
    loop_.again();
  } else {
    trim();
  }
}

// True when one of them has more to do at once.
bool Worker::settle_those(bool yielding, const Turn& limit, Instant now) {
  bool again = false;
  std::size_t settled = 0;
  moved_ = 0;
  for (Relay*& place : settling_) {
    if (place == nullptr || (place->moved_much || place->ending()) != yielding) continue;
    if (settled++ == limit.relays || moved_ >= limit.bytes) break;
    Relay& relay = *std::exchange(place, nullptr);
    relay.dirty = false;
    const std::size_t before = moved_;
    switch (relay.settle(now)) {
      case Relay::Next::wait:
        break;
      case Relay::Next::again:
        mark(relay);
        again = true;
        break;
      case Relay::Next::finished:
        remove(relay);
        continue;
    }
    relay.moved_much = moved_ - before >= much;
  }
  return again;
}

// Gives the memory of thousands of connections that are gone back to the system, which the
// allocator would keep. That takes milliseconds, so it waits for a turn with nothing left to do.
void Worker::trim() {
  constexpr std::size_t many = 1024;
  most_relays_ = std::max(most_relays_, relays_.size());
  if (most_relays_ < many || relays_.size() > most_relays_ / 4) return;
  room_.reset();
  malloc_trim(0);
  most_relays_ = relays_.size();
}

void Worker::remove(Relay& relay) {
  if (relay.dirty) std::erase(dirty_, &relay);  // it marked itself while it ended
  LocalProxy& proxy = relay.proxy();
  const ProxyId of = proxy.id;
  if (proxy.tls) legs_.relay_gone(relay.id());
  const bool last = --proxy.counters.live == 0 && proxy.closed;
  relays_.erase(relay.id());
  if (last) proxies_.erase(of);
  shared_.budget->give_back();
  shared_.connection_freed();
}

void Worker::close_all(std::string_view reason) {
  for (auto& [id, relay] : relays_) relay->close(reason);
  while (!relays_.empty()) {
    assert(!dirty_.empty());  // each of them was marked, and finishes when it settles
    settle(loop_.now());
  }
}

}  // namespace faultline::wire
