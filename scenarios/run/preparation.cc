#include "scenarios/run/preparation.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include "proxy/wire/clock.h"
#include "proxy/wire/ports.h"
#include "proxy/wire/probe.h"

namespace faultline {
namespace {

constexpr Duration upstream_patience = std::chrono::seconds(3);

}  // namespace

Checked<void> find_ports(Drill& drill, Recording& recording) {
  const Result<std::vector<std::uint16_t>> found = wire::free_ports(drill.ports.size());
  if (!found) return std::unexpected(Errors{found.error()});
  for (std::size_t i = 0; i < found->size(); ++i) recording.ports[drill.ports[i]] = (*found)[i];
  Checked<Drill> resolved = resolve_ports(drill, recording.ports);
  if (!resolved) return std::unexpected(std::move(resolved.error()));
  drill = std::move(*resolved);
  return {};
}

Checked<std::vector<ProxyId>> open_proxies(Drill& drill, Recording& recording, Venue& venue) {
  std::map<std::string, Address> by_name;
  std::vector<Address> listening;
  std::vector<ProxyId> ids;
  Errors errors;
  for (const ProxySpec& proxy : drill.proxies) {
    const Result<wire::OpenedProxy> opened = venue.open(proxy);
    if (!opened) {
      errors.push_back(opened.error());
      continue;
    }
    ids.push_back(opened->id);
    recording.proxies[opened->id] = proxy.name;
    by_name[proxy.name] = opened->listening;
    listening.push_back(opened->listening);
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  Checked<Drill> resolved = resolve_listeners(drill, by_name);
  if (!resolved) return std::unexpected(std::move(resolved.error()));
  drill = std::move(*resolved);
  for (std::size_t i = 0; i < listening.size(); ++i) drill.proxies[i].listen = listening[i];
  return ids;
}

Checked<void> probe_upstreams(const Drill& drill, RunLoop& waiting) {
  std::vector<std::unique_ptr<wire::Probe>> probes;
  const Instant limit = wire::now() + upstream_patience;
  for (const ProxySpec& proxy : drill.proxies) {
    probes.push_back(wire::Probe::start(waiting.loop(), {proxy.upstream, ""}, limit));
  }
  const auto all_done = [&] {
    return std::all_of(probes.begin(), probes.end(), [](const auto& one) { return one->done(); });
  };
  if (!waiting.await(Patience::while_undisturbed, all_done, limit + upstream_patience)) return {};
  Errors errors;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    if (probes[i]->why_not().empty()) continue;
    const ProxySpec& proxy = drill.proxies[i];
    errors.push_back({"proxy \"" + proxy.name + "\"",
                      "upstream " + proxy.upstream.text() + " is not there: " +
                          probes[i]->why_not() + "; it must accept connections before a drill"});
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return {};
}

}  // namespace faultline
