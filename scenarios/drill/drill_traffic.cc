// The section about what is done to traffic: faults.

#include <algorithm>

#include "faults/aim.h"
#include "faults/catalogue.h"
#include "scenarios/drill/drill_sections.h"

namespace faultline {
namespace {

std::vector<std::string> proxy_names(const Drill& drill) {
  std::vector<std::string> names;
  for (const ProxySpec& proxy : drill.proxies) names.push_back(proxy.name);
  return names;
}

// A key of a fault that its kind or its aim will read.
std::optional<RawSetting> raw_setting(Section& section, const Member& member,
                                      const Parameter& parameter) {
  Reading& reading = section.reading();
  RawSetting raw{member.key, false, reading.where(member.value.place)};
  const Node& value = member.value;
  if (value.kind == NodeKind::integer) {
    raw.value = value.integer;
  } else if (value.kind == NodeKind::real) {
    raw.value = value.real;
  } else if (value.kind == NodeKind::boolean) {
    raw.value = value.boolean;
  } else if (value.kind == NodeKind::text) {
    auto text = reading.text(value, member.key, Late::none);
    if (!text) return std::nullopt;
    raw.value = *text;
    // A variable can only bring text, whatever the parameter's type.
    const Node typed = parse_value(*text, value.place);
    if (parameter.type == ParameterType::integer && typed.kind == NodeKind::integer)
      raw.value = typed.integer;
    if (parameter.type == ParameterType::boolean && typed.kind == NodeKind::boolean)
      raw.value = typed.boolean;
  } else {
    reading.wrong(value.place, member.key + ": found " + std::string(name(value.kind)) +
                                   "; expected a string, a number or a boolean");
    return std::nullopt;
  }
  return raw;
}

std::vector<RawSetting> raw_settings(Section& section, std::span<const Parameter> parameters) {
  std::vector<RawSetting> settings;
  for (const Parameter& parameter : parameters)
    if (const Member* member = section.table().find(parameter.name))
      if (auto setting = raw_setting(section, *member, parameter))
        settings.push_back(std::move(*setting));
  return settings;
}

void read_parameters(Section& section, const FaultKind& kind, FaultPlan& fault) {
  Reading& reading = section.reading();
  fault.parameters = raw_settings(section, kind.parameters);
  fault.aim = raw_settings(section, aim_parameters());
  const auto aim = read_settings(aim_parameters(), fault.aim, fault.where);
  if (!aim) reading.adopt(aim.error(), section.place());
  const auto settings = read_settings(kind.parameters, fault.parameters, fault.where);
  if (!settings) {
    reading.adopt(settings.error(), section.place());
  } else if (const auto made = kind.make(*settings); !made) {
    reading.adopt(made.error(), section.place());
  }
}

void read_signature(Section& section, FaultPlan& fault) {
  auto signature = section.section("signature");
  if (!signature) return;
  fault.signature = Signature();
  const auto status = [&](const Node& node) {
    if (node.kind == NodeKind::integer && node.integer >= 100 && node.integer <= 599)
      fault.signature.status.push_back(static_cast<std::uint16_t>(node.integer));
    else
      signature->reading().wrong(node.place, "status: expected an HTTP status, 100 to 599");
  };
  if (const Node* node = signature->find("status")) {
    if (node->kind == NodeKind::array)
      for (const Node& item : node->items) status(item);
    else
      status(*node);
  }
  signature->text("reason", fault.signature.reason);
  signature->finish();
}

// A fault must leave room for a baseline before it, and end while there still is load.
void check_times(Section& section, const Drill& drill, const FaultPlan& fault) {
  const Duration end = workload_end(drill);
  if (end == Duration::zero()) return;  // the workload is wrong, and said so
  if (fault.at <= drill.timing.warmup)
    section.wrong("at", "begins at " + to_string(fault.at) + ", but the warm-up lasts until " +
                            to_string(drill.timing.warmup) + "; leave time for a baseline");
  if (fault.at >= end)
    section.wrong("at",
                  "begins at " + to_string(fault.at) + ", but the load ends at " + to_string(end));
  else if (fault_end(drill, fault) > end)
    section.wrong("for", "ends at " + to_string(fault_end(drill, fault)) +
                             ", but the load ends at " + to_string(end));
}

// Elsewhere it would find nothing that it can act on.
void check_place(Section& section, const Drill& drill, const FaultPlan& fault) {
  const FaultKind& kind = *find_fault_kind(fault.kind);
  for (const ProxySpec& proxy : drill.proxies) {
    if (!std::ranges::count(fault.on, proxy.name)) continue;
    if (!kind.protocol.empty() && proxy.protocol != kind.protocol)
      section.wrong("kind", quoted(fault.kind) + " acts on protocol " + std::string(kind.protocol) +
                                ", and proxy " + quoted(proxy.name) + " has " + proxy.protocol);
    if (const std::string_view lack = lacks(proxy.tls, kind.needs_tls); !lack.empty())
      section.wrong("kind", quoted(fault.kind) + " acts on the TLS of clients, and proxy " +
                                quoted(proxy.name) + " " + std::string(lack));
  }
}

void read_fault(Section& section, std::set<std::string>& ids, Drill& drill) {
  FaultPlan fault;
  fault.where = section.reading().where(section.place());
  if (read_name(section, "id", ids, fault.id))
    for (const char* phase : {"warmup", "baseline", "fault", "recovery", "all"})
      if (fault.id == phase) section.wrong("id", quoted(fault.id) + " is the name of a phase");
  for (const WorkloadPlan& workload : drill.workloads)
    if (!fault.id.empty() && std::ranges::count(workload.stages, fault.id, &LoadStage::name))
      section.wrong("id", quoted(fault.id) + " is a stage of " + workload.name);
  section.require("kind", "\"reset\"");
  const bool known = section.choice("kind", fault.kind, fault_kind_names());
  read_fault_targets(section, drill, fault);
  section.require("at", "\"10s\"");
  const bool at = section.duration("at", fault.at, Duration::zero(), longest);
  section.duration("for", fault.lasting, shortest, longest);
  read_signature(section, fault);
  section.duration("fail_fast", fault.fail_fast, shortest, std::chrono::hours(1));
  if (at) check_times(section, drill, fault);
  if (known) {
    check_place(section, drill, fault);
    read_fault_settings(section, *find_fault_kind(fault.kind), fault);
  }
  drill.faults.push_back(std::move(fault));
}

}  // namespace

void read_fault_targets(Section& section, const Drill& drill, FaultPlan& fault) {
  section.require("on", "\"db\"");
  const Node* node = section.find("on");
  if (!node) return;
  if (node->kind == NodeKind::text) {
    if (std::string name; section.text("on", name)) fault.on = {name};
  } else {
    section.texts("on", fault.on);
    if (node->kind == NodeKind::array && node->items.empty())
      section.wrong("on", "names no proxy; a fault on nothing touches nothing");
  }
  const auto known = proxy_names(drill);
  std::set<std::string> seen;
  for (const std::string& name : fault.on) {
    if (!std::ranges::count(known, name))
      section.wrong("on", "there is no proxy " + quoted(name) + suggestion(name, known));
    if (!seen.insert(name).second) section.wrong("on", "names " + quoted(name) + " twice");
  }
}

void read_fault_settings(Section& section, const FaultKind& kind, FaultPlan& fault) {
  read_parameters(section, kind, fault);
  std::vector<std::string> also;
  for (const Parameter& parameter : kind.parameters) also.emplace_back(parameter.name);
  for (const Parameter& parameter : aim_parameters()) also.emplace_back(parameter.name);
  section.finish(also);
}

void read_faults(Section& root, Drill& drill) {
  std::set<std::string> ids;
  for (Section& section : root.sections("fault")) read_fault(section, ids, drill);
  const Duration end = workload_end(drill);
  if (end != Duration::zero() && drill.timing.warmup >= end)
    root.wrong("timing", "the warm-up lasts " + to_string(drill.timing.warmup) +
                             ", but the load ends at " + to_string(end));
}

}  // namespace faultline
