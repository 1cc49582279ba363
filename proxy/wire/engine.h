#pragma once

// The data plane as the rest of the house sees it: proxies are opened, faults are armed and
// disarmed on live traffic, and everything that happens is in the journal. The only header of
// proxy/wire/ that scenarios need for proxying.
//
// Callable from any one thread that is not a worker's. A call that changes something returns when
// every worker has it in force, which takes a loop turn and never waits for traffic.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "proxy/journal.h"
#include "proxy/spec.h"

namespace faultline::wire {

struct EngineOptions {
  unsigned workers = 0;         // 0: 1 on two cores or fewer, else min(cores - 1, 4)
  std::uint64_t seed = 1;       // of every decision by chance
  Bytes link_limit = 16_MiB;    // held per direction while a fault is armed; then reading stops
  Bytes total_limit = 256_MiB;  // … in the whole process, shared fairly; never below 64 KiB a link
};

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

class Engine {
 public:
  // Raises the descriptor limit to its hard bound, ignores SIGPIPE and starts the workers.
  static Result<std::unique_ptr<Engine>> start(const EngineOptions& options, Journal& journal);
  virtual ~Engine() = default;  // stops: heals, closes every connection and joins the workers

  // Errors: unknown protocol, address in use, no such address. Nothing is left behind by an error.
  virtual Result<OpenedProxy> open(const ProxySpec& spec) = 0;
  // Closes the listener and every live connection of it.
  virtual void close(ProxyId proxy) = 0;

  virtual ArmedFault arm(const FaultSpec& fault, const std::vector<ProxyId>& proxies) = 0;
  // Releases what the fault held. The totals are complete when this returns.
  virtual Receipt disarm(FaultId fault) = 0;
  virtual void heal() = 0;  // disarms everything

  virtual Touched touched(FaultId fault) = 0;  // so far, or in all after it was disarmed
  virtual ProxyCounters counters(ProxyId proxy) = 0;
  virtual std::string limits() const = 0;  // one line: connection budget, memory bound, workers
};

}  // namespace faultline::wire
