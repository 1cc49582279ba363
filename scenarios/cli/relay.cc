#include <signal.h>
#include <spdlog/spdlog.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <string>

#include "proxy/codec.h"
#include "proxy/wire/engine.h"
#include "proxy/wire/signals.h"
#include "scenarios/cli/arguments.h"
#include "scenarios/cli/engine_flags.h"
#include "scenarios/cli/tls_flags.h"
#include "scenarios/drill/fault_spec.h"

namespace faultline::cli {
namespace {

constexpr std::string_view usage =
    "Examples:\n"
    "  faultline relay --listen 127.0.0.1:0 --upstream 127.0.0.1:5432 --protocol postgres\n"
    "  faultline relay --listen 127.0.0.1:6380 --upstream 127.0.0.1:6379 --fault "
    "latency:delay=100ms\n"
    "  faultline relay --listen 127.0.0.1:8443 --upstream https://api.example.com\n\n"
    "Usage: faultline relay --listen HOST:PORT --upstream [https://]HOST:PORT [--protocol NAME]\n"
    "                       [--fault KIND:KEY=VALUE,...]... [--workers N] [--seed N]\n"
    "                       [--link-limit SIZE] [--total-limit SIZE]\n"
    "                       [--ca FILE | --insecure] [--server-name NAME]\n"
    "                       [--rewrite-host | --keep-host]\n"
    "                       [--tls-cert FILE --tls-key FILE |\n"
    "                        --tls-generate HOST [--tls-write-ca FILE]]\n\n"
    "A proxy by hand, until SIGINT or SIGTERM. Prints `listening HOST:PORT` and its limits.\n\n"
    "  --listen       where to listen; port 0: any free one\n"
    "  --upstream     what stands behind it; looked up for each connection. With\n"
    "                 https:// it is spoken to in TLS, and clients here are not; port 443 then\n"
    "  --protocol     tcp (the default), http, postgres\n"
    "  --fault        armed from the start; direction, share, nth, every and first are keys of "
    "all\n"
    "  --workers      threads that move bytes; without it by the number of cores\n"
    "  --seed         decides which connections and messages a share of them is\n"
    "  --link-limit   held by faults per direction before reading stops; 16MiB without it\n"
    "  --total-limit  … and in all; 40MiB without it\n"
    "  --ca           whom the upstream's certificate is verified with, PEM; without it the "
    "system's\n"
    "  --insecure     the upstream's certificate is not verified\n"
    "  --server-name  the name that is sent (SNI) and verified; without it the upstream's host\n"
    "  --rewrite-host  Host, Location and cookies of HTTP by the names of the two sides; so it is\n"
    "                 with --protocol http and https:// without it\n"
    "  --keep-host    … not even there\n"
    "  --tls-cert     clients speak TLS too: the certificate for them, PEM, its chain behind it\n"
    "  --tls-key      … and its key\n"
    "  --tls-generate  likewise, with a certificate made for this host name or address\n"
    "  --tls-write-ca  … and where the CA that signed it is written, for clients to trust\n";

// What happens goes to the log, for who asks for it with --log-level debug.
class EventLog final : public JournalReader {
 public:
  void read(std::span<const Event> events) override {
    if (!spdlog::should_log(spdlog::level::debug)) return;
    for (const Event& event : events) {
      spdlog::debug("{} connection {} {}", name(event.kind), event.connection, event.text.view());
    }
  }
};

bool is_aim(std::string_view key) {
  for (const Parameter& parameter : aim_parameters()) {
    if (parameter.name == key) return true;
  }
  return false;
}

// "latency:delay=100ms,jitter=10ms". Values are texts; whole numbers are given as such.
Checked<FaultSpec> fault_from(const std::string& text) {
  FaultPlan plan;
  plan.where = "--fault " + text;
  plan.kind = text.substr(0, text.find(':'));
  plan.id = plan.kind;
  std::string_view rest = text;
  rest.remove_prefix(std::min(rest.size(), plan.kind.size() + 1));
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return std::unexpected(
          Errors{{plan.where, "\"" + std::string(pair) + "\" is not of the form KEY=VALUE"}});
    }
    const std::string_view value = pair.substr(equals + 1);
    RawSetting setting{std::string(pair.substr(0, equals)), std::string(value), plan.where};
    std::int64_t number = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
    if (read.ec == std::errc() && read.ptr == value.data() + value.size()) setting.value = number;
    (is_aim(setting.name) ? plan.aim : plan.parameters).push_back(std::move(setting));
  }
  return fault_spec(plan);
}

struct RelayPlan {
  ProxySpec proxy;
  wire::EngineOptions engine;
  std::vector<FaultSpec> faults;
};

void read_address(const Arguments& arguments, const char* name, Address& into, Errors& errors) {
  const std::optional<std::string> text = arguments.value(name);
  const std::string option = std::string("--") + name;
  if (!text) return errors.push_back({option, "is missing; HOST:PORT"});
  const Result<Address> address = address_from(*text);
  if (!address) return errors.push_back({option, address.error().what});
  into = *address;
}

void read_upstream(const Arguments& arguments, ProxySpec& proxy, Errors& errors) {
  const std::optional<std::string> text = arguments.value("upstream");
  if (!text) return errors.push_back({"--upstream", "is missing; HOST:PORT or https://HOST"});
  const Result<WrittenUpstream> written = upstream_from(*text);
  if (!written) return errors.push_back({"--upstream", written.error().what});
  const Result<Address> address = address_from(written->address);
  if (!address) return errors.push_back({"--upstream", address.error().what});
  proxy.upstream = *address;
  proxy.tls.upstream = written->tls;
}

constexpr const char* rewrite_flag = "rewrite-host";
constexpr const char* keep_flag = "keep-host";

void read_rewriting(const Arguments& arguments, ProxySpec& proxy, Errors& errors) {
  const bool rewrites = arguments.has(rewrite_flag), keeps = arguments.has(keep_flag);
  if (rewrites && keeps)
    return errors.push_back({"--keep-host", "contradicts --rewrite-host; leave one out"});
  if (rewrites || keeps) proxy.rewrite_host = rewrites;
  if (rewrites && proxy.protocol != "http")
    errors.push_back({"--rewrite-host", "rewrites messages of HTTP; add --protocol http"});
}

// Why a fault of this kind would find nothing to act on; empty: it would.
std::string misplaced(const FaultKind& kind, const ProxySpec& proxy) {
  if (!kind.protocol.empty() && kind.protocol != proxy.protocol) {
    const std::string needed(kind.protocol);
    return "acts on protocol " + needed + "; add --protocol " + needed;
  }
  if (lacks(proxy.tls, kind.needs_tls).empty()) return "";
  return proxy.tls.terminates() ? "needs a certificate whose CA can sign another here; write "
                                  "--tls-generate HOST in the place of --tls-cert and --tls-key"
                                : "acts on the TLS of clients; add --tls-generate HOST";
}

Checked<RelayPlan> plan_from(const Arguments& arguments) {
  RelayPlan plan;
  Errors errors;
  plan.proxy.name = "relay";
  read_address(arguments, "listen", plan.proxy.listen, errors);
  read_upstream(arguments, plan.proxy, errors);
  plan.proxy.protocol = arguments.value("protocol").value_or("tcp");
  if (find_codec_kind(plan.proxy.protocol) == nullptr) {
    errors.push_back({"--protocol", "unknown protocol \"" + plan.proxy.protocol + "\"" +
                                        suggestion(plan.proxy.protocol, codec_kind_names())});
  }
  read_tls_flags(arguments, plan.proxy, errors);
  read_rewriting(arguments, plan.proxy, errors);
  plan.engine = read_engine_flags(arguments, errors);
  for (const std::string& text : arguments.list("fault")) {
    Checked<FaultSpec> fault = fault_from(text);
    if (!fault) {
      for (Error& error : fault.error()) errors.push_back(std::move(error));
    } else if (std::string problem = misplaced(*fault->kind, plan.proxy); !problem.empty()) {
      errors.push_back({"--fault " + text, std::move(problem)});
    } else {
      plan.faults.push_back(std::move(*fault));
    }
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return plan;
}

int relay(std::span<const std::string> words) {
  const Begun begun = begin(relay_verb, words,
                            {{insecure_flag, rewrite_flag, keep_flag},
                             with_tls_flags(with_engine_flags({"listen", "upstream", "protocol"})),
                             {"fault"},
                             "",
                             0,
                             0});
  if (!begun.arguments) return begun.exit_code;
  const Checked<RelayPlan> plan = plan_from(*begun.arguments);
  if (!plan) {
    for (const Error& error : plan.error()) complain(error.text());
    return exit_usage;
  }
  wire::Loop loop;
  int stopped_by = 0;
  constexpr std::array<int, 3> numbers{SIGINT, SIGTERM, SIGHUP};
  const wire::Signals signals(loop, numbers, [&](int number) {
    stopped_by = number;
    loop.stop();
  });
  EventLog reader;
  Journal journal(reader);
  Result<std::unique_ptr<wire::Engine>> engine = wire::Engine::start(plan->engine, journal);
  if (!engine) {
    complain(engine.error().text());
    return exit_environment;
  }
  const Result<wire::OpenedProxy> proxy = (*engine)->open(plan->proxy);
  if (!proxy) {
    complain(proxy.error().text());
    return exit_environment;
  }
  for (const FaultSpec& fault : plan->faults) (*engine)->arm(fault, {proxy->id});
  std::printf("listening %s\n%s\n", proxy->listening.text().c_str(), (*engine)->limits().c_str());
  std::fflush(stdout);
  if (stopped_by == 0) loop.run();
  return exit_signal + stopped_by;
}

}  // namespace

const Verb relay_verb{"relay", "a proxy by hand, without a drill", usage, relay};

}  // namespace faultline::cli
