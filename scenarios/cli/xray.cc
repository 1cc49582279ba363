#include <cstdio>
#include <string>

#include "proxy/wire/probe.h"
#include "scenarios/cli/arguments.h"
#include "scenarios/xray/contract.h"
#include "scenarios/xray/examination.h"
#include "scenarios/xray/wire_bench.h"

namespace faultline::cli {
namespace {

constexpr std::string_view usage =
    "Examples:\n"
    "  faultline xray breaker --listen 127.0.0.1:9001 --upstream 127.0.0.1:9000 \\\n"
    "                         --drive http://127.0.0.1:8080/call\n"
    "  faultline xray breaker … --contract breaker.toml --json\n\n"
    "Usage: faultline xray breaker --listen ADDRESS --upstream ADDRESS --drive URL\n"
    "                              [--contract FILE] [--budget D] [--json] [--quiet]\n"
    "                              [--log-level L]\n\n"
    "Finds out, from outside, what circuit breaker a service has. The service calls --listen\n"
    "instead of its upstream; faultline calls the service at --drive, one call at a time, and\n"
    "decides what becomes of each attempt that arrives. Nothing else may call it meanwhile.\n\n"
    "  --listen ADDRESS    where the service's calls arrive: 127.0.0.1:9001\n"
    "  --upstream ADDRESS  who answers those that are to go well: 127.0.0.1:9000\n"
    "  --drive URL         a GET of it makes the service call its upstream, and succeeds\n"
    "  --contract FILE     what it should be, in TOML: each name is confirmed or contradicted\n"
    "  --budget D          the time it may take (10m)\n"
    "  --json              one object per name on stdout\n"
    "  --quiet             no progress on stderr\n"
    "  --log-level L       trace, debug, info, warning (the default), error, critical, off\n\n"
    "Exit code 1: the contract is contradicted; 3: a name of it was not exercised.\n";

struct Order {
  xray::Places places;
  Duration budget = std::chrono::minutes(10);
};

Result<Order> order_from(const Arguments& arguments) {
  Order order;
  for (const char* needed : {"listen", "upstream", "drive"}) {
    if (!arguments.value(needed)) return error("", std::string("--") + needed + " is needed");
  }
  const auto listen = address_from(*arguments.value("listen"));
  if (!listen) return error("--listen", listen.error().text());
  const auto upstream = address_from(*arguments.value("upstream"));
  if (!upstream) return error("--upstream", upstream.error().text());
  const auto drive = wire::probe_target_from(*arguments.value("drive"));
  if (!drive) return error("--drive", drive.error().text());
  order.places = {*listen, *upstream, drive->address, drive->http_path, "GET"};
  if (const auto budget = arguments.value("budget")) {
    const Result<Duration> read = duration_from(*budget);
    if (!read) return error("--budget", read.error().text());
    if (*read < std::chrono::seconds(1)) return error("--budget", "at least 1s");
    order.budget = *read;
  }
  return order;
}

int examine(const Arguments& arguments, const Order& order, const xray::Contract& contract) {
  RunLoop waiting;
  auto bench = xray::WireBench::open(waiting, order.places);
  if (!bench) {
    complain(bench.error().text());
    return exit_environment;
  }
  xray::Setting setting;
  setting.budget = order.budget;
  if (!arguments.has("quiet")) {
    setting.tell = [last = std::string()](const std::string& what) mutable {
      if (what != last) std::fprintf(stderr, "%s\n", what.c_str());
      last = what;
    };
  }
  xray::Examination examination(**bench, setting);
  Result<xray::Answers> answers = examination.run();
  if (!answers) {
    complain(answers.error().text());
    return waiting.signal() != 0 ? exit_signal + waiting.signal() : exit_environment;
  }
  const xray::Compliance compliance = xray::compare(contract, *answers);
  const std::string text =
      arguments.has("json") ? xray::render_json(*answers) : xray::render_terminal(*answers);
  std::fputs(text.c_str(), stdout);
  constexpr int exit_inconclusive = 3;
  return compliance == xray::Compliance::contradicted ? static_cast<int>(exit_fail)
         : compliance == xray::Compliance::untold     ? exit_inconclusive
                                                      : static_cast<int>(exit_pass);
}

int xray_run(std::span<const std::string> words) {
  const Begun begun = begin(xray_verb, words,
                            {{"json", "quiet"},
                             {"listen", "upstream", "drive", "contract", "budget"},
                             {},
                             "breaker",
                             1,
                             1});
  if (!begun.arguments) return begun.exit_code;
  const Arguments& arguments = *begun.arguments;
  if (arguments.operands().front() != "breaker") {
    return usage_error(
        xray_verb,
        "unknown kind " + faultline::quoted(arguments.operands().front()) +
            suggestion(arguments.operands().front(), std::vector<std::string>{"breaker"}));
  }
  const Result<Order> order = order_from(arguments);
  if (!order) return usage_error(xray_verb, order.error().text());
  xray::Contract contract;
  if (const auto file = arguments.value("contract")) {
    Checked<xray::Contract> read = xray::read_contract(*file);
    if (!read) {
      for (const Error& mistake : read.error())
        std::fprintf(stderr, "%s\n", mistake.text().c_str());
      return exit_usage;
    }
    contract = std::move(*read);
  }
  return examine(arguments, *order, contract);
}

}  // namespace

const Verb xray_verb{"xray", "finds out what circuit breaker a service has", usage, xray_run};

}  // namespace faultline::cli
