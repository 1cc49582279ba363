#pragma once

// The proxies and faults that a configuration file asks for, and what it takes to get there from
// what is. Applied whole or not at all: a port that is taken leaves everything as it was.
//
// Only what the file changed is touched. A proxy that reads as before keeps its listener and its
// connections; another upstream is for connections from now on; a fault that reads otherwise is
// updated live; what is gone from the file is removed. What the API made beside the file stays, and
// what it took away comes back.

#include <map>
#include <string>
#include <vector>

#include "faults/result.h"
#include "proxy/control/registry.h"

namespace faultline::control {

inline constexpr const char* configuration_owner = "configuration";

struct ConfiguredProxy {
  ProxyOrder order;
  std::string where;  // in the file, for errors
};

class Configuration {
 public:
  struct Outcome {
    std::vector<std::string> added, changed, removed;  // proxies; changed: itself or its faults
    std::size_t unchanged = 0;
  };

  explicit Configuration(Registry& registry) : registry_(registry) {}

  // The faults of the orders have been checked.
  Checked<Outcome> apply(const std::vector<ConfiguredProxy>& wanted);

 private:
  struct Undo;
  using Orders = std::map<std::string, ProxyOrder>;

  void vacate(const std::vector<ConfiguredProxy>& wanted, Undo& undo);
  Result<void> settle_proxy(const ConfiguredProxy& wanted, Undo& undo, Outcome& outcome);
  bool settle_faults(const ProxyOrder& order);

  Registry& registry_;
  Orders applied_;
};

}  // namespace faultline::control
