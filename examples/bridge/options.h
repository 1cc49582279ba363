#pragma once

// The command line of the bridge. Durations carry a unit (`800ms`, `5s`, `2m`).

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "breaker_rule.h"
#include "bugs.h"
#include "stop.h"
#include "values.h"

namespace bridge {

struct Options {
  std::string listen_host;
  std::uint16_t listen_port = 0;
  std::string postgres;
  std::string node = "n1";

  std::size_t pool = 20;
  std::size_t max_concurrent = 50;
  std::size_t max_connections = 1024;

  Millis statement_deadline{800};
  Millis acquire_deadline{5000};
  Millis connect_deadline{800};
  Millis semaphore_deadline{10000};
  Millis reconnect_backoff{100};
  Millis start_deadline{30000};
  Millis drain_deadline{10000};
  Millis drain_grace{0};
  Millis work{0};

  std::optional<Address> agent;
  std::optional<Address> oura;
  std::optional<Address> whoop;
  Millis api_deadline{500};
  Millis oauth_deadline{10000};
  bool api_keep_alive = true;
  BreakerRule breaker;
  Millis breaker_open{30000};
  bool enrich_sync = false;
  std::size_t enrich_workers = 8;
  std::optional<Limit> limit_source;
  std::optional<Limit> limit_calls = Limit{10, Millis(60000)};

  bool ready_pg = false;
  bool help = false;
  Bugs bugs;
};

/// All mistakes are reported, not the first; each reads "--option: what was found; what would be
/// right".
std::expected<Options, std::vector<std::string>> parse_options(std::span<char*> arguments);

/// What `--help` prints.
std::string usage();

}  // namespace bridge
