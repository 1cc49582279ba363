#pragma once

// The configuration of `faultline serve`: proxies and their faults, in the words of drills. The
// [[proxy]] and [[fault]] tables have the keys they have there, without what belongs to a run: no
// timeline, no references to ports or processes.
//
//   [[proxy]]
//   name = "db"
//   listen = "127.0.0.1:6432"
//   upstream = "127.0.0.1:5432"
//
//   [[fault]]
//   id = "slow"
//   kind = "latency"
//   on = "db"
//   delay = "100ms"

#include <optional>
#include <string>
#include <vector>

#include "scenarios/drill/drill.h"
#include "scenarios/drill/drill_toml.h"

namespace faultline {

struct ServedProxy {
  std::string name;
  std::string listen;
  std::string upstream;  // without its scheme, which is in `tls`
  std::string protocol = "tcp";
  bool enabled = true;
  Duration connect_timeout = std::chrono::seconds(10);
  TlsSpec tls;
  std::optional<bool> rewrite_host = {};
  std::string where;
};

struct ServeFile {
  std::vector<ServedProxy> proxies;
  std::vector<FaultPlan> faults;  // of which id, kind, on, parameters, aim and where count
};

// Every mistake at once, each with its line and column. `sets` of the source are carried out.
Checked<ServeFile> read_serve_file(const DrillSource& source);

}  // namespace faultline
