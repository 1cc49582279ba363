#pragma once

// A faultline that serves: the engine, the registry and the control server on one thread, until a
// signal. What two command lines, `faultline serve` and `toxiproxy-server`, have in common.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "faults/result.h"
#include "proxy/control/admission.h"
#include "proxy/control/metrics.h"
#include "proxy/control/upstreams.h"
#include "proxy/wire/engine.h"
#include "proxy/wire/http_listen.h"

namespace faultline::cli {

struct Serving {
  std::vector<wire::HttpDoor> doors;
  control::Admission admission;
  wire::EngineOptions engine;
  std::string config;             // a JSON file of proxies; empty: none
  bool config_must_hold = false;  // else a mistake in it is told, and serving goes on
  std::string file;               // a TOML file of proxies and faults; empty: none
  control::Upstreams upstreams;   // where proxies may be pointed at
  control::Metrics::Families metrics;
};

// How it tells what it does: the text, and for some the address it is about.
struct Voice {
  std::function<void(const std::string& text, const std::string& address)> says;
  std::function<void(const std::string& text)> complains;
};

// Until SIGINT or SIGTERM (then 0), or what it needs cannot be had. SIGHUP reads the file again.
int serve(Serving serving, const Voice& voice);

// The program under Toxiproxy's name, with that program's flags.
bool is_toxiproxy_server(std::string_view program);
int toxiproxy_server(std::span<const std::string> words);

}  // namespace faultline::cli
