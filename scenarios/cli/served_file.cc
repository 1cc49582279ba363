#include "scenarios/cli/served_file.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "faults/catalogue.h"
#include "scenarios/cli/drill_file.h"

namespace faultline::cli {
namespace {

control::FaultOrder order_from(const FaultPlan& plan) {
  control::FaultOrder order;
  order.name = plan.id;
  order.kind = find_fault_kind(plan.kind);
  order.settings = plan.parameters;
  order.aim_settings = plan.aim;
  const auto settings = read_settings(aim_parameters(), plan.aim, plan.where);
  assert(settings.has_value());  // it was when the file was read
  const auto aim = aim_from(*order.kind, *settings);
  assert(aim.has_value());
  order.aim = *aim;
  order.owner = control::configuration_owner;
  return order;
}

}  // namespace

std::vector<control::ConfiguredProxy> orders_from(const ServeFile& file) {
  std::vector<control::ConfiguredProxy> orders;
  for (const ServedProxy& proxy : file.proxies) {
    control::ProxyOrder order;
    order.name = proxy.name;
    order.listen = proxy.listen;
    order.upstream = proxy.upstream;
    order.protocol = proxy.protocol;
    order.enabled = proxy.enabled;
    order.tls = proxy.tls;
    order.rewrite_host = proxy.rewrite_host;
    order.connect_timeout = proxy.connect_timeout;
    for (const FaultPlan& fault : file.faults) {
      const bool here = std::ranges::count(fault.on, proxy.name) != 0;
      if (here) order.faults.push_back(order_from(fault));
    }
    orders.push_back({std::move(order), proxy.where});
  }
  return orders;
}

Checked<control::Configuration::Outcome> ServedFile::load() {
  right_ = false;
  Checked<DrillSource> source = drill_source(path_, {});
  if (!source) return std::unexpected(std::move(source.error()));
  Checked<ServeFile> file = read_serve_file(*source);
  if (!file) return std::unexpected(std::move(file.error()));
  right_ = true;
  return configuration_.apply(orders_from(*file));
}

}  // namespace faultline::cli
