#pragma once

// A small drill that is right, for tests that then make one thing of it wrong.

#include <initializer_list>
#include <map>
#include <string>
#include <utility>

#include "scenarios/drill/drill_toml.h"
#include "tests/support/catch.h"

namespace faultline {

inline const std::string small_drill = R"(name = "small"
seed = 7
ports = ["app"]
expect = ["touched(outage) >= 1"]
[timing]
warmup = "2s"
[[proxy]]
name = "front"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:${port.app}"
protocol = "http"
[[proxy]]
name = "db"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:5432"
protocol = "postgres"
[[process]]
name = "app"
command = ["app", "--listen", "127.0.0.1:${port.app}", "--db", "${proxy.db.listen}"]
environment = { DB_PORT = "${proxy.db.port}", PRICE = "5$$" }
ready = { tcp = "127.0.0.1:${port.app}", within = "5s" }
[[workload]]
name = "hooks"
through = "front"
rate = "50/s"
for = "30s"
request = { path = "/hooks/{id}", headers = { X-Id = "{id}" }, body = "x" }
[[fault]]
id = "outage"
kind = "reset"
on = "db"
at = "10s"
for = "10s"
)";

using Environment = std::map<std::string, std::string>;

inline Checked<ReadDrill> read(const std::string& text, std::vector<std::string> sets = {},
                               const Environment& environment = {}) {
  return read_drill({"drill.toml", text, std::move(sets),
                     [environment](std::string_view name) -> std::optional<std::string> {
                       const auto it = environment.find(std::string(name));
                       if (it == environment.end()) return std::nullopt;
                       return it->second;
                     }});
}

// The drill; all its errors fail the test.
inline ReadDrill must_read(const std::string& text, std::vector<std::string> sets = {},
                           const Environment& environment = {}) {
  auto drill = read(text, std::move(sets), environment);
  if (!drill)
    for (const Error& error : drill.error()) UNSCOPED_INFO(error.text());
  REQUIRE(drill);
  return std::move(*drill);
}

// The errors, one per line.
inline std::string errors_of(const std::string& text, std::vector<std::string> sets = {},
                             const Environment& environment = {}) {
  const auto drill = read(text, std::move(sets), environment);
  std::string lines;
  if (!drill)
    for (const Error& error : drill.error()) lines += error.text() + "\n";
  return lines;
}

// `text` with the first `from` made `to`; it must be there.
inline std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace faultline
