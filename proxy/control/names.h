#pragma once

// What the ids in the journal's events are called, also for a while after what they name has gone:
// events are told a little later than they happen. Bounded; the oldest are forgotten.

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/spec.h"

namespace faultline::control {

class Names {
 public:
  static constexpr std::size_t most = 64 * 1024;  // of each

  struct Fault {
    std::string name;
    std::string proxy;
  };

  void add(ProxyId id, std::string_view name) { keep(proxies_, id, std::string(name)); }
  void add(FaultId id, std::string_view name, std::string_view proxy) {
    keep(faults_, id, Fault{std::string(name), std::string(proxy)});
  }
  // nullptr for what was forgotten.
  const std::string* proxy(ProxyId id) const { return find(proxies_, id); }
  const Fault* fault(FaultId id) const { return find(faults_, id); }

 private:
  template <class Id, class Name>
  static void keep(std::map<Id, Name>& names, Id id, Name name) {
    names.insert_or_assign(id, std::move(name));
    if (names.size() > most) names.erase(names.begin());
  }
  template <class Id, class Name>
  static const Name* find(const std::map<Id, Name>& names, Id id) {
    const auto found = names.find(id);
    return found == names.end() ? nullptr : &found->second;
  }

  std::map<ProxyId, std::string> proxies_;
  std::map<FaultId, Fault> faults_;
};

}  // namespace faultline::control
