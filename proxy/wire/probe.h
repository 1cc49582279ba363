#pragma once

// Is somebody there? One attempt to connect to an address, or to get a 2xx from a URL, on a loop.
// It records what came of it; its owner looks in settle, and may destroy it then or any time later.

#include <memory>
#include <string>
#include <string_view>

#include "faults/result.h"
#include "proxy/spec.h"
#include "proxy/wire/loop.h"

namespace faultline::wire {

struct ProbeTarget {
  Address address;
  std::string http_path;  // empty: that it accepts is enough
};

// Reads "http://host[:port][/path]".
Result<ProbeTarget> probe_target_from(std::string_view url);

class Probe {
 public:
  // Tries every address of the host in turn, until `give_up`.
  static std::unique_ptr<Probe> start(Loop& loop, const ProbeTarget& target, Instant give_up);
  virtual ~Probe() = default;

  virtual bool done() const = 0;
  // Empty when somebody is there; else "ECONNREFUSED", "answered 503", "no answer in time", …
  virtual const std::string& why_not() const = 0;
};

}  // namespace faultline::wire
