#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/cli/arguments.h"
#include "scenarios/cli/serving.h"

namespace faultline::cli {
namespace {

constexpr std::string_view usage =
    "Examples:\n"
    "  faultline serve\n"
    "  faultline serve --listen 127.0.0.1:0 --config proxies.json\n"
    "  faultline serve --listen unix:/run/faultline.sock\n\n"
    "Usage: faultline serve [--listen HOST:PORT|unix:PATH]... [--config FILE]\n"
    "                       [--allow-host NAME]... [--allow-origin ORIGIN]...\n"
    "                       [--token-file FILE] [--insecure-admin]\n"
    "                       [--workers N] [--seed N] [--log-level L]\n\n"
    "Proxies whose faults are changed while traffic flows, through Toxiproxy's HTTP API, until\n"
    "SIGINT or SIGTERM. Prints `listening ADDRESS` for each address, and its limits.\n\n"
    "  --listen          where the API listens; 127.0.0.1:8474 without it\n"
    "  --config          a JSON array of proxies, as for Toxiproxy's -config; their toxics count\n"
    "  --allow-host      a name by which clients may call this server, besides localhost and\n"
    "                    addresses in numbers\n"
    "  --allow-origin    a web page's origin that may use the API\n"
    "  --token-file      a file with the token (16 characters at least) that every request must\n"
    "                    carry as `Authorization: Bearer TOKEN`; a unix socket asks for none\n"
    "  --insecure-admin  lets it listen beyond this machine, where everybody may use it\n"
    "  --workers         threads that move bytes; without it by the number of cores\n"
    "  --seed            decides which connections a share of them is\n";

template <class Number>
void read_number(const Arguments& arguments, const char* name, Number& into, Errors& errors) {
  const std::optional<std::string> text = arguments.value(name);
  if (!text) return;
  const char* const end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, into);
  if (read.ec == std::errc() && read.ptr == end) return;
  errors.push_back({std::string("--") + name, quoted(*text) + " is not a whole number"});
}

void read_token(const Arguments& arguments, std::string& token, Errors& errors) {
  constexpr std::size_t least = 16;
  constexpr std::size_t most = 1024;
  const std::optional<std::string> path = arguments.value("token-file");
  if (!path) return;
  std::ifstream file(*path);
  std::getline(file, token);
  const auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
  const bool sound = token.size() >= least && token.size() <= most &&
                     std::all_of(token.begin(), token.end(), visible);
  if (sound) return;
  errors.push_back(
      {"--token-file " + *path, "its first line must be a token of 16 to 1024 visible characters"});
}

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
                             {"config", "token-file", "workers", "seed"},
                             {"listen", "allow-host", "allow-origin"},
                             "",
                             0,
                             0});
  if (!begun.arguments) return begun.exit_code;
  const Arguments& arguments = *begun.arguments;
  Serving serving;
  Errors errors;
  read_number(arguments, "workers", serving.engine.workers, errors);
  read_number(arguments, "seed", serving.engine.seed, errors);
  constexpr unsigned most_workers = 256;
  if (serving.engine.workers > most_workers) errors.push_back({"--workers", "is more than 256"});
  read_token(arguments, serving.admission.token, errors);
  const bool usable = errors.empty();
  if (usable) open_doors(arguments, serving, errors);
  for (const Error& error : errors) complain(error.text());
  if (!errors.empty()) return usable ? exit_environment : exit_usage;

  serving.admission.hosts = arguments.list("allow-host");
  serving.admission.origins = arguments.list("allow-origin");
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
