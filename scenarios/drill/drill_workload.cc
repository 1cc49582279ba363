// The section about what is offered: workloads, with their stages, mixes, sources and thresholds.

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <limits>

#include "scenarios/drill/drill_sections.h"
#include "scenarios/drill/threshold.h"

namespace faultline {
namespace {

constexpr std::uint64_t most_users = 100'000;
constexpr std::uint64_t most_in_flight = 100'000;
constexpr std::uint64_t most_retries = 100;
constexpr std::size_t most_kinds = 100;  // of requests in a mix
constexpr std::uint64_t most_weight = 1000;
constexpr std::uint64_t most_sources = 1'000'000;
constexpr std::uint64_t most_requests = 1'000'000'000;
constexpr std::string_view duration_in_k6 = "duration";
constexpr Duration longest_pause = std::chrono::hours(1);

void read_header_name(Section& section, std::string_view key, std::string& into) {
  std::string name = into;
  if (!section.text(key, name)) return;
  if (is_token(name))
    into = name;
  else
    section.wrong(key, quoted(name) + " is not the name of a header");
}

void read_request(Section& request, RequestPlan& plan) {
  read_request_parts(request, plan);
  request.text("path", plan.path);
  if (!plan.path.starts_with('/') ||
      std::ranges::any_of(plan.path, [](char c) { return c <= ' ' || c == 127; }))
    request.wrong("path", quoted(plan.path) +
                              " is not a path; it begins with / and has no "
                              "blanks");
}

void read_mix(Section& section, WorkloadPlan& workload) {
  std::set<std::string> names;
  for (Section& part : section.sections("mix")) {
    RequestPlan plan;
    read_name(part, "name", names, plan.name);
    part.count("weight", plan.weight, 1, most_weight);
    read_request(part, plan);
    part.finish();
    workload.mix.push_back(std::move(plan));
  }
  if (workload.mix.size() > most_kinds)
    section.wrong("mix", "has " + std::to_string(workload.mix.size()) +
                             " kinds of request; at most " + std::to_string(most_kinds));
}

void read_requests(Section& section, WorkloadPlan& workload) {
  if (section.find("mix")) {
    if (section.find("request"))
      section.wrong("request", "does not go with mix; a request alone is a mix of one");
    return read_mix(section, workload);
  }
  auto request = section.section("request");
  if (!request) return;
  RequestPlan plan;
  read_request(*request, plan);
  request->finish();
  workload.method = std::move(plan.method);
  workload.path = std::move(plan.path);
  workload.headers = std::move(plan.headers);
  workload.body = std::move(plan.body);
}

void read_first_source(Section& sources, SourcePlan& plan) {
  std::string first;
  if (!sources.text("first", first)) return;
  in_addr address{};
  if (inet_pton(AF_INET, first.c_str(), &address) != 1)
    sources.wrong("first", quoted(first) + " is not an IPv4 address; write one like \"10.0.0.1\"");
  else
    plan.first = ntohl(address.s_addr);
}

void read_sources(Section& section, WorkloadPlan& workload) {
  SourcePlan& plan = workload.sources;
  const Node* node = section.find("sources");
  if (!node) return;
  if (node->kind != NodeKind::table) {
    section.count("sources", plan.pool, 1, most_sources);
    return;
  }
  auto sources = section.section("sources");
  sources->require("pool", "100");
  sources->count("pool", plan.pool, 1, most_sources);
  read_first_source(*sources, plan);
  read_header_name(*sources, "header", plan.header);
  sources->count("session", plan.session, 1, most_requests);
  if (sources->find("session") && workload.model == LoadModel::rate)
    sources->wrong("session",
                   "only goes with model = \"vus\"; arrivals come from all sources in turn");
  sources->finish();
  if (plan.pool > 0 && plan.pool - 1 > std::numeric_limits<std::uint32_t>::max() - plan.first)
    sources->wrong("first", "there are no " + std::to_string(plan.pool) +
                                " addresses from there on; begin lower");
}

// `{source}` without sources would be sent as it stands.
void check_source_named(Section& section, const WorkloadPlan& workload) {
  if (section.find("sources")) return;
  const auto says = [](const std::string& text) { return text.find("{source}") != text.npos; };
  for (const RequestPlan& request : requests_of(workload))
    if (says(request.path) || says(request.body) ||
        std::ranges::any_of(request.headers, [&](const auto& h) { return says(h.second); }))
      return section.wrong(workload.mix.empty() ? "request" : "mix",
                           "names {source}, but the workload has none; add sources = 100");
}

// Where the load goes: `through` a proxy or to a `target`, one of the two.
void read_target(Section& section, Drill& drill, WorkloadPlan& workload) {
  std::vector<std::string> proxies;
  for (const ProxySpec& proxy : drill.proxies) proxies.push_back(proxy.name);
  if (std::ranges::count(proxies, workload.name))
    section.wrong("name", quoted(workload.name) +
                              " is a proxy too; an expectation could not tell which is meant");
  const bool through = section.find("through") != nullptr;
  section.choice("through", workload.through, proxies);
  for (const ProxySpec& proxy : drill.proxies) {
    if (proxy.name == workload.through && proxy.tls.terminates())
      section.wrong("through", "proxy \"" + proxy.name +
                                   "\" speaks TLS with its clients, which the load does not; load "
                                   "goes through a proxy without certificate_file and generate");
  }
  const bool target = section.find("target") != nullptr;
  read_address(section, "target", {LateAddress::For::target, workload.name, "", ""}, drill,
               workload.target);
  if (workload.target && workload.target->port == 0)
    section.wrong("target", "port 0 cannot be dialed");
  if (through && target)
    section.wrong("target", "the load goes through a proxy already; choose one");
  if (!through && !target) section.require("through", "\"front\"");
}

void read_retry(Section& section, WorkloadPlan& workload) {
  auto retry = section.section("retry");
  if (!retry) return;
  retry->require("times", "3");
  retry->count("times", workload.retries, 1, most_retries);
  retry->require("after", "\"500ms\"");
  retry->duration("after", workload.retry_after, shortest, std::chrono::hours(1));
  retry->finish();
}

void read_think(Section& section, WorkloadPlan& workload) {
  const Node* node = section.find("think");
  if (!node) return;
  if (workload.model == LoadModel::rate) section.wrong("think", "only goes with model = \"vus\"");
  if (node->kind != NodeKind::table) {
    section.duration("think", workload.think, Duration::zero(), longest_pause);
    return;
  }
  auto think = section.section("think");
  Duration most{};
  think->require("min", "\"500ms\"");
  think->require("max", "\"1500ms\"");
  const bool min = think->duration("min", workload.think, Duration::zero(), longest_pause);
  const bool max = think->duration("max", most, Duration::zero(), longest_pause);
  if (min && max && most < workload.think)
    think->wrong("max", to_string(most) + " is less than min, " + to_string(workload.think));
  workload.think_spread = std::max(most - workload.think, Duration::zero());
  think->finish();
}

// A stage's name becomes a phase, so it is unlike every other phase of the drill.
void read_stage_name(Section& part, std::set<std::string>& phases, LoadStage& stage) {
  if (!part.find("name")) return;
  if (!part.name("name", stage.name)) return;
  if (stage.lasting == Duration::zero())
    part.wrong("name", "a step has no length, so it is no phase; name the stage after it");
  for (const char* phase : {"warmup", "baseline", "fault", "recovery", "all"})
    if (stage.name == phase) part.wrong("name", quoted(stage.name) + " is the name of a phase");
  if (!phases.insert(stage.name).second)
    part.wrong("name", quoted(stage.name) + " is taken; each stage needs a name of its own");
}

void read_stages(Section& section, std::set<std::string>& phases, WorkloadPlan& workload) {
  for (Section& part : section.sections("stages")) {
    LoadStage stage;
    if (part.find(duration_in_k6))
      part.wrong(duration_in_k6, "is called \"for\" here; write for = \"10s\"");
    else
      part.require("for", "\"10s\"");
    part.duration("for", stage.lasting, Duration::zero(), longest);
    if (workload.model == LoadModel::rate) {
      part.require("target", "\"50/s\"");
      part.rate("target", stage.target, true);
    } else {
      part.require("target", "10");
      std::uint64_t users = 0;
      part.count("target", users, 0, most_users);
      stage.target = static_cast<double>(users);
    }
    read_stage_name(part, phases, stage);
    part.finish();
    workload.lasting += stage.lasting;
    workload.stages.push_back(std::move(stage));
  }
  if (workload.lasting > longest)
    section.wrong("stages", "last " + to_string(workload.lasting) + " together; at most " +
                                to_string(longest));
  if (workload.lasting == Duration::zero() && !workload.stages.empty())
    section.wrong("stages", "are steps only, and last no time; add one that does");
}

void read_load(Section& section, std::set<std::string>& phases, WorkloadPlan& workload) {
  std::string model = "rate";
  section.choice("model", model, {"rate", "vus"});
  const bool open = model == "rate";
  workload.model = open ? LoadModel::rate : LoadModel::vus;
  const char* const own = open ? "rate" : "vus";
  const char* const other = open ? "vus" : "rate";
  if (section.find(other))
    section.wrong(other, "does not go with model = " + quoted(model) + "; write " + own);
  read_think(section, workload);
  if (section.find("stages")) {
    if (section.find(own)) section.wrong(own, "does not go with stages; they say how much");
    if (section.find("for")) section.wrong("for", "does not go with stages; they say how long");
    return read_stages(section, phases, workload);
  }
  section.require("for", "\"30s\"");
  section.duration("for", workload.lasting, shortest, longest);
  section.require(own, open ? "\"50/s\"" : "10");
  if (open) section.rate("rate", workload.rate, false);
  if (!open) section.count("vus", workload.vus, 1, most_users);
}

void read_threshold(Reading& reading, const std::string& workload, const Member& metric,
                    const Node& condition, Drill& drill) {
  if (condition.kind != NodeKind::text)
    return reading.wrong(condition.place,
                         "thresholds." + metric.key + ": found " +
                             std::string(name(condition.kind)) +
                             "; expected a string such as \"p(95) < 500\", or an array of them");
  const auto text = reading.text(condition, "thresholds." + metric.key, Late::none);
  if (!text) return;
  auto expectation = threshold_from(workload, metric.key, *text, reading.where(condition.place));
  if (expectation)
    drill.expectations.push_back(std::move(*expectation));
  else
    reading.adopt({expectation.error()}, condition.place);
}

void read_thresholds(Section& section, const std::string& workload, Drill& drill) {
  auto thresholds = section.section("thresholds");
  if (!thresholds) return;
  for (const Member& metric : thresholds->table().members) {
    Reading& reading = section.reading();
    if (metric.value.kind != NodeKind::array)
      read_threshold(reading, workload, metric, metric.value, drill);
    else
      for (const Node& condition : metric.value.items)
        read_threshold(reading, workload, metric, condition, drill);
  }
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

void read_request_parts(Section& request, RequestPlan& plan) {
  request.choice("method", plan.method,
                 {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"});
  request.text_map("headers", plan.headers, Late::none);
  for (const auto& [name, value] : plan.headers) {
    if (!is_token(name)) request.wrong("headers", quoted(name) + " is not the name of a header");
    if (value.find_first_of("\r\n") != std::string::npos)
      request.wrong("headers", name + " holds a line break");
  }
  request.text("body", plan.body);
}

void read_workloads(Section& root, Drill& drill) {
  std::set<std::string> names;
  std::set<std::string> phases;
  if (!root.find("workload"))
    root.wrong("workload", "without load nothing can be seen; add a [[workload]]");
  for (Section& section : root.sections("workload")) {
    WorkloadPlan workload;
    workload.where = section.reading().where(section.place());
    const bool named = read_name(section, "name", names, workload.name);
    section.choice("kind", workload.kind, {"http"});
    read_target(section, drill, workload);
    read_load(section, phases, workload);
    section.duration("timeout", workload.timeout, shortest, std::chrono::hours(1));
    section.count("max_in_flight", workload.max_in_flight, 1, most_in_flight);
    read_retry(section, workload);
    read_requests(section, workload);
    read_sources(section, workload);
    check_source_named(section, workload);
    read_header_name(section, "wait_header", workload.wait_header);
    if (named) read_thresholds(section, workload.name, drill);
    if (!named) section.find("thresholds");
    section.finish();
    drill.workloads.push_back(std::move(workload));
  }
}

}  // namespace faultline
