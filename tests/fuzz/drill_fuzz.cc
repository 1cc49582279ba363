// Any bytes as a drill file: read or refused with a place, never a crash, and what is read can be
// planned and resolved. The first line, if it begins with `#set `, is a --set.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>

#include "scenarios/drill/plan.h"

using namespace faultline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  DrillSource source;
  source.file = "drill.toml";
  source.text.assign(reinterpret_cast<const char*>(data), size);
  if (source.text.starts_with("#set "))
    source.sets.push_back(source.text.substr(5, source.text.find('\n') - 5));
  source.environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "A") return "${port.app} $$ ${A}";
    if (name == "PASSWORD") return "swordfish";
    return std::nullopt;
  };
  const Checked<ReadDrill> read = read_drill(source);
  if (!read) {
    assert(!read.error().empty());
    for (const Error& error : read.error()) assert(!error.where.empty() && !error.what.empty());
    return 0;
  }
  assert(!plan_text(*read).empty());
  std::map<std::string, std::uint16_t> ports;
  for (const std::string& port : read->drill.ports) ports[port] = 1;
  std::map<std::string, Address> listeners;
  for (const ProxySpec& proxy : read->drill.proxies) listeners[proxy.name] = {"127.0.0.1", 1};
  Checked<Drill> resolved = resolve_ports(read->drill, ports);
  assert(resolved);
  resolved = resolve_listeners(std::move(*resolved), listeners);
  assert(resolved && resolved->late_addresses.empty());
  return 0;
}
