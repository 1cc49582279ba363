#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/cli/arguments.h"
#include "scenarios/cli/engine_flags.h"
#include "scenarios/cli/serving.h"
#include "scenarios/cli/token.h"

namespace faultline::cli {
namespace {

constexpr std::string_view usage =
    "Examples:\n"
    "  faultline serve\n"
    "  faultline serve faultline.toml\n"
    "  faultline serve --listen 127.0.0.1:0 --config proxies.json\n"
    "  faultline serve --listen unix:/run/faultline.sock\n\n"
    "Usage: faultline serve [FILE] [--listen HOST:PORT|unix:PATH]... [--config FILE]\n"
    "                       [--allow-host NAME]... [--allow-origin ORIGIN]...\n"
    "                       [--allow-upstream HOST:PORT]... [--token-file FILE] "
    "[--insecure-admin]\n"
    "                       [--workers N] [--seed N] [--link-limit SIZE] [--total-limit SIZE]\n"
    "                       [--log-level L]\n\n"
    "Proxies whose faults are changed while traffic flows, until SIGINT or SIGTERM: through\n"
    "Toxiproxy's HTTP API, faultline's own under /v1 (described at /openapi.json), or `faultline\n"
    "ctl`. FILE holds [[proxy]] and [[fault]] tables as drills do; SIGHUP and `faultline ctl\n"
    "reload` read it again. Prints `listening ADDRESS` for each address, and its limits.\n\n"
    "  --listen          where the API listens; 127.0.0.1:8474 without it\n"
    "  --config          a JSON array of proxies, as for Toxiproxy's -config; their toxics count\n"
    "  --allow-host      a name by which clients may call this server, besides localhost and\n"
    "                    addresses in numbers\n"
    "  --allow-origin    a web page's origin that may use the API\n"
    "  --allow-upstream  proxies may be pointed there, and nowhere else: 10.0.0.0/8:5432,\n"
    "                    db.internal:*, *.internal:6379\n"
    "  --token-file      a file with the token (16 characters at least) that every request must\n"
    "                    carry as `Authorization: Bearer TOKEN`; a unix socket asks for none\n"
    "  --insecure-admin  lets it listen beyond this machine, where everybody may use it\n"
    "  --workers         threads that move bytes; without it by the number of cores\n"
    "  --seed            decides which connections a share of them is\n"
    "  --link-limit      held by faults per direction before reading stops; 16MiB without it\n"
    "  --total-limit     … and in all; 40MiB without it\n";

void open_doors(const Arguments& arguments, Serving& serving, Errors& errors) {
  std::vector<std::string> wanted = arguments.list("listen");
  if (wanted.empty()) wanted.push_back("127.0.0.1:8474");
  for (const std::string& where : wanted) {
    Result<wire::HttpDoor> door = wire::HttpDoor::open(where);
    if (!door) {
      errors.push_back({"--listen " + where, door.error().what});
    } else if (door->beyond_loopback() && serving.admission.token.empty() &&
               !arguments.has("insecure-admin")) {
      errors.push_back({"--listen " + where,
                        "is reachable from other machines, where everybody may use it; listen on "
                        "127.0.0.1 or unix:PATH, or add --token-file or --insecure-admin"});
    } else {
      serving.admission.private_names |= door->beyond_loopback();
      serving.doors.push_back(std::move(*door));
    }
  }
}

int run_serve(std::span<const std::string> words) {
  const Begun begun = begin(serve_verb, words,
                            {{"insecure-admin"},
                             with_engine_flags({"config", "token-file"}),
                             {"listen", "allow-host", "allow-origin", "allow-upstream"},
                             "FILE",
                             0,
                             1});
  if (!begun.arguments) return begun.exit_code;
  const Arguments& arguments = *begun.arguments;
  Serving serving;
  Errors errors;
  serving.engine = read_engine_flags(arguments, errors);
  for (const std::string& pattern : arguments.list("allow-upstream")) {
    const auto added = serving.upstreams.add(pattern, "--allow-upstream");
    if (!added) errors.push_back(added.error());
  }
  if (const auto file = arguments.value("token-file")) {
    Result<std::string> token = read_token(*file);
    if (token) serving.admission.token = std::move(*token);
    if (!token) errors.push_back({"--token-file " + *file, token.error().what});
  }
  const bool usable = errors.empty();
  if (usable) open_doors(arguments, serving, errors);
  for (const Error& error : errors) complain(error.text());
  if (!errors.empty()) return usable ? exit_environment : exit_usage;

  serving.admission.hosts = arguments.list("allow-host");
  serving.admission.origins = arguments.list("allow-origin");
  if (!arguments.operands().empty()) serving.file = arguments.operands().front();
  serving.config = arguments.value("config").value_or("");
  serving.config_must_hold = true;
  const Voice voice{.says =
                        [](const std::string& text, const std::string& address) {
                          std::printf("%s%s%s\n", text.c_str(), address.empty() ? "" : " ",
                                      address.c_str());
                          std::fflush(stdout);
                        },
                    .complains = complain};
  return serve(std::move(serving), voice);
}

}  // namespace

const Verb serve_verb{"serve", "proxies with an API, until stopped", usage, run_serve};

}  // namespace faultline::cli
