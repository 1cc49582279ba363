#include "scenarios/run/preparation.h"

#include <algorithm>
#include <cassert>
#include <chrono>
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
constexpr ProxyId no_proxy = 0;  // in a recording: of no event

Result<Address> with_a_port(Address address) {
  if (address.port != 0) return address;
  const Result<std::vector<std::uint16_t>> found = wire::free_ports(1);
  if (!found) return std::unexpected(found.error());
  address.port = found->front();
  return address;
}

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
    if (drill.xray && drill.xray->on == proxy.name) {
      const Result<Address> chosen = with_a_port(proxy.listen);
      if (!chosen) return std::unexpected(Errors{chosen.error()});
      recording.proxies[no_proxy] = proxy.name;
      by_name[proxy.name] = *chosen;
      listening.push_back(*chosen);
      continue;
    }
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

Result<std::unique_ptr<xray::WireBench>> open_bench(const Drill& drill, RunLoop& waiting) {
  const XrayPlan& plan = *drill.xray;
  const Result<wire::ProbeTarget> drive = wire::probe_target_from(plan.drive);
  if (!drive) return error(plan.where, "drive: " + drive.error().what);
  const auto on = std::ranges::find(drill.proxies, plan.on, &ProxySpec::name);
  assert(on != drill.proxies.end());  // the drill was checked
  // So that a service that remembers ids has not seen these.
  const auto run = std::chrono::system_clock::now().time_since_epoch().count();
  auto bench = xray::WireBench::open(
      waiting, {on->listen, on->upstream, drive->address, drive->http_path, plan.request.method,
                plan.request.headers, plan.request.body, std::to_string(run) + "-"});
  if (!bench) return error("the X-ray on " + faultline::quoted(plan.on), bench.error().text());
  return bench;
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
