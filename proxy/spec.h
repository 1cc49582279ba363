#pragma once

// What a user asks of the data plane, as plain data: proxies, and faults armed on them.

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "faults/aim.h"
#include "faults/fault.h"
#include "faults/http/host_rewrite.h"
#include "faults/result.h"
#include "faults/time.h"
#include "proxy/tls_spec.h"

namespace faultline {

// host:port as written; host may be a name, an IPv4 address or an IPv6 address in brackets.
struct Address {
  std::string host;
  std::uint16_t port = 0;

  std::string text() const;  // "127.0.0.1:5432", "[::1]:5432"
  bool operator==(const Address&) const = default;
};

// Host names are at most 253 bytes; port 0 is accepted (the caller decides whether it makes sense).
Result<Address> address_from(std::string_view text);

// What a client is told whose upstream cannot be reached. It has been accepted by our kernel
// already, so the nearest to a refusal is an RST; Toxiproxy ends the connection with a FIN.
enum class Unreachable : std::uint8_t { reset, end };

struct ProxySpec {
  std::string name;  // [A-Za-z0-9._-]{1,128}
  Address listen;    // port 0: the kernel chooses, the journal and the caller are told
  Address upstream;
  std::string protocol = "tcp";                         // a name in the codec catalogue
  Duration connect_timeout = std::chrono::seconds(10);  // dial of the upstream, all addresses
  Unreachable unreachable = Unreachable::reset;
  TlsSpec tls = {};
  // Whether the heads of HTTP messages are rewritten so that each side is spoken to by its own name
  // (faults/http/host_rewrite.h). Empty: where the upstream was written as a URL.
  std::optional<bool> rewrite_host = {};
  // HTTP: the header by which a request says who it comes from, in lower case, instead of
  // X-Forwarded-For. Exchanges then hold a digest of its value, which may be a secret.
  std::string source_header = {};

  bool rewrites_host() const { return protocol == "http" && rewrite_host.value_or(tls.upstream); }
};

// Why this `rewrite_host` makes no sense on a proxy of this protocol; empty: it does.
std::string_view rewrite_problem(const std::optional<bool>& rewrite_host,
                                 std::string_view protocol);
// What a proxy that rewrites does. The upstream's name is `tls.server_name`, where there is one.
http::HostRewrite host_rewrite(const ProxySpec& spec);

// Ids are given by the engine in order of creation, from 1; 0 means none. Never reused.
using ProxyId = std::uint32_t;
using FaultId = std::uint32_t;
// Where what is no fault stands among those of a link: before all of them, or behind.
inline constexpr FaultId before_faults = 0;
inline constexpr FaultId behind_faults = std::numeric_limits<FaultId>::max();
using ConnectionId = std::uint64_t;  // unique in the engine's life

struct FaultSpec {
  std::string name;  // the drill's id of it: "outage"
  const FaultKind* kind = nullptr;
  std::shared_ptr<const Fault> prototype;  // configured once, shared by every worker, never changed
  Aim aim;

  Directions directions() const { return aim.directions.value_or(kind->default_directions); }
};

}  // namespace faultline
