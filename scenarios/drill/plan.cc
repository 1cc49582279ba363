#include "scenarios/drill/plan.h"

#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "faults/aim.h"
#include "faults/catalogue.h"
#include "scenarios/drill/interpolate.h"
#include "scenarios/drill/plan_words.h"

namespace faultline {
namespace {

constexpr std::size_t name_width = 14;

std::string per_second(double rate) { return number(rate) + "/s"; }

std::string padded(std::string text, std::size_t width = name_width) {
  text.append(text.size() < width ? width - text.size() : 1, ' ');
  return text;
}

// A word of a command line as a shell would need it, for reading only.
std::string word(const std::string& text) {
  const bool simple =
      !text.empty() && text.find_first_of(" \t\n\"'\\|&;<>()*?#~") == std::string::npos;
  return simple ? text : "'" + text + "'";
}

std::string listen_of(const Drill& drill, const ProxySpec& proxy) {
  const bool chosen = proxy.listen.port == 0 && !proxy.listen.host.empty();
  const std::string text =
      written_address(drill, LateAddress::For::listen, proxy.name, proxy.listen);
  return chosen ? proxy.listen.host + ":0 (a free port)" : text;
}

void add_ports(std::string& out, const Drill& drill) {
  out += "\nports it would bind\n";
  for (const ProxySpec& proxy : drill.proxies) {
    const bool of_xray = drill.xray && drill.xray->on == proxy.name;
    out += "  " + padded(proxy.name) + listen_of(drill, proxy) +
           (of_xray ? ", by the X-ray\n" : ", by the proxy\n");
  }
  for (const std::string& port : drill.ports)
    out += "  " + padded(port) + "a free port for ${port." + port + "}, left to a process\n";
}

void add_proxies(std::string& out, const Drill& drill) {
  out += "\nproxies\n";
  for (const ProxySpec& proxy : drill.proxies)
    out += "  " + padded(proxy.name) + listen_of(drill, proxy) + " -> " +
           (proxy.tls.upstream ? "https://" : "") +
           written_address(drill, LateAddress::For::upstream, proxy.name, proxy.upstream) +
           ", protocol " + proxy.protocol + ", connects within " +
           to_string(proxy.connect_timeout) + tls_words(proxy.tls) +
           (proxy.rewrites_host() ? ", rewrites Host" : "") + "\n";
}

std::string readiness(const Drill& drill, const ProcessPlan& process) {
  std::string tcp = written_address(drill, LateAddress::For::ready_tcp, process.name,
                                    process.ready_tcp.value_or(Address()));
  const bool has_tcp = process.ready_tcp || tcp != Address().text();
  if (process.ready_http.empty() && !has_tcp) return "when started";
  return (has_tcp ? "tcp " + std::move(tcp) : process.ready_http) + " within " +
         to_string(process.ready_within);
}

void add_processes(std::string& out, const Drill& drill) {
  if (drill.processes.empty()) return;
  out += "\nprocesses, in order of their start\n";
  for (const ProcessPlan& process : drill.processes) {
    std::string command;
    for (const std::string& part : process.command)
      command += (command.empty() ? "" : " ") + word(part);
    out += "  " + padded(process.name) + command + "\n";
    for (const auto& [name, value] : process.environment)
      out += "  " + padded("") + "environment " + name + "=" + value + "\n";
    out += "  " + padded("") + "ready: " + readiness(drill, process) + "\n";
    out += "  " + padded("") + "output to " + process.log + "; SIGTERM at the end, SIGKILL after " +
           to_string(process.stop_within) + "\n";
  }
}

std::string amount(const WorkloadPlan& workload) {
  const bool open = workload.model == LoadModel::rate;
  std::string text = open ? "rate " : "users ";
  if (workload.stages.empty()) {
    text += open ? per_second(workload.rate) : std::to_string(workload.vus);
  } else {
    text += "0";
    for (const LoadStage& stage : workload.stages)
      text += " -> " + (open ? per_second(stage.target) : number(stage.target)) + " in " +
              to_string(stage.lasting) + (stage.name.empty() ? "" : " (" + stage.name + ")");
  }
  text += ", " + to_string(workload.lasting) + " in all";
  if (open) return text + ", " + std::to_string(planned_arrivals(workload)) + " arrivals";
  text += ", think " + to_string(workload.think);
  if (workload.think_spread == Duration::zero()) return text;
  return text + " to " + to_string(workload.think + workload.think_spread);
}

void add_requests(std::string& out, const WorkloadPlan& workload, const std::string& target) {
  out += "  " + padded("");
  if (workload.mix.empty()) out += workload.method + " " + workload.path + " ";
  out += target + ", timeout " + to_string(workload.timeout) + ", at most " +
         std::to_string(workload.max_in_flight) + " in flight\n";
  std::uint64_t sum = 0;
  for (const RequestPlan& kind : workload.mix) sum += kind.weight;
  for (const RequestPlan& kind : workload.mix)
    out += "  " + padded("") + padded(kind.name) + std::to_string(kind.weight) + " of " +
           std::to_string(sum) + ": " + kind.method + " " + kind.path + "\n";
  const SourcePlan& sources = workload.sources;
  if (sources.pool == 0) return;
  out += "  " + padded("") + std::to_string(sources.pool) + " sources from " +
         source_address(sources, 0) + " in " + sources.header;
  if (sources.session > 0)
    out += ", another after " + std::to_string(sources.session) + " requests of a user";
  out += "\n";
}

void add_workloads(std::string& out, const Drill& drill) {
  out += "\nworkloads\n";
  for (const WorkloadPlan& workload : drill.workloads) {
    const std::string target =
        workload.through.empty()
            ? "to " + written_address(drill, LateAddress::For::target, workload.name,
                                      workload.target.value_or(Address()))
            : "through " + workload.through;
    out += "  " + padded(workload.name) + amount(workload) + "\n";
    add_requests(out, workload, target);
    if (workload.retries > 0)
      out += "  " + padded("") + "sends again what was not taken: up to " +
             std::to_string(workload.retries) + " times, " + to_string(workload.retry_after) +
             " after an attempt\n";
  }
}

std::string settings_text(std::span<const Parameter> parameters,
                          const std::vector<RawSetting>& raw) {
  std::string text;
  for (const auto& [name, value] : settings_written(parameters, raw))
    text += (text.empty() ? "" : ", ") + name + " " + (value.empty() ? "\"\"" : value);
  return text;
}

std::string signature_text(const Signature& signature) {
  std::string text = "shows as";
  for (std::uint16_t status : signature.status) text += " " + std::to_string(status);
  if (signature.status.empty()) text += " any status";
  return signature.reason.empty() ? text : text + " with X-Reason " + signature.reason;
}

std::string fault_text(const FaultPlan& fault) {
  std::string text = fault.id + " on: " + fault.kind + " on";
  for (const std::string& proxy : fault.on)
    text += (proxy == fault.on.front() ? " " : ", ") + proxy;
  const std::string parameters =
      settings_text(find_fault_kind(fault.kind)->parameters, fault.parameters);
  return parameters.empty() ? text : text + " (" + parameters + ")";
}

void add_timeline(std::string& out, const Drill& drill) {
  std::multimap<Duration, std::string> steps = {
      {Duration::zero(), "load begins; warm-up, in no measure"}, {drill.timing.warmup, "baseline"}};
  for (const FaultPlan& fault : drill.faults) {
    const std::string margin = "\n  " + padded("");
    steps.emplace(fault.at, fault_text(fault) + margin +
                                "aim: " + settings_text(aim_parameters(), fault.aim) + margin +
                                signature_text(fault.signature) + ", told within " +
                                to_string(fault.fail_fast));
    steps.emplace(fault_end(drill, fault), fault.id + " off");
  }
  for (const WorkloadPlan& workload : drill.workloads)
    steps.emplace(workload.lasting, workload.name + " ends");
  out += "\ntimeline, from the first scheduled request\n";
  for (const auto& [at, what] : steps) out += "  " + padded(to_string(at)) + what + "\n";
}

void add_sinks(std::string& out, const Drill& drill) {
  if (drill.sinks.empty()) return;
  out += "\nsinks, read after the load\n";
  for (const SinkPlan& sink : drill.sinks) {
    out += "  " + padded(sink.name) + sink.kind + " " + sink.connection + "\n";
    out += "  " + padded("") + sink.query + "\n";
    out += "  " + padded("") + "quiet for " + to_string(sink.quiet) + ", within " +
           to_string(sink.within) + "\n";
  }
}

void add_limits(std::string& out, const Drill& drill) {
  if (drill.limits.empty()) return;
  out += "\nrate limits that the service declares\n";
  for (const LimitPlan& limit : drill.limits) {
    out += "  " + padded(limit.name) + limit_words(limit) + ", on " + limit.on + "\n";
    out += "  " + padded("");
    for (const std::string& route : limit.routes)
      out += (route == limit.routes.front() ? "" : ", ") + route;
    out += (limit.routes.empty() ? "every request" : "") + std::string("; refuses with ") +
           std::to_string(limit.status) + "\n";
  }
}

void add_xray(std::string& out, const XrayPlan& plan) {
  const std::string margin = "\n  " + padded("");
  out += "\nX-ray, in place of load and faults\n";
  out += "  " + padded(plan.kind) + "in the place of " + plan.on + "; within " +
         to_string(plan.within) + margin + "drives " + plan.request.method + " " + plan.drive +
         margin;
  if (plan.contract.empty()) {
    out += "without a contract\n";
  } else {
    out += "contract " + (plan.contract_file.empty() ? "in the drill" : plan.contract_file) + "\n";
  }
}

}  // namespace

std::uint64_t planned_arrivals(const WorkloadPlan& workload) {
  if (workload.model != LoadModel::rate) return 0;
  double area = workload.stages.empty() ? workload.rate * seconds(workload.lasting) : 0;
  double from = 0;
  for (const LoadStage& stage : workload.stages) {
    area += (from + stage.target) / 2 * seconds(stage.lasting);
    from = stage.target;
  }
  return static_cast<std::uint64_t>(std::llround(area));
}

std::string plan_text(const ReadDrill& read) {
  const Drill& drill = read.drill;
  std::string out = "drill " + drill.name;
  if (drill.title != drill.name) out += ": " + drill.title;
  out += "\nfile " + drill.file + ", seed " + std::to_string(drill.seed) + "\n";
  add_ports(out, drill);
  add_proxies(out, drill);
  add_processes(out, drill);
  if (drill.xray) {
    add_xray(out, *drill.xray);
  } else {
    add_workloads(out, drill);
    add_timeline(out, drill);
    out += "\nfull recovery: windows of " + to_string(drill.timing.window) + ", every " +
           to_string(drill.timing.step) + ", held for " + to_string(drill.timing.hold) + "\n";
  }
  add_sinks(out, drill);
  add_limits(out, drill);
  out += "\nexpectations\n";
  for (const Expectation& expectation : drill.expectations) {
    out += "  " + expectation.text;
    if (!expectation.text.starts_with(expectation.measure))
      out += ", that is " + expectation.call();
    out += "\n";
  }
  return redacted(std::move(out), read.secrets);
}

}  // namespace faultline
