#pragma once

// The data plane as the rest of the house sees it: proxies are opened, faults are armed and
// disarmed on live traffic, and everything that happens is in the journal. The only header of
// proxy/wire/ that scenarios need for proxying.
//
// Callable from any one thread that is not a worker's. A call that changes something returns when
// every worker has it in force, which takes a loop turn and never waits for traffic.

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "proxy/journal.h"
#include "proxy/spec.h"

namespace faultline::wire {

struct EngineOptions {
  unsigned workers = 0;        // 0: 1 on two cores or fewer, else min(cores - 1, 4)
  std::uint64_t seed = 1;      // of every decision by chance
  Bytes link_limit = 16_MiB;   // held per direction while a fault is armed; then reading stops
  Bytes total_limit = 40_MiB;  // … in the whole process, shared fairly
};

// What a direction may hold even when all hold the total, so that each goes on.
inline constexpr Bytes least_link_limit = 4_KiB;

// When a change was ordered and when it was in force everywhere (design: t_cmd, t_arm).
struct Receipt {
  Instant commanded{};
  Instant in_force{};
};

struct OpenedProxy {
  ProxyId id = 0;
  Address listening;  // with the real port
};

struct ProxyCounters {
  std::uint64_t accepted = 0;
  std::uint64_t live = 0;
  std::uint64_t bytes_upstream = 0;
  std::uint64_t bytes_downstream = 0;
};

struct ArmedFault {
  FaultId id = 0;
  Receipt receipt;
};

// Why a proxy does not listen: the address it was about, in numbers, and the kernel's errno.
struct ListenFailure {
  std::string address;
  int code = 0;

  std::string text() const;  // "cannot listen on 127.0.0.1:80: Permission denied; …"
};

// A connection as it is now.
struct LiveConnection {
  ConnectionId id = 0;
  ProxyId proxy = 0;
  std::uint64_t ordinal = 0;  // on its proxy, from 1
  std::string client;         // "127.0.0.1:40312"
  bool connected = false;     // the upstream was reached
  Instant accepted{};
  std::uint64_t bytes_upstream = 0;    // read from the client
  std::uint64_t bytes_downstream = 0;  // read from the server
  std::uint64_t held_upstream = 0;     // waiting in the link and to be written
  std::uint64_t held_downstream = 0;
  std::vector<FaultId> touched_by;  // armed or disarmed since
};

class Engine {
 public:
  // Raises the descriptor limit to its hard bound, ignores SIGPIPE and starts the workers.
  static Result<std::unique_ptr<Engine>> start(const EngineOptions& options, Journal& journal);
  virtual ~Engine() = default;  // stops: heals, closes every connection and joins the workers

  // What is wrong with its TLS: `where` is the key of TlsSpec. Files are read, nothing is written.
  static Errors tls_problems(const ProxySpec& spec);

  // Adds a proxy and enables it. Errors: unknown protocol, address in use, no such address, TLS
  // files. Nothing is left behind by an error.
  virtual Result<OpenedProxy> open(const ProxySpec& spec) = 0;
  // Disables it, with an RST to every live connection, and forgets it and its counters.
  virtual void close(ProxyId proxy) = 0;

  // A proxy that does not listen yet; its protocol must be one of the catalogue, its TLS without
  // problems (a file that has gone since fails every connection). Faults may be armed on it.
  virtual ProxyId add(const ProxySpec& spec) = 0;
  // Listens on `listen`, which must be numeric, from now on, and says on which port. A proxy that
  // listens already goes on as it is where the address is the same, and else is disabled first.
  virtual std::expected<Address, ListenFailure> enable(ProxyId proxy, const Address& listen) = 0;
  // Stops listening; every live connection ends with a FIN to both sides. What a fault held is
  // lost. Armed faults stay armed.
  virtual void disable(ProxyId proxy) = 0;
  // Where connections from now on are dialed.
  virtual void retarget(ProxyId proxy, const Address& upstream) = 0;

  // Faults act in the order in which they were armed.
  virtual ArmedFault arm(const FaultSpec& fault, const std::vector<ProxyId>& proxies) = 0;
  // The same fault, of the same kind and in the same place, with other settings and another aim:
  // at once, on live connections too. What it has counted goes on; what it held is decided anew.
  // Connections that the aim now takes or leaves are drawn anew.
  virtual Receipt update(FaultId fault, const FaultSpec& spec) = 0;
  // Releases what the fault held. The totals are complete when this returns.
  virtual Receipt disarm(FaultId fault) = 0;
  virtual void heal() = 0;  // disarms everything

  virtual Touched touched(FaultId fault) = 0;  // so far, or in all after it was disarmed
  virtual void forget(FaultId fault) = 0;      // the totals of a disarmed fault
  virtual ProxyCounters counters(ProxyId proxy) = 0;
  // The certificate, in PEM, of the CA that was generated for a proxy; empty if none was.
  virtual std::string authority(ProxyId proxy) const = 0;
  // Live connections in the order of their ids: of one proxy, or of all (0).
  virtual std::vector<LiveConnection> connections(ProxyId proxy) = 0;
  // Ends one connection with an RST to both sides; false if there is no such one.
  virtual bool reset(ConnectionId connection) = 0;
  virtual std::string limits() const = 0;  // one line: connection budget, memory bound, workers
};

}  // namespace faultline::wire
