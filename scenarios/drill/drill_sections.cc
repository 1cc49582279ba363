#include "scenarios/drill/drill_sections.h"

#include <algorithm>
#include <limits>

#include "proxy/codec.h"
#include "scenarios/drill/tls_table.h"
#include "scenarios/measures/measure.h"

namespace faultline {
namespace {

using std::chrono::hours;

void read_ports(Section& root, Drill& drill) {
  if (!root.texts("ports", drill.ports)) return;
  std::set<std::string> taken;
  for (const std::string& port : drill.ports) {
    if (!taken.insert(port).second)
      root.wrong("ports", faultline::quoted(port) + " stands there twice");
    if (!late_references("${port." + port + "}").empty() &&
        port.find_first_of(" }:\"") == std::string::npos)
      continue;
    root.wrong("ports", faultline::quoted(port) + " is not a name; use A-Z a-z 0-9 . _ -");
  }
}

void read_timing(Section& root, Drill& drill) {
  auto timing = root.section("timing");
  if (!timing) return;
  timing->duration("warmup", drill.timing.warmup, Duration::zero(), longest);
  timing->duration("window", drill.timing.window, shortest, longest);
  timing->duration("step", drill.timing.step, shortest, longest);
  timing->duration("hold", drill.timing.hold, shortest, longest);
  timing->finish();
}

void read_proxies(Section& root, Drill& drill) {
  std::set<std::string> names;
  std::set<std::string> listening;
  for (Section& section : root.sections("proxy")) {
    ProxySpec proxy;
    read_name(section, "name", names, proxy.name);
    section.require("listen", "\"127.0.0.1:0\"");
    section.require("upstream", "\"127.0.0.1:5432\"");
    std::optional<Address> listen;
    std::optional<Address> upstream;
    read_address(section, "listen", {LateAddress::For::listen, proxy.name, "", ""}, drill, listen);
    std::string written;
    if (section.text("upstream", written, Late::ports) &&
        take_scheme(section, written, proxy.tls)) {
      place_address(section, "upstream",
                    {LateAddress::For::upstream, proxy.name, std::move(written), ""}, drill,
                    upstream);
    }
    read_tls(section, proxy.tls);
    if (listen && listen->port != 0 && !listening.insert(listen->text()).second)
      section.wrong("listen", "two proxies listen on " + listen->text());
    if (upstream && upstream->port == 0)
      section.wrong("upstream", "port 0 cannot be dialed; name the server's port");
    proxy.listen = listen.value_or(Address());
    proxy.upstream = upstream.value_or(Address());
    section.choice("protocol", proxy.protocol, codec_kind_names());
    read_rewrite_host(section, proxy.rewrite_host, proxy.protocol);
    section.duration("connect_timeout", proxy.connect_timeout, shortest, hours(1));
    section.finish();
    drill.proxies.push_back(std::move(proxy));
  }
}

// An element that is one reference and three dots, "${NAME:-}...", stands for as many arguments as
// its value has words: none when it is empty.
void read_command(Section& section, std::vector<std::string>& command) {
  constexpr std::string_view dots = "...";
  const Node* node = section.find("command");
  if (!node) return;
  std::vector<std::string> words;
  if (node->kind != NodeKind::array) {
    section.wrong("command",
                  "expected an array: the program, then each argument; no shell reads it");
    return;
  }
  for (const Node& item : node->items) {
    if (item.kind != NodeKind::text) {
      section.reading().wrong(
          item.place, "command: found " + std::string(name(item.kind)) + "; expected a string");
      continue;
    }
    const bool many = item.text.starts_with("${") && item.text.ends_with("}...");
    Node leaf = item;
    if (many) leaf.text.resize(leaf.text.size() - dots.size());
    auto text = section.reading().text(leaf, "command", Late::all);
    if (!text) continue;
    if (!many) words.push_back(std::move(*text));
    for (std::size_t at = 0;
         many && (at = text->find_first_not_of(' ', at)) != std::string::npos;) {
      const std::size_t end = std::min(text->find(' ', at), text->size());
      words.push_back(text->substr(at, end - at));
      at = end;
    }
  }
  if (node->items.empty() || (!words.empty() && words.front().empty()))
    section.wrong("command", "names no program");
  command = std::move(words);
}

void read_ready(Section& section, Drill& drill, ProcessPlan& process) {
  auto ready = section.section("ready");
  if (!ready) return;
  const bool http = ready->text("http", process.ready_http, Late::all);
  const bool tcp = read_address(*ready, "tcp", {LateAddress::For::ready_tcp, process.name, "", ""},
                                drill, process.ready_tcp);
  ready->duration("within", process.ready_within, shortest, hours(1));
  if (http && !process.ready_http.starts_with("http://"))
    ready->wrong("http",
                 faultline::quoted(process.ready_http) + " is not a URL; it begins with http://");
  if (http && tcp) ready->wrong("tcp", "ready asks for http already; one of the two is enough");
  if (!ready->find("http") && !ready->find("tcp"))
    ready->reading().wrong(
        ready->place(), "ready: say how; http = \"http://HOST:PORT/PATH\" or tcp = \"HOST:PORT\"");
  ready->finish();
}

void read_processes(Section& root, Drill& drill) {
  std::set<std::string> names;
  std::set<std::string> logs;
  for (Section& section : root.sections("process")) {
    ProcessPlan process;
    process.where = section.reading().where(section.place());
    read_name(section, "name", names, process.name);
    section.require("command", "[\"bridge\", \"--listen\", \"127.0.0.1:${port.bridge}\"]");
    read_command(section, process.command);
    section.text_map("environment", process.environment, Late::all);
    process.log = process.name + ".log";
    section.name("log", process.log);
    if (!process.log.ends_with(".log"))
      section.wrong("log",
                    faultline::quoted(process.log) + " is not a log; its name ends with .log");
    if (!logs.insert(process.log).second)
      section.wrong("log", "two processes write " + faultline::quoted(process.log));
    read_ready(section, drill, process);
    section.duration("stop_within", process.stop_within, Duration::zero(), hours(1));
    section.finish();
    drill.processes.push_back(std::move(process));
  }
}

void read_sinks(Section& root, Drill& drill) {
  std::set<std::string> names;
  for (Section& section : root.sections("sink")) {
    SinkPlan sink;
    sink.where = section.reading().where(section.place());
    read_name(section, "name", names, sink.name);
    for (const auto& [key, example] : {std::pair("kind", "\"postgres\""),
                                       std::pair("connection", "\"host=127.0.0.1 dbname=app\""),
                                       std::pair("query", "\"select event_id from events\"")})
      section.require(key, example);
    section.choice("kind", sink.kind, {"postgres"});
    section.text("connection", sink.connection, Late::ports);
    section.text("query", sink.query);
    section.duration("quiet", sink.quiet, shortest, hours(1));
    section.duration("within", sink.within, shortest, hours(1));
    if (sink.within < sink.quiet)
      section.wrong("within", to_string(sink.within) + " is shorter than quiet, " +
                                  to_string(sink.quiet) + "; no reading could be complete");
    section.finish();
    drill.sinks.push_back(std::move(sink));
  }
  const auto says_id = [](const WorkloadPlan& workload) {
    return std::ranges::any_of(requests_of(workload), carries_id);
  };
  if (!drill.sinks.empty() && !drill.workloads.empty() &&
      std::ranges::none_of(drill.workloads, says_id))
    root.wrong("sink",
               "no request carries {id}, so no stored message could be recognised; put "
               "{id} into the path, a header or the body");
}

// The thresholds of workloads became expectations before every name of the drill was known.
void check_thresholds(Reading& reading, const Drill& drill) {
  for (const Expectation& threshold : drill.expectations)
    if (const auto problem = check_expectation(threshold, drill)) reading.adopt({*problem}, {});
}

void read_expectations(Section& root, Drill& drill) {
  const Node* node = root.find("expect");
  check_thresholds(root.reading(), drill);
  if (!node || (node->kind == NodeKind::array && node->items.empty())) {
    // What is wrong with a contract was told; nothing wrong with it, and it expects something.
    const Node* xray = root.find("xray");
    const bool contract = xray && xray->find("contract");
    if (contract || !drill.expectations.empty()) return;
    root.wrong(
        "expect",
        "a drill without an expectation cannot fail; add one such as expect = [\"" +
            std::string(drill.xray ? "xray.is(hung_probe, stuck) == 0" : "touched(outage) >= 1") +
            "\"], before the first [section]");
    return;
  }
  if (node->kind != NodeKind::array) {
    root.wrong("expect", "expected an array of strings, one comparison each");
    return;
  }
  Reading& reading = root.reading();
  for (const Node& item : node->items) {
    if (item.kind != NodeKind::text) {
      reading.wrong(item.place, "expect: found " + std::string(name(item.kind)) +
                                    "; expected a string such as \"lost == 0\"");
      continue;
    }
    const auto text = reading.text(item, "expect", Late::none);
    if (!text) continue;
    auto expectation = expectation_from(*text, reading.where(item.place));
    if (!expectation) {
      reading.adopt({expectation.error()}, item.place);
    } else if (const auto problem = check_expectation(*expectation, drill)) {
      reading.adopt({*problem}, item.place);
    } else {
      drill.expectations.push_back(std::move(*expectation));
    }
  }
}

// References to ports and proxies could not be followed before all of them were known.
void check_references(Reading& reading, const Drill& drill) {
  std::vector<std::string> proxies;
  for (const ProxySpec& proxy : drill.proxies) proxies.push_back(proxy.name);
  for (const auto& [reference, place] : reading.references) {
    const bool is_port = reference.kind == LateReference::Kind::port;
    const auto& known = is_port ? drill.ports : proxies;
    if (std::ranges::count(known, reference.name)) continue;
    std::string what = reference.text() + ": there is no ";
    what += is_port ? "port \"" : "proxy \"";
    what += reference.name + "\"" + suggestion(reference.name, known);
    if (is_port && known.empty())
      what += "; add ports = [" + faultline::quoted(reference.name) + "]";
    reading.wrong(place, std::move(what));
  }
}

}  // namespace

bool read_name(Section& section, std::string_view key, std::set<std::string>& taken,
               std::string& into) {
  section.require(key, key == "id" ? "\"outage\"" : "\"db\"");
  if (!section.name(key, into)) return false;
  if (taken.insert(into).second) return true;
  section.wrong(
      key, faultline::quoted(into) + " is taken; each needs a " + std::string(key) + " of its own");
  return false;
}

bool read_address(Section& section, std::string_view key, LateAddress to, Drill& drill,
                  std::optional<Address>& into) {
  const bool listens = to.part == LateAddress::For::listen;
  if (!section.text(key, to.text, listens ? Late::ports : Late::all)) return false;
  return place_address(section, key, std::move(to), drill, into);
}

bool place_address(Section& section, std::string_view key, LateAddress to, Drill& drill,
                   std::optional<Address>& into) {
  const bool late = !late_references(to.text).empty();
  // A late address is checked by its shape, with stand-ins for what is not known.
  const std::string shape =
      replace_late(to.text, [](const LateReference& reference) -> std::optional<std::string> {
        if (reference.part == "host") return "127.0.0.1";
        return reference.part == "listen" ? "127.0.0.1:1" : "1";
      });
  const Result<Address> address = address_from(plain(shape));
  if (!address) {
    section.wrong(key, address.error().what);
    return false;
  }
  if (!late) {
    into = *address;
    return true;
  }
  to.where = section.reading().where(section.place(key));
  drill.late_addresses.push_back(std::move(to));
  return true;
}

void read_sections(Reading& reading, const Node& node, Drill& drill) {
  Section root(reading, node, "the drill");
  root.require("name", "\"postgres-outage\"");
  root.name("name", drill.name);
  drill.title = drill.name;
  root.text("title", drill.title);
  root.text("notes", drill.notes);
  root.count("seed", drill.seed, 0, std::numeric_limits<std::int64_t>::max());
  read_ports(root, drill);
  read_timing(root, drill);
  read_proxies(root, drill);
  read_processes(root, drill);
  if (root.find("xray")) {
    read_xray(root, drill);
  } else {
    read_workloads(root, drill);
    read_faults(root, drill);
    read_sinks(root, drill);
    read_limits(root, drill);
  }
  check_references(reading, drill);
  read_expectations(root, drill);
  root.finish();
}

}  // namespace faultline
