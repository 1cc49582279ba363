#include "proxy/control/configuration.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "proxy/control/native_read.h"
#include "proxy/control/native_write.h"

namespace faultline::control {
namespace {

bool same(const std::vector<RawSetting>& a, const std::vector<RawSetting>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.name == y.name && x.value == y.value;
  });
}

bool same(const FaultOrder& a, const FaultOrder& b) {
  return a.kind == b.kind && a.aim == b.aim && same(a.settings, b.settings);
}

// What cannot be changed on a proxy that is there.
bool other_nature(const ProxyOrder& a, const ProxyOrder& b) {
  return a.protocol != b.protocol || a.connect_timeout != b.connect_timeout || a.tls != b.tls ||
         a.rewrite_host != b.rewrite_host;
}

const FaultOrder* find(const ProxyOrder& order, std::string_view name) {
  const auto found = std::ranges::find(order.faults, name, &FaultOrder::name);
  return found == order.faults.end() ? nullptr : &*found;
}

}  // namespace

// The way back: steps that were taken, undone from the last to the first.
struct Configuration::Undo {
  std::vector<std::function<void()>> steps;
  void back() {
    for (auto& step : std::views::reverse(steps)) step();
    steps.clear();
  }
};

Checked<Configuration::Outcome> Configuration::apply(const std::vector<ConfiguredProxy>& wanted) {
  Outcome outcome;
  Undo undo;
  Errors errors;
  vacate(wanted, undo);
  for (const ConfiguredProxy& proxy : wanted) {
    if (Result<void> settled = settle_proxy(proxy, undo, outcome); !settled) {
      errors.push_back(settled.error());
    }
  }
  if (!errors.empty()) {
    undo.back();
    return std::unexpected(std::move(errors));
  }
  // From here on nothing can fail.
  Orders next;
  for (const ConfiguredProxy& proxy : wanted) {
    const std::string& name = proxy.order.name;
    const bool known = std::ranges::count(outcome.added, name) != 0;
    const bool changed = std::ranges::count(outcome.changed, name) != 0;
    if (!known && settle_faults(proxy.order) && !changed) outcome.changed.push_back(name);
    next.emplace(name, proxy.order);
  }
  for (const auto& [name, order] : applied_) {
    if (!next.contains(name) && registry_.remove_proxy(name)) outcome.removed.push_back(name);
  }
  applied_ = std::move(next);
  outcome.unchanged = wanted.size() - outcome.added.size() - outcome.changed.size();
  return outcome;
}

// A proxy that goes, and whose address another one wants, lets go of it first.
void Configuration::vacate(const std::vector<ConfiguredProxy>& wanted, Undo& undo) {
  for (const auto& [name, order] : applied_) {
    const auto held = registry_.proxy(name);
    const bool stays =
        std::ranges::any_of(wanted, [&](const auto& other) { return other.order.name == name; });
    if (!held || !(*held)->enabled || stays) continue;
    const bool any_port = order.listen.ends_with(":0");
    const bool wished = std::ranges::any_of(wanted, [&](const ConfiguredProxy& other) {
      const std::string& listen = other.order.listen;
      return listen == (*held)->listen || (listen == order.listen && !any_port);
    });
    if (!wished) continue;
    (void)registry_.change_proxy(name, {.enabled = false});
    undo.steps.push_back([this, name] { (void)registry_.change_proxy(name, {.enabled = true}); });
  }
}

Result<void> Configuration::settle_proxy(const ConfiguredProxy& wanted, Undo& undo,
                                         Outcome& outcome) {
  const ProxyOrder& order = wanted.order;
  const auto refused = [&](const Refusal& refusal) {
    return error(wanted.where, refusal_words(refusal));
  };
  const auto before = applied_.find(order.name);
  auto held = registry_.proxy(order.name);
  if (held && before != applied_.end() && other_nature(before->second, order)) {
    ProxyOrder old = before->second;
    old.listen = (*held)->listen;
    (void)registry_.remove_proxy(order.name);
    undo.steps.push_back([this, old] { (void)registry_.add_proxy(old); });
    held = registry_.proxy(order.name);
  }
  if (!held) {
    const auto added = registry_.add_proxy(order);
    if (!added) return refused(added.error());
    undo.steps.push_back([this, name = order.name] { (void)registry_.remove_proxy(name); });
    outcome.added.push_back(order.name);
    return {};
  }
  // A listening address is compared as it is written: port 0 became another number.
  const std::string& listen = before == applied_.end() ? (*held)->listen : before->second.listen;
  ProxyChange change{.keep_connections = true};
  if (order.listen != listen) change.listen = order.listen;
  if (order.upstream != (*held)->upstream) change.upstream = order.upstream;
  if (order.enabled != (*held)->enabled) change.enabled = order.enabled;
  if (!change.listen && !change.upstream && !change.enabled) return {};
  const ProxyChange back{.listen = (*held)->listen,
                         .upstream = (*held)->upstream,
                         .enabled = (*held)->enabled,
                         .keep_connections = true};
  const auto changed = registry_.change_proxy(order.name, change);
  if (!changed) return refused(changed.error());
  undo.steps.push_back(
      [this, name = order.name, back] { (void)registry_.change_proxy(name, back); });
  outcome.changed.push_back(order.name);
  return {};
}

// True if anything had to be done.
bool Configuration::settle_faults(const ProxyOrder& order) {
  bool changed = false;
  const auto before = applied_.find(order.name);
  for (const FaultOrder& fault : order.faults) {
    const auto held = registry_.fault(order.name, fault.name);
    const FaultOrder* const old =
        before == applied_.end() ? nullptr : find(before->second, fault.name);
    if (held && old != nullptr && same(*old, fault)) continue;
    changed = true;
    if (held && (*held)->order.kind == fault.kind) {
      (void)registry_.change_fault(order.name, fault.name, replacement(fault));
      continue;
    }
    if (held) (void)registry_.remove_fault(order.name, fault.name);
    (void)registry_.add_fault(order.name, fault);
  }
  if (before == applied_.end()) return changed;
  for (const FaultOrder& old : before->second.faults) {
    const auto held = registry_.fault(order.name, old.name);
    const bool own = held && (*held)->order.owner == configuration_owner;
    if (!own || find(order, old.name) != nullptr) continue;
    (void)registry_.remove_fault(order.name, old.name);
    changed = true;
  }
  return changed;
}

}  // namespace faultline::control
