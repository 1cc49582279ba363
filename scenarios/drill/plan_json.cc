// The plan for programs. Instants and durations are seconds from drill time 0; an address that only
// a run can know stands as it was written.

#include <map>
#include <span>

#include "faults/aim.h"
#include "faults/catalogue.h"
#include "proxy/json_line.h"
#include "scenarios/drill/interpolate.h"
#include "scenarios/drill/plan.h"
#include "scenarios/drill/plan_words.h"

namespace faultline {
namespace {

constexpr std::uint64_t schema_version = 1;

class PlanJson {
 public:
  explicit PlanJson(const ReadDrill& read) : drill_(read.drill), secrets_(read.secrets) {}

  std::string text() {
    std::string out;
    {
      JsonObject plan(out);
      plan.count("schema_version", schema_version);
      put(plan, "drill", drill_.name);
      put(plan, "title", drill_.title);
      put(plan, "file", drill_.file);
      plan.count("seed", drill_.seed);
      span(plan, "length", workload_end(drill_));
      timing(plan.key("timing"));
      names(plan.key("ports"), drill_.ports);
      list(plan.key("proxies"), drill_.proxies, &PlanJson::proxy);
      list(plan.key("processes"), drill_.processes, &PlanJson::process);
      list(plan.key("workloads"), drill_.workloads, &PlanJson::workload);
      list(plan.key("faults"), by_beginning(), &PlanJson::fault);
      list(plan.key("sinks"), drill_.sinks, &PlanJson::sink);
      list(plan.key("limits"), drill_.limits, &PlanJson::limit);
      if (drill_.xray) xray(plan.key("xray"), *drill_.xray);
      std::vector<std::string> expectations;
      for (const Expectation& one : drill_.expectations) expectations.push_back(one.text);
      names(plan.key("expect"), expectations);
    }
    return out + "\n";
  }

 private:
  std::vector<FaultPlan> by_beginning() const {
    std::multimap<Duration, FaultPlan> sorted;
    for (const FaultPlan& fault : drill_.faults) sorted.emplace(fault.at, fault);
    std::vector<FaultPlan> faults;
    for (const auto& [at, fault] : sorted) faults.push_back(fault);
    return faults;
  }

  void put(JsonObject& object, std::string_view key, const std::string& text) const {
    object.text(key, redacted(text, secrets_));
  }
  static void value(JsonObject& object, std::string_view key, double value) {
    object.key(key) += number(value);
  }
  static void span(JsonObject& object, std::string_view key, Duration duration) {
    value(object, key, seconds(duration));
  }

  template <class Item>
  void list(std::string& out, const std::vector<Item>& items,
            void (PlanJson::*one)(JsonObject&, const Item&) const) const {
    out += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += ',';
      JsonObject object(out);
      (this->*one)(object, items[i]);
    }
    out += ']';
  }

  void names(std::string& out, const std::vector<std::string>& words) const {
    out += '[';
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (i > 0) out += ',';
      append_json_text(out, redacted(words[i], secrets_));
    }
    out += ']';
  }

  void table(std::string& out, std::span<const std::pair<std::string, std::string>> pairs) const {
    JsonObject object(out);
    for (const auto& [key, text] : pairs) put(object, key, text);
  }

  void timing(std::string& out) const {
    JsonObject object(out);
    span(object, "warmup", drill_.timing.warmup);
    span(object, "window", drill_.timing.window);
    span(object, "step", drill_.timing.step);
    span(object, "hold", drill_.timing.hold);
  }

  void proxy(JsonObject& object, const ProxySpec& proxy) const {
    using For = LateAddress::For;
    put(object, "name", proxy.name);
    put(object, "listen", written_address(drill_, For::listen, proxy.name, proxy.listen));
    put(object, "upstream",
        (proxy.tls.upstream ? "https://" : "") +
            written_address(drill_, For::upstream, proxy.name, proxy.upstream));
    if (proxy.tls.any()) tls(object.key("tls"), proxy.tls);
    put(object, "protocol", proxy.protocol);
    if (proxy.rewrites_host()) object.key("rewrite_host") += "true";
    span(object, "connect_timeout", proxy.connect_timeout);
  }

  void tls(std::string& out, const TlsSpec& tls) const {
    JsonObject object(out);
    if (tls.upstream) object.key("verifies") += tls.insecure ? "false" : "true";
    for (const auto& [key, text] : {
             std::pair("server_name", &tls.server_name),
             std::pair("ca_file", &tls.ca_file),
             std::pair("certificate_file", &tls.certificate_file),
             std::pair("key_file", &tls.key_file),
             std::pair("generate", &tls.generate),
             std::pair("write_ca", &tls.write_ca),
         }) {
      if (!text->empty()) put(object, key, *text);
    }
  }

  void process(JsonObject& object, const ProcessPlan& process) const {
    put(object, "name", process.name);
    names(object.key("command"), process.command);
    const std::vector<std::pair<std::string, std::string>> environment(process.environment.begin(),
                                                                       process.environment.end());
    table(object.key("environment"), environment);
    put(object, "log", process.log);
    if (!process.ready_http.empty()) put(object, "ready_http", process.ready_http);
    const std::string tcp = written_address(drill_, LateAddress::For::ready_tcp, process.name,
                                            process.ready_tcp.value_or(Address()));
    if (process.ready_tcp || tcp != Address().text()) put(object, "ready_tcp", tcp);
    span(object, "ready_within", process.ready_within);
    span(object, "stop_within", process.stop_within);
  }

  void workload(JsonObject& object, const WorkloadPlan& workload) const {
    const bool open = workload.model == LoadModel::rate;
    put(object, "name", workload.name);
    put(object, "kind", workload.kind);
    if (workload.through.empty())
      put(object, "target",
          written_address(drill_, LateAddress::For::target, workload.name,
                          workload.target.value_or(Address())));
    else
      put(object, "through", workload.through);
    object.text("model", open ? "rate" : "vus");
    if (!workload.stages.empty())
      list(object.key("stages"), workload.stages, &PlanJson::stage);
    else if (open)
      value(object, "rate", workload.rate);
    else
      object.count("vus", workload.vus);
    if (open)
      object.count("arrivals", planned_arrivals(workload));
    else
      span(object, "think", workload.think);
    if (workload.think_spread > Duration::zero())
      span(object, "think_max", workload.think + workload.think_spread);
    span(object, "for", workload.lasting);
    span(object, "timeout", workload.timeout);
    object.count("max_in_flight", workload.max_in_flight);
    object.count("retries", workload.retries);
    if (workload.retries > 0) span(object, "retry_after", workload.retry_after);
    if (workload.mix.empty()) {
      put(object, "method", workload.method);
      put(object, "path", workload.path);
    } else {
      list(object.key("mix"), workload.mix, &PlanJson::kind);
    }
    if (workload.sources.pool > 0) sources(object.key("sources"), workload.sources);
    if (!workload.wait_header.empty()) put(object, "wait_header", workload.wait_header);
  }

  void kind(JsonObject& object, const RequestPlan& kind) const {
    put(object, "name", kind.name);
    object.count("weight", kind.weight);
    put(object, "method", kind.method);
    put(object, "path", kind.path);
  }

  void sources(std::string& out, const SourcePlan& sources) const {
    JsonObject object(out);
    object.count("pool", sources.pool);
    put(object, "first", source_address(sources, 0));
    put(object, "header", sources.header);
    if (sources.session > 0) object.count("session", sources.session);
  }

  void stage(JsonObject& object, const LoadStage& stage) const {
    if (!stage.name.empty()) put(object, "name", stage.name);
    span(object, "for", stage.lasting);
    value(object, "target", stage.target);
  }

  void fault(JsonObject& object, const FaultPlan& fault) const {
    put(object, "id", fault.id);
    put(object, "kind", fault.kind);
    names(object.key("on"), fault.on);
    span(object, "at", fault.at);
    span(object, "until", fault_end(drill_, fault));
    table(object.key("parameters"),
          settings_written(find_fault_kind(fault.kind)->parameters, fault.parameters));
    table(object.key("aim"), settings_written(aim_parameters(), fault.aim));
    std::string& status = object.key("status");
    status += '[';
    for (std::size_t i = 0; i < fault.signature.status.size(); ++i)
      status += (i > 0 ? "," : "") + std::to_string(fault.signature.status[i]);
    status += ']';
    put(object, "reason", fault.signature.reason);
    span(object, "fail_fast", fault.fail_fast);
  }

  void sink(JsonObject& object, const SinkPlan& sink) const {
    put(object, "name", sink.name);
    put(object, "kind", sink.kind);
    put(object, "connection", sink.connection);
    put(object, "query", sink.query);
    span(object, "quiet", sink.quiet);
    span(object, "within", sink.within);
  }

  void limit(JsonObject& object, const LimitPlan& limit) const {
    put(object, "name", limit.name);
    put(object, "on", limit.on);
    object.text("algorithm", name(limit.algorithm));
    object.count("requests", limit.requests);
    span(object, "window", limit.window);
    if (limit.algorithm == LimitAlgorithm::token_bucket) object.count("burst", limit.burst);
    object.text("key", name(limit.key));
    if (limit.key == LimitKey::header) put(object, "header", limit.header);
    names(object.key("routes"), limit.routes);
    object.count("status", limit.status);
    span(object, "tolerance", limit.tolerance);
  }

  void xray(std::string& out, const XrayPlan& plan) const {
    JsonObject object(out);
    put(object, "kind", plan.kind);
    put(object, "on", plan.on);
    put(object, "drive", plan.drive);
    put(object, "method", plan.request.method);
    span(object, "within", plan.within);
    if (!plan.contract_file.empty()) put(object, "contract_file", plan.contract_file);
    JsonObject contract(object.key("contract"));
    for (const auto& [name, expected] : plan.contract) put(contract, name, expected.text);
  }

  const Drill& drill_;
  const std::vector<std::string>& secrets_;
};

}  // namespace

std::string plan_json(const ReadDrill& read) { return PlanJson(read).text(); }

}  // namespace faultline
