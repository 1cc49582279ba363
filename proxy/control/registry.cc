#include "proxy/control/registry.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <iterator>
#include <utility>

#include "proxy/codec.h"

namespace faultline::control {
namespace {

using Why = Refusal::Why;

std::unexpected<Refusal> refused(Why why, std::string_view subject) {
  return std::unexpected(Refusal{why, std::string(subject)});
}

// Whatever can be written into a path and is found there again: no control characters, not what a
// path calls "here" and "above", and short enough for a request line.
bool addressable(std::string_view name) {
  const auto control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
  return !name.empty() && name.size() <= longest_name && name != "." && name != ".." &&
         std::none_of(name.begin(), name.end(), control);
}

// A wildcard that means both families is IPv4 alone where there is no IPv6.
bool lacks_ipv6(int code) { return code == EAFNOSUPPORT || code == EADDRNOTAVAIL; }

ProxySpec spec_from(const ProxyOrder& order) {
  ProxySpec spec;
  spec.name = order.name;
  spec.upstream = upstream_address(order.upstream);
  spec.protocol = order.protocol;
  spec.unreachable = order.unreachable;
  spec.connect_timeout = order.connect_timeout;
  spec.tls = order.tls;
  spec.rewrite_host = order.rewrite_host;
  return spec;
}

std::unexpected<Refusal> bad_tls(const std::string& proxy, Errors problems) {
  for (Error& problem : problems) {
    problem.what = problem.where + ": " + problem.what;
    problem.where = "/tls/" + problem.where;
  }
  return std::unexpected(Refusal{Why::bad_settings, proxy, std::move(problems)});
}

// Why a fault of this kind would find nothing to act on; empty: it would.
std::string misplaced(const FaultKind& kind, const HeldProxy& on) {
  const std::string name(kind.name);
  if (!kind.protocol.empty() && kind.protocol != on.protocol) {
    return name + " acts on protocol " + std::string(kind.protocol) + ", and this proxy has " +
           on.protocol;
  }
  const std::string_view lack = lacks(on.tls, kind.needs_tls);
  if (lack.empty()) return "";
  return name + " acts on the TLS of clients, and this proxy " + std::string(lack);
}

}  // namespace

const HeldFault* HeldProxy::fault(std::string_view fault_name) const {
  const auto found = std::find_if(faults.begin(), faults.end(), [&](const HeldFault& held) {
    return held.order.name == fault_name;
  });
  return found == faults.end() ? nullptr : &*found;
}

Registry::Registry(wire::Engine& engine, Lookup lookup, Upstreams upstreams, HoldText hold)
    : engine_(engine),
      lookup_(std::move(lookup)),
      upstreams_(std::move(upstreams)),
      hold_(std::move(hold)) {}

Ordered<HeldProxy*> Registry::held(std::string_view name) {
  const auto found = proxies_.find(name);
  if (found == proxies_.end()) return refused(Why::no_such_proxy, name);
  return &found->second;
}

Ordered<const HeldProxy*> Registry::proxy(std::string_view name) const {
  const auto found = proxies_.find(name);
  if (found == proxies_.end()) return refused(Why::no_such_proxy, name);
  return &found->second;
}

Ordered<const HeldFault*> Registry::fault(std::string_view proxy_name,
                                          std::string_view name) const {
  const Ordered<const HeldProxy*> owner = proxy(proxy_name);
  if (!owner) return std::unexpected(owner.error());
  const HeldFault* const found = (*owner)->fault(name);
  if (found == nullptr) return refused(Why::no_such_fault, name);
  return found;
}

Ordered<const HeldProxy*> Registry::add_proxy(const ProxyOrder& order) {
  if (proxies_.contains(order.name)) return refused(Why::proxy_exists, order.name);
  Ordered<HeldProxy> proxy = made(order);
  if (!proxy) return std::unexpected(std::move(proxy.error()));
  return &proxies_.emplace(order.name, std::move(*proxy)).first->second;
}

// Everything that can be wrong but the binding is found before the engine hears of it.
Ordered<HeldProxy> Registry::made(const ProxyOrder& order) {
  if (!addressable(order.name)) return refused(Why::bad_name, order.name);
  if (find_codec_kind(order.protocol) == nullptr) {
    return refused(Why::unknown_protocol, order.protocol);
  }
  if (!upstreams_.allow(order.upstream)) return refused(Why::upstream_not_allowed, order.upstream);
  ProxySpec spec = spec_from(order);
  const Checked<TlsTexts> texts = TlsTexts::as_files(spec.tls, hold_);
  if (!texts) return bad_tls(order.name, texts.error());
  if (Errors problems = wire::Engine::tls_problems(spec); !problems.empty()) {
    for (Error& problem : problems) texts->in_own_words(problem);
    return bad_tls(order.name, std::move(problems));
  }
  HeldProxy proxy{.name = order.name,
                  .listen = order.listen,
                  .upstream = order.upstream,
                  .protocol = order.protocol,
                  .unreachable = order.unreachable,
                  .tls = order.tls,
                  .rewrite_host = order.rewrite_host,
                  .rewrites_host = spec.rewrites_host(),
                  .faults = {},
                  .owner = order.owner,
                  .until = order.until};
  proxy.tls.key.clear();  // who holds it from now on is the engine
  for (const FaultOrder& fault : order.faults) {
    if (proxy.fault(fault.name) != nullptr) return refused(Why::fault_exists, fault.name);
    Ordered<HeldFault> held = checked(fault, proxy);
    if (!held) return std::unexpected(std::move(held.error()));
    proxy.faults.push_back(std::move(*held));
  }
  proxy.id = engine_.add(spec);
  names_.add(proxy.id, proxy.name);
  for (HeldFault& fault : proxy.faults) arm(fault, proxy);
  if (order.enabled) {
    if (Ordered<void> listening = enable(proxy, order.listen); !listening) {
      drop(proxy);
      return std::unexpected(std::move(listening.error()));
    }
  }
  return proxy;
}

bool Registry::differs(const HeldProxy& proxy, const ListenAddress& listen) const {
  const auto current = listen_address(proxy.listen, lookup_);
  return !current || !current->same_place(listen);
}

Ordered<const HeldProxy*> Registry::change_proxy(std::string_view name, const ProxyChange& change) {
  const Ordered<HeldProxy*> found = held(name);
  if (!found) return std::unexpected(found.error());
  HeldProxy& proxy = **found;
  const bool redials = change.upstream && *change.upstream != proxy.upstream;
  if (redials && !upstreams_.allow(*change.upstream)) {
    return refused(Why::upstream_not_allowed, *change.upstream);
  }
  bool moves = redials && !change.keep_connections;
  if (change.listen) {
    const auto listen = listen_address(*change.listen, lookup_);
    if (!listen) return std::unexpected(Refusal{Why::bad_address, proxy.name, {}, listen.error()});
    moves = moves || differs(proxy, *listen);
  }
  const HeldProxy before = proxy;
  const bool enabled = change.enabled.value_or(proxy.enabled);
  if (proxy.enabled && (moves || !enabled)) disable(proxy);
  if (moves) proxy.listen = change.listen.value_or(proxy.listen);
  if (redials) {
    proxy.upstream = *change.upstream;
    engine_.retarget(proxy.id, upstream_address(proxy.upstream));
  }
  if (!enabled || proxy.enabled) return &proxy;
  Ordered<void> listening = enable(proxy, proxy.listen);
  if (listening) return &proxy;
  proxy.listen = before.listen;
  proxy.upstream = before.upstream;
  engine_.retarget(proxy.id, upstream_address(proxy.upstream));
  if (before.enabled) (void)enable(proxy, before.listen);  // its port was its own until now
  return std::unexpected(std::move(listening.error()));
}

Ordered<const HeldProxy*> Registry::put_proxy(const ProxyOrder& order) {
  const auto found = proxies_.find(order.name);
  if (found == proxies_.end()) return add_proxy(order);
  HeldProxy& old = found->second;
  const auto listen = listen_address(order.listen, lookup_);
  if (!listen) return std::unexpected(Refusal{Why::bad_address, order.name, {}, listen.error()});
  const bool same = old.upstream == order.upstream && old.tls == order.tls &&
                    old.rewrite_host == order.rewrite_host;
  if (!differs(old, *listen) && same) return &old;

  const bool was_enabled = old.enabled;
  disable(old);  // the new one may want its port
  Ordered<HeldProxy> proxy = made(order);
  if (!proxy) {
    if (was_enabled) (void)enable(old, old.listen);
    return std::unexpected(std::move(proxy.error()));
  }
  drop(old);
  old = std::move(*proxy);
  return &old;
}

Ordered<void> Registry::remove_proxy(std::string_view name) {
  const auto found = proxies_.find(name);
  if (found == proxies_.end()) return refused(Why::no_such_proxy, name);
  drop(found->second);
  proxies_.erase(found);
  return {};
}

Ordered<void> Registry::reset() {
  Ordered<void> outcome;
  for (auto& [name, proxy] : proxies_) {
    disarm_all(proxy);
    if (proxy.enabled) continue;
    Ordered<void> listening = enable(proxy, proxy.listen);
    if (!listening && outcome) outcome = std::move(listening);
  }
  return outcome;
}

Ordered<void> Registry::enable(HeldProxy& proxy, const std::string& listen) {
  const auto address = listen_address(listen, lookup_);
  if (!address) {
    return std::unexpected(Refusal{Why::cannot_listen, proxy.name, {}, address.error()});
  }
  auto bound = engine_.enable(proxy.id, address->numeric);
  if (!bound && address->wildcard && lacks_ipv6(bound.error().code)) {
    bound = engine_.enable(proxy.id, {"0.0.0.0", address->numeric.port});
  }
  if (!bound) {
    return std::unexpected(
        Refusal{Why::cannot_listen,
                proxy.name,
                {},
                {ListenRefusal::Why::kernel, address->spoken, bound.error().code}});
  }
  proxy.listen = bound->text();
  proxy.enabled = true;
  return {};
}

void Registry::disable(HeldProxy& proxy) {
  if (!std::exchange(proxy.enabled, false)) return;
  engine_.disable(proxy.id);
}

// What the compatible API made ends connections, never resets them.
void Registry::drop(HeldProxy& proxy) {
  if (proxy.unreachable == Unreachable::end) disable(proxy);
  disarm_all(proxy);
  engine_.close(proxy.id);
}

Ordered<HeldFault> Registry::checked(FaultOrder order, const HeldProxy& on) const {
  assert(order.kind != nullptr);
  if (!addressable(order.name)) return refused(Why::bad_name, order.name);
  if (std::string problem = misplaced(*order.kind, on); !problem.empty()) {
    return std::unexpected(Refusal{Why::bad_settings, order.name, {Error{"", std::move(problem)}}});
  }
  HeldFault fault;
  Checked<Settings> settings = read_settings(order.kind->parameters, order.settings, order.name);
  if (!settings) {
    return std::unexpected(Refusal{Why::bad_settings, order.name, std::move(settings.error())});
  }
  const auto prototype = order.kind->make(*settings);
  if (!prototype) return std::unexpected(Refusal{Why::bad_settings, order.name, prototype.error()});
  fault.settings = std::move(*settings);
  fault.order = std::move(order);
  return fault;
}

FaultSpec Registry::spec_of(const HeldFault& fault) const {
  FaultSpec spec;
  spec.name = fault.order.name;
  spec.kind = fault.order.kind;
  spec.aim = fault.order.aim;
  auto made = fault.order.kind->make(fault.settings);
  assert(made.has_value());  // it was when it was checked
  spec.prototype = std::move(*made);
  return spec;
}

void Registry::arm(HeldFault& fault, const HeldProxy& proxy) {
  fault.id = engine_.arm(spec_of(fault), {proxy.id}).id;
  names_.add(fault.id, fault.order.name, proxy.name);
}

void Registry::disarm(const HeldFault& fault) {
  engine_.disarm(fault.id);
  engine_.forget(fault.id);
}

void Registry::disarm_all(HeldProxy& proxy) {
  for (const HeldFault& fault : proxy.faults) disarm(fault);
  proxy.faults.clear();
}

Ordered<const HeldFault*> Registry::add_fault(std::string_view proxy_name, FaultOrder order) {
  const Ordered<HeldProxy*> owner = held(proxy_name);
  if (!owner) return std::unexpected(owner.error());
  if ((*owner)->fault(order.name) != nullptr) return refused(Why::fault_exists, order.name);
  Ordered<HeldFault> fault = checked(std::move(order), **owner);
  if (!fault) return std::unexpected(std::move(fault.error()));
  arm(*fault, **owner);
  (*owner)->faults.push_back(std::move(*fault));
  return &(*owner)->faults.back();
}

Ordered<const HeldFault*> Registry::change_fault(std::string_view proxy_name, std::string_view name,
                                                 const FaultChange& change) {
  const Ordered<const HeldFault*> found = fault(proxy_name, name);
  if (!found) return std::unexpected(found.error());
  FaultOrder order = (*found)->order;
  order.settings = over(std::move(order.settings), change.settings);
  order.aim = change.aim.value_or(order.aim);
  order.aim_settings = change.aim_settings.value_or(order.aim_settings);
  order.toxicity = change.toxicity.value_or(order.toxicity);
  order.until = change.until.value_or(order.until);
  HeldProxy& owner = proxies_.find(proxy_name)->second;
  Ordered<HeldFault> next = checked(std::move(order), owner);
  if (!next) return std::unexpected(std::move(next.error()));
  next->id = (*found)->id;
  engine_.update(next->id, spec_of(*next));
  HeldFault& place = owner.faults[static_cast<std::size_t>(*found - owner.faults.data())];
  place = std::move(*next);
  return &place;
}

Ordered<const HeldFault*> Registry::renew(std::string_view proxy_name, std::string_view name,
                                          Instant until) {
  const Ordered<const HeldFault*> found = fault(proxy_name, name);
  if (!found) return found;
  HeldProxy& owner = proxies_.find(proxy_name)->second;
  HeldFault& place = owner.faults[static_cast<std::size_t>(*found - owner.faults.data())];
  place.order.until = until;
  return &place;
}

Ordered<void> Registry::remove_fault(std::string_view proxy_name, std::string_view name) {
  const Ordered<HeldProxy*> owner = held(proxy_name);
  if (!owner) return std::unexpected(owner.error());
  const HeldFault* const fault = (*owner)->fault(name);
  if (fault == nullptr) return refused(Why::no_such_fault, name);
  disarm(*fault);
  (*owner)->faults.erase((*owner)->faults.begin() + (fault - (*owner)->faults.data()));
  return {};
}

void Registry::renew_all(std::string_view owner, Instant until) {
  for (auto& [name, proxy] : proxies_) {
    if (proxy.owner == owner && proxy.until != never) proxy.until = until;
    for (HeldFault& fault : proxy.faults) {
      if (fault.order.owner == owner && fault.order.until != never) fault.order.until = until;
    }
  }
}

Instant Registry::expire(Instant now) {
  Instant next = never;
  for (auto proxy = proxies_.begin(); proxy != proxies_.end();) {
    HeldProxy& held = proxy->second;
    std::erase_if(held.faults, [&](const HeldFault& fault) {
      const bool over = fault.order.until <= now;
      if (over) disarm(fault);
      if (!over) next = std::min(next, fault.order.until);
      return over;
    });
    const bool over = held.until <= now;
    if (over) drop(held);
    if (!over) next = std::min(next, held.until);
    proxy = over ? proxies_.erase(proxy) : std::next(proxy);
  }
  return next;
}

}  // namespace faultline::control
