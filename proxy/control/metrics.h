#pragma once

// What /metrics tells, in Prometheus' text format 0.0.4: readings of the registry and the engine,
// taken when somebody asks, so that connections which are still open count. The door to
// prometheus-cpp, whose serializer writes them.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/control/registry.h"
#include "proxy/wire/engine.h"

namespace faultline::control {

class Metrics {
 public:
  struct Families {
    bool own = true;         // faultline_…
    bool toxiproxy = false;  // toxiproxy_proxy_received_bytes_total and …_sent_bytes_total
    bool runtime = false;    // process_…
    bool any() const { return own || toxiproxy || runtime; }
  };

  Metrics(const Registry& registry, wire::Engine& engine, Families families)
      : registry_(registry), engine_(engine), families_(families) {}

  // One answer of the API; the methods are those that its HTTP parser knows.
  void count_request(std::string_view method, int status);

  bool any() const { return families_.any(); }
  std::string text() const;

 private:
  const Registry& registry_;
  wire::Engine& engine_;
  const Families families_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
};

}  // namespace faultline::control
