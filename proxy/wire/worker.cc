#include "proxy/wire/worker.h"

#include <algorithm>
#include <cassert>

namespace faultline::wire {

bool ConnectionBudget::take() {
  std::uint64_t live = live_.load();
  while (live < most_) {
    if (live_.compare_exchange_weak(live, live + 1)) return true;
  }
  return false;
}

void Worker::start() {
  loop_.on_settle([this](Instant now) { settle(now); });
  thread_ = std::thread([this] { loop_.run(); });
}

void Worker::stop() {
  loop_.post([this] {
    close_all("engine stopped");
    loop_.stop();
  });
  thread_.join();
}

void Worker::add_proxy(const ProxySpec& spec, ProxyId id) {
  LocalProxy& proxy = proxies_[id];
  proxy.id = id;
  proxy.spec = spec;
  proxy.codec = find_codec_kind(spec.protocol);
  assert(proxy.codec != nullptr);
}

void Worker::remove_proxy(ProxyId id) {
  for (auto& [connection, relay] : relays_) {
    if (relay->proxy().id == id) relay->close("proxy closed");
  }
}

void Worker::adopt(Descriptor client, ProxyId proxy, ConnectionId id, std::uint64_t ordinal) {
  LocalProxy& local = proxies_.at(proxy);
  auto relay = std::make_unique<Relay>(*this, local, id, ordinal, std::move(client));
  Relay& adopted = *relay;
  relays_[id] = std::move(relay);
  ++local.counters.accepted;
  ++local.counters.live;
  adopted.open(loop_.now());
}

void Worker::arm(FaultId id, const FaultSpec& spec, const std::vector<ProxyId>& proxies) {
  const Draw draw = Draw(shared_.options.seed).about(spec.name);
  LocalFault& fault = faults_[id] = LocalFault{id, spec, draw, loop_.now(), {}};
  for (const ProxyId proxy : proxies) proxies_.at(proxy).armed.push_back(id);
  for (auto& [connection, relay] : relays_) {
    const ProxyId on = relay->proxy().id;
    if (std::find(proxies.begin(), proxies.end(), on) != proxies.end())
      relay->arm(fault, loop_.now(), true);
  }
}

void Worker::disarm(FaultId id) {
  for (auto& [proxy, local] : proxies_) std::erase(local.armed, id);
  for (auto& [connection, relay] : relays_) relay->disarm(id, loop_.now());
}

const Touched* Worker::touched(FaultId id) const {
  const auto found = faults_.find(id);
  return found == faults_.end() ? nullptr : &found->second.totals;
}

const ProxyCounters* Worker::counters(ProxyId id) const {
  const auto found = proxies_.find(id);
  return found == proxies_.end() ? nullptr : &found->second.counters;
}

void Worker::mark(Relay& relay) {
  if (relay.dirty) return;
  relay.dirty = true;
  dirty_.push_back(&relay);
}

void Worker::resolve(const Address& address, ConnectionId whom) {
  resolver_.resolve(address, [this, whom](const std::vector<SocketAddress>& addresses) {
    const auto found = relays_.find(whom);
    if (found != relays_.end()) found->second->resolved(addresses, loop_.now());
  });
}

std::uint64_t Worker::link_limit() const {
  const std::uint64_t workers = std::max(shared_.options.workers, 1U);
  const auto links = static_cast<std::uint64_t>(std::max<std::int64_t>(staged_links_, 1));
  const std::uint64_t share = shared_.options.total_limit.count / workers / links;
  return std::min(shared_.options.link_limit.count, std::max(share, (64_KiB).count));
}

void Worker::settle(Instant now) {
  settling_.swap(dirty_);
  bool again = false;
  for (Relay* relay : settling_) {
    relay->dirty = false;
    switch (relay->settle(now)) {
      case Relay::Next::wait:
        break;
      case Relay::Next::again:
        mark(*relay);
        again = true;
        break;
      case Relay::Next::finished:
        if (relay->dirty) std::erase(dirty_, relay);  // it marked itself while it ended
        --relay->proxy().counters.live;
        relays_.erase(relay->id());
        shared_.budget->give_back();
        shared_.connection_freed();
        break;
    }
  }
  settling_.clear();
  if (again) loop_.again();
}

void Worker::close_all(std::string_view reason) {
  for (auto& [id, relay] : relays_) relay->close(reason);
  settle(loop_.now());
  assert(relays_.empty());
}

}  // namespace faultline::wire
