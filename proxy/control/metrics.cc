#include "proxy/control/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <tuple>
#include <utility>
#include <vector>

namespace faultline::control {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

MetricFamily counter(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Counter, {}};
}
MetricFamily gauge(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Gauge, {}};
}

void add(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (family.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
}
void add(MetricFamily& family, Labels labels, std::uint64_t value) {
  add(family, std::move(labels), static_cast<double>(value));
}

void append(std::vector<MetricFamily>& all, std::vector<MetricFamily> more) {
  for (MetricFamily& family : more) {
    if (!family.metric.empty()) all.push_back(std::move(family));
  }
}

std::vector<MetricFamily> of_proxies(const Registry& registry, wire::Engine& engine) {
  MetricFamily enabled = gauge("faultline_proxy_enabled", "Whether the proxy listens.");
  MetricFamily live = gauge("faultline_proxy_connections", "Connections that are open.");
  MetricFamily accepted =
      counter("faultline_proxy_connections_accepted_total", "Connections accepted so far.");
  MetricFamily bytes = counter("faultline_proxy_bytes_total",
                               "Bytes read from the client (upstream) or the server (downstream).");
  for (const auto& [name, proxy] : registry.proxies()) {
    const wire::ProxyCounters counters = engine.counters(proxy.id);
    add(enabled, {{"proxy", name}}, proxy.enabled ? 1.0 : 0.0);
    add(live, {{"proxy", name}}, counters.live);
    add(accepted, {{"proxy", name}}, counters.accepted);
    add(bytes, {{"direction", "upstream"}, {"proxy", name}}, counters.bytes_upstream);
    add(bytes, {{"direction", "downstream"}, {"proxy", name}}, counters.bytes_downstream);
  }
  return {std::move(enabled), std::move(live), std::move(accepted), std::move(bytes)};
}

std::vector<MetricFamily> of_faults(const Registry& registry, wire::Engine& engine) {
  MetricFamily armed = gauge("faultline_fault_armed", "A fault that is in force.");
  MetricFamily connections =
      counter("faultline_fault_touched_connections_total", "Connections that the fault altered.");
  MetricFamily messages = counter("faultline_fault_touched_messages_total",
                                  "Messages, or else chunks, that the fault altered.");
  MetricFamily bytes = counter("faultline_fault_touched_bytes_total",
                               "Bytes that the fault held, dropped or replaced.");
  for (const auto& [name, proxy] : registry.proxies()) {
    for (const HeldFault& fault : proxy.faults) {
      const Touched touched = engine.touched(fault.id);
      const Labels labels{{"fault", fault.order.name},
                          {"kind", std::string(fault.order.kind->name)},
                          {"proxy", name}};
      add(armed, labels, 1.0);
      add(connections, labels, touched.connections);
      add(messages, labels, touched.messages);
      add(bytes, labels, touched.bytes);
    }
  }
  return {std::move(armed), std::move(connections), std::move(messages), std::move(bytes)};
}

// Toxiproxy's two names, counted while connections are open, too. What waits in a proxy has been
// received and is not sent yet.
std::vector<MetricFamily> of_toxiproxy(const Registry& registry, wire::Engine& engine) {
  MetricFamily received = counter("toxiproxy_proxy_received_bytes_total",
                                  "Bytes that came in, by the direction they travel in.");
  MetricFamily sent = counter("toxiproxy_proxy_sent_bytes_total",
                              "Bytes that went on, by the direction they travel in.");
  std::map<ProxyId, std::pair<std::uint64_t, std::uint64_t>> held;
  for (const wire::LiveConnection& connection : engine.connections(0)) {
    held[connection.proxy].first += connection.held_upstream;
    held[connection.proxy].second += connection.held_downstream;
  }
  for (const auto& [name, proxy] : registry.proxies()) {
    const wire::ProxyCounters counters = engine.counters(proxy.id);
    const auto [up, down] = held[proxy.id];
    for (const auto& [direction, count, waiting] :
         {std::tuple("upstream", counters.bytes_upstream, up),
          std::tuple("downstream", counters.bytes_downstream, down)}) {
      const Labels labels{{"direction", direction},
                          {"listener", proxy.listen},
                          {"proxy", name},
                          {"upstream", proxy.upstream}};
      add(received, labels, count);
      add(sent, labels, count - std::min(count, waiting));
    }
  }
  return {std::move(received), std::move(sent)};
}

std::vector<MetricFamily> of_process() {
  MetricFamily cpu = counter("process_cpu_seconds_total", "User and system time spent.");
  add(cpu, {}, static_cast<double>(std::clock()) / static_cast<double>(CLOCKS_PER_SEC));
  MetricFamily memory = gauge("process_resident_memory_bytes", "Memory that is resident.");
  constexpr double page = 4096;
  double pages = 0;
  if (std::ifstream file("/proc/self/statm"); file >> pages >> pages) add(memory, {}, pages * page);
  MetricFamily open = gauge("process_open_fds", "Descriptors that are open.");
  std::error_code failure;
  const std::filesystem::directory_iterator entries("/proc/self/fd", failure);
  if (!failure) add(open, {}, static_cast<double>(std::distance(begin(entries), end(entries))));
  return {std::move(cpu), std::move(memory), std::move(open)};
}

}  // namespace

void Metrics::count_request(std::string_view method, int status) {
  ++requests_[{std::string(method), status}];
}

std::string Metrics::text() const {
  std::vector<MetricFamily> all;
  if (families_.own) {
    MetricFamily build = gauge("faultline_build_info", "The version that runs.");
    add(build, {{"version", FAULTLINE_VERSION}}, 1.0);
    MetricFamily requests = counter("faultline_api_requests_total", "Answers of the control API.");
    for (const auto& [request, count] : requests_) {
      add(requests, {{"code", std::to_string(request.second)}, {"method", request.first}}, count);
    }
    append(all, {std::move(build), std::move(requests)});
    append(all, of_proxies(registry_, engine_));
    append(all, of_faults(registry_, engine_));
  }
  if (families_.toxiproxy) append(all, of_toxiproxy(registry_, engine_));
  if (families_.runtime) append(all, of_process());
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace faultline::control
