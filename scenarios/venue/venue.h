#pragma once

// Where a drill takes place: its proxies and faults are in this process (own_venue), or in a
// faultline that serves already (served_venue). Either way everything that happens there goes to
// the JournalReader that the venue was started with, in this machine's monotonic time.
//
// One thread calls it, and no call waits for traffic.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proxy/journal.h"
#include "proxy/spec.h"
#include "proxy/wire/engine.h"
#include "scenarios/drill/drill.h"

namespace faultline {

class Venue {
 public:
  virtual ~Venue() = default;  // heals, and closes what it opened

  virtual Result<wire::OpenedProxy> open(const ProxySpec& spec) = 0;

  // A fault as it was written and as it was checked.
  struct Fault {
    const FaultPlan& plan;
    const FaultSpec& spec;
  };
  // On proxies that were opened here.
  virtual Result<wire::ArmedFault> arm(const Fault& fault, const std::vector<ProxyId>& on) = 0;

  struct Disarmed {
    wire::Receipt receipt;
    Touched touched;  // in all
  };
  virtual Result<Disarmed> disarm(FaultId fault) = 0;
  virtual void heal() = 0;  // disarms everything that was armed here

  virtual Touched touched(FaultId fault) = 0;  // so far, as far as it is known
  // What a recording says of it.
  virtual std::map<std::string, std::string> environment() const = 0;
  // Why the drill cannot go on here, once that is so.
  virtual std::optional<Error> trouble() { return std::nullopt; }

  struct Closed {
    std::uint64_t events_lost = 0;
    std::vector<std::string> gaps;  // for what else the journal is not whole
  };
  // Heals, closes what was opened and reads the journal to its end. The last call.
  virtual Closed close() = 0;
};

}  // namespace faultline
