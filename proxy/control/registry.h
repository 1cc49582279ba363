#pragma once

// The proxies and faults of a serving faultline, by name: what both control APIs speak about. One
// thread calls it (the control thread), and through it the engine. Every operation is whole: it
// has happened when it returns, or it has changed nothing and says why in a Refusal, which each API
// puts in its own words. None waits for traffic.
//
//   proxy:  disabled ─enable─▶ enabled (listens; the port it was given stays its own)
//              ▲────disable────┘       faults stay armed through all of it

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/fault.h"
#include "faults/settings.h"
#include "proxy/control/listen_address.h"
#include "proxy/control/names.h"
#include "proxy/control/tls_texts.h"
#include "proxy/control/upstreams.h"
#include "proxy/spec.h"
#include "proxy/wire/engine.h"

namespace faultline::control {

// The longest name of a proxy or a fault: it must fit into a request's target, percent-encoded.
inline constexpr std::size_t longest_name = 1024;

struct FaultOrder {
  std::string name;
  const FaultKind* kind = nullptr;
  std::vector<RawSetting> settings;
  Aim aim;
  std::vector<RawSetting> aim_settings = {};  // the same as it was written, in the native API
  std::string stream = {};  // the compatible API's word for the direction, as it was written
  float toxicity = 1;       // … and its share, before it was cut to 0 … 1
  std::string owner = {};   // who ordered it
  Instant until = never;    // its lease
};

struct HeldFault {
  FaultOrder order;   // its settings are those in force, the ones never given included
  Settings settings;  // the same, checked
  FaultId id = 0;
};

struct ProxyOrder {
  std::string name;
  std::string listen;
  std::string upstream;
  bool enabled = true;
  std::string protocol = "tcp";
  Unreachable unreachable = Unreachable::reset;
  Duration connect_timeout = std::chrono::seconds(10);
  std::vector<FaultOrder> faults = {};
  std::string owner = {};  // who ordered it
  Instant until = never;   // its lease
  TlsSpec tls = {};        // whose scheme is not in `upstream`
  std::optional<bool> rewrite_host = {};
};

struct HeldProxy {
  std::string name;
  std::string listen;    // the bound address; before the first time as written
  std::string upstream;  // as written
  bool enabled = false;
  std::string protocol;
  Unreachable unreachable = Unreachable::reset;
  TlsSpec tls;  // without the text of a key
  std::optional<bool> rewrite_host;
  bool rewrites_host = false;
  std::vector<HeldFault> faults;  // in the order in which they act
  ProxyId id = 0;
  std::string owner = {};
  Instant until = never;

  const HeldFault* fault(std::string_view fault_name) const;
};

struct ProxyChange {
  std::optional<std::string> listen = {};
  std::optional<std::string> upstream = {};
  std::optional<bool> enabled = {};
  bool keep_connections = false;  // another upstream is for connections from now on only
};

struct FaultChange {
  std::vector<RawSetting> settings = {};  // those not named stay
  std::optional<Aim> aim = {};
  std::optional<std::vector<RawSetting>> aim_settings = {};
  std::optional<float> toxicity = {};
  std::optional<Instant> until = {};
};

struct Refusal {
  enum class Why : std::uint8_t {
    bad_name,  // control characters, "." or "..", too long: it could not be addressed
    proxy_exists,
    no_such_proxy,
    fault_exists,
    no_such_fault,
    unknown_protocol,
    bad_settings,   // `errors`
    bad_address,    // `listen`: its text
    cannot_listen,  // `listen`: the kernel, or its text when it was to be bound
    upstream_not_allowed,
  };
  Why why = Why::bad_name;
  std::string subject;  // the name it is about
  Errors errors = {};
  ListenRefusal listen = {};
};

template <class T>
using Ordered = std::expected<T, Refusal>;

class Registry {
 public:
  // Without `hold` no order has certificates as texts.
  Registry(wire::Engine& engine, Lookup lookup, Upstreams upstreams = {}, HoldText hold = {});

  const std::map<std::string, HeldProxy, std::less<>>& proxies() const { return proxies_; }
  Ordered<const HeldProxy*> proxy(std::string_view name) const;
  Ordered<const HeldFault*> fault(std::string_view proxy, std::string_view name) const;

  // Its faults are armed before it listens, so that no connection slips through without them.
  Ordered<const HeldProxy*> add_proxy(const ProxyOrder& order);
  // Connections end when the address or the upstream changes (unless they are to be kept, which is
  // for the upstream alone), or it is disabled. When the new
  // address cannot be bound, the proxy goes on at the old one.
  Ordered<const HeldProxy*> change_proxy(std::string_view name, const ProxyChange& change);
  // As it is, if it exists with this address and upstream; else in the place of what was there.
  Ordered<const HeldProxy*> put_proxy(const ProxyOrder& order);
  Ordered<void> remove_proxy(std::string_view name);
  // Every proxy enabled and without faults. All are tried; the first that cannot listen is told.
  Ordered<void> reset();

  Ordered<const HeldFault*> add_fault(std::string_view proxy, FaultOrder order);
  Ordered<const HeldFault*> change_fault(std::string_view proxy, std::string_view name,
                                         const FaultChange& change);
  // Its lease alone: the fault itself is not touched.
  Ordered<const HeldFault*> renew(std::string_view proxy, std::string_view name, Instant until);
  Ordered<void> remove_fault(std::string_view proxy, std::string_view name);
  const Names& names() const { return names_; }
  // Leases: every one of this owner. What it has without one is not touched.
  void renew_all(std::string_view owner, Instant until);
  // Removes the proxies and faults whose time is over, and says when the next one's will be.
  Instant expire(Instant now);

 private:
  Ordered<HeldProxy*> held(std::string_view name);
  Ordered<HeldProxy> made(const ProxyOrder& order);
  Ordered<HeldFault> checked(FaultOrder order, const HeldProxy& on) const;
  FaultSpec spec_of(const HeldFault& fault) const;
  void arm(HeldFault& fault, const HeldProxy& proxy);
  void disarm(const HeldFault& fault);
  void disarm_all(HeldProxy& proxy);
  Ordered<void> enable(HeldProxy& proxy, const std::string& listen);
  void disable(HeldProxy& proxy);
  void drop(HeldProxy& proxy);
  bool differs(const HeldProxy& proxy, const ListenAddress& listen) const;

  wire::Engine& engine_;
  const Lookup lookup_;
  const Upstreams upstreams_;
  const HoldText hold_;
  Names names_;
  std::map<std::string, HeldProxy, std::less<>> proxies_;
};

}  // namespace faultline::control
