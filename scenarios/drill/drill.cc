#include "scenarios/drill/drill.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <optional>

#include "scenarios/drill/interpolate.h"

namespace faultline {
namespace {

using Value = std::function<std::optional<std::string>(const LateReference&)>;

// Puts one kind of reference in place everywhere in a drill.
class Resolution {
 public:
  Resolution(Drill& drill, LateReference::Kind kind, Value value)
      : drill_(drill), kind_(kind), value_(std::move(value)) {}

  Errors run() {
    for (ProcessPlan& process : drill_.processes) {
      for (std::string& word : process.command) put(word, process.where);
      for (auto& [name, text] : process.environment) put(text, process.where);
      put(process.ready_http, process.where);
    }
    for (SinkPlan& sink : drill_.sinks) put(sink.connection, sink.where);
    if (drill_.xray) put(drill_.xray->drive, drill_.xray->where);
    std::erase_if(drill_.late_addresses, [&](LateAddress& late) {
      put(late.text, late.where);
      return late_references(late.text).empty() && settle(late);
    });
    return std::move(errors_);
  }

 private:
  void put(std::string& text, const std::string& where) {
    text = replace_late(text, [&](const LateReference& reference) -> std::optional<std::string> {
      if (reference.kind != kind_) return std::nullopt;
      auto value = value_(reference);
      if (!value) errors_.push_back({where, reference.text() + " names nothing that is known"});
      return value;
    });
    if (kind_ == LateReference::Kind::proxy) text = plain(text);
  }

  // True when the address is in its place, or can never be.
  bool settle(const LateAddress& late) {
    const Result<Address> address = address_from(late.text);
    if (!address) {
      errors_.push_back({late.where, address.error().what});
      return true;
    }
    switch (late.part) {
      case LateAddress::For::listen:
        named(drill_.proxies, late.owner).listen = *address;
        break;
      case LateAddress::For::upstream:
        named(drill_.proxies, late.owner).upstream = *address;
        break;
      case LateAddress::For::ready_tcp:
        named(drill_.processes, late.owner).ready_tcp = *address;
        break;
      case LateAddress::For::target:
        named(drill_.workloads, late.owner).target = *address;
        break;
    }
    return true;
  }

  template <class Part>
  static Part& named(std::vector<Part>& parts, const std::string& name) {
    const auto it = std::ranges::find(parts, name, &Part::name);
    assert(it != parts.end());
    return *it;
  }

  Drill& drill_;
  LateReference::Kind kind_;
  Value value_;
  Errors errors_;
};

Checked<Drill> resolve(Drill drill, LateReference::Kind kind, Value value) {
  if (Errors errors = Resolution(drill, kind, std::move(value)).run(); !errors.empty())
    return std::unexpected(std::move(errors));
  return drill;
}

// Where a client reaches what listens there.
Address dialable(Address address) {
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return address;
}

}  // namespace

std::vector<RequestPlan> requests_of(const WorkloadPlan& workload) {
  if (!workload.mix.empty()) return workload.mix;
  return {{"", 1, workload.method, workload.path, workload.headers, workload.body}};
}

std::string source_address(const SourcePlan& sources, std::uint64_t index) {
  const std::uint64_t bits = sources.first + index % sources.pool;
  std::string text;
  for (const int shift : {24, 16, 8, 0})
    text += (text.empty() ? "" : ".") + std::to_string((bits >> shift) & 255);
  return text;
}

bool carries_id(const RequestPlan& request) {
  const auto says = [](const std::string& text) { return text.find("{id}") != text.npos; };
  return says(request.path) || says(request.body) ||
         std::ranges::any_of(request.headers, [&](const auto& h) { return says(h.second); });
}

Duration workload_end(const Drill& drill) {
  Duration end{};
  for (const WorkloadPlan& workload : drill.workloads) {
    Duration lasting = workload.lasting;
    if (!workload.stages.empty()) lasting = {};
    for (const LoadStage& stage : workload.stages) lasting += stage.lasting;
    end = std::max(end, lasting);
  }
  return end;
}

Duration fault_end(const Drill& drill, const FaultPlan& fault) {
  return fault.lasting == Duration::zero() ? workload_end(drill) : fault.at + fault.lasting;
}

Checked<Drill> resolve_ports(Drill drill, const std::map<std::string, std::uint16_t>& ports) {
  return resolve(std::move(drill), LateReference::Kind::port,
                 [&](const LateReference& reference) -> std::optional<std::string> {
                   const auto it = ports.find(reference.name);
                   if (it == ports.end()) return std::nullopt;
                   return std::to_string(it->second);
                 });
}

Checked<Drill> resolve_listeners(Drill drill, const std::map<std::string, Address>& listeners) {
  return resolve(std::move(drill), LateReference::Kind::proxy,
                 [&](const LateReference& reference) -> std::optional<std::string> {
                   const auto it = listeners.find(reference.name);
                   if (it == listeners.end()) return std::nullopt;
                   const Address address = dialable(it->second);
                   if (reference.part == "host") return address.host;
                   if (reference.part == "port") return std::to_string(address.port);
                   return address.text();
                 });
}

}  // namespace faultline
