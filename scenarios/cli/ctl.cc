#include "scenarios/cli/ctl.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "proxy/control/json_text.h"
#include "scenarios/cli/token.h"

namespace faultline::cli {
namespace {

constexpr std::string_view default_url = "http://localhost:8474";

constexpr std::string_view usage =
    "Examples:\n"
    "  faultline ctl create -l 127.0.0.1:6432 -u 127.0.0.1:5432 db\n"
    "  faultline ctl toxic add -t latency -a latency=100 db\n"
    "  faultline ctl arm db latency delay=100ms share=5% --ttl 30s --hold\n"
    "  faultline ctl heal\n\n"
    "Usage: faultline ctl [--host URL] [--token-file FILE] [--json] COMMAND ...\n\n"
    "Tells a serving faultline what to do, or a Toxiproxy what it knows. `faultline ctl COMMAND\n"
    "--help` tells a command's options.\n\n"
    "As toxiproxy-cli:\n"
    "  list (l, li, ls)     every proxy: name, listen, upstream, enabled or disabled, its toxics\n"
    "  inspect (i, ins)     the toxics of a proxy\n"
    "  create (c, new)      --listen (-l), --upstream (-u), NAME\n"
    "  toggle (tog)         enables what is disabled, disables what is enabled\n"
    "  delete (d)           a proxy\n"
    "  toxic (t)            add (a), update (u), remove (r, delete, d)\n"
    "Beyond it:\n"
    "  arm, disarm          a fault of faultline's own kinds; --ttl makes it a lease, --hold "
    "keeps\n"
    "                       that for as long as this runs, --for ends it\n"
    "  heal                 disarms everything, or what one --owner armed\n"
    "  connections          those that are open; --reset ID ends one\n"
    "  events               what happens, as it happens: a JSON object per line\n"
    "  wait-ready           until the server answers and its proxies listen\n"
    "  reload               reads the server's configuration file again\n\n"
    "  -h, --host    http://HOST:PORT or unix:///PATH; else FAULTLINE_URL, TOXIPROXY_URL, or\n"
    "                http://localhost:8474\n"
    "  --token-file  the token that the server asks for; else the file FAULTLINE_TOKEN_FILE names\n"
    "  --json        what the server said\n\n"
    "Exit codes: 0 done, 1 the server refused, 2 usage, 4 the server cannot be reached.\n";

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// What stands before the command.
struct Front {
  std::string url;
  std::string token_file;
  bool json = false;
  bool help = false;
  std::span<const std::string> rest;
};

Result<Front> front_from(std::span<const std::string> words) {
  Front front;
  while (!words.empty() && words.front().starts_with('-')) {
    std::string name = words.front();
    words = words.subspan(1);
    std::optional<std::string> value;
    if (const std::size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    // -h is the host, as toxiproxy-cli has it; alone it asks for help.
    if (name == "--help" || (name == "-h" && !value && words.empty())) {
      front.help = true;
      continue;
    }
    if (name == "--json") {
      front.json = true;
      continue;
    }
    const bool host = name == "--host" || name == "-h";
    if (!host && name != "--token-file") {
      return error("", "unknown option " + name +
                           suggestion(name, {"--host", "--token-file", "--json", "--help"}));
    }
    if (!value && words.empty()) return error("", name + " has no value");
    if (!value) {
      value = words.front();
      words = words.subspan(1);
    }
    (host ? front.url : front.token_file) = *value;
  }
  front.rest = words;
  return front;
}

Result<Ctl> ctl_from(const Front& front) {
  std::string url = front.url;
  if (url.empty()) url = environment("FAULTLINE_URL");
  if (url.empty()) url = environment("TOXIPROXY_URL");
  if (url.empty()) url = default_url;
  const Result<wire::HttpTarget> target = wire::http_target(url);
  if (!target) return std::unexpected(target.error());
  Ctl ctl;
  ctl.target = *target;
  ctl.agent = "faultline-ctl/" FAULTLINE_VERSION;
  ctl.json = front.json;
  Result<std::string> token = token_for_server(front.token_file);
  if (!token) return std::unexpected(token.error());
  ctl.token = std::move(*token);
  return ctl;
}

const CtlCommand* find_command(std::string_view word) {
  for (const auto& group : {toxiproxy_commands(), native_commands()}) {
    for (const CtlCommand& command : group) {
      if (command.answers_to(word)) return &command;
    }
  }
  return nullptr;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const auto& group : {toxiproxy_commands(), native_commands()}) {
    for (const CtlCommand& command : group) names.emplace_back(command.name);
  }
  return names;
}

int run_ctl(std::span<const std::string> words) {
  const Result<Front> front = front_from(words);
  if (!front) return usage_error(ctl_verb, front.error().text());
  if (front->help) {
    print(std::string(usage));
    return exit_pass;
  }
  if (front->rest.empty()) return usage_error(ctl_verb, "a command is missing");
  const std::string& word = front->rest.front();
  const CtlCommand* const command = find_command(word);
  if (command == nullptr) {
    return usage_error(ctl_verb,
                       "unknown command " + quoted(word) + suggestion(word, command_names()));
  }
  const Result<Ctl> ctl = ctl_from(*front);
  if (!ctl) return usage_error(ctl_verb, ctl.error().text());
  return command->run(*ctl, *command, front->rest.subspan(1));
}

}  // namespace

bool CtlCommand::answers_to(std::string_view word) const {
  return word == name || (!word.empty() && std::ranges::count(aliases, word) != 0);
}

std::expected<HttpResponse, int> Ctl::must(std::string method, std::string path,
                                           std::string body) const {
  Result<HttpResponse> response = ask(std::move(method), std::move(path), std::move(body));
  if (!response) {
    complain(response.error().text());
    return std::unexpected(exit_environment);
  }
  if (response->status / 100 == 2) return std::move(*response);
  complain(reason_of(*response));
  return std::unexpected(exit_fail);
}

int ctl_mistake(const CtlCommand& command, const std::string& what) {
  std::fprintf(stderr, "faultline ctl %s: %s\nUsage: faultline ctl %s %s\n",
               std::string(command.name).c_str(), what.c_str(), std::string(command.name).c_str(),
               std::string(command.arguments).c_str());
  return exit_usage;
}

std::expected<Arguments, int> ctl_arguments(const CtlCommand& command,
                                            std::span<const std::string> words,
                                            const Options& options) {
  Result<Arguments> arguments = parse(words, options);
  if (!arguments) return std::unexpected(ctl_mistake(command, arguments.error().text()));
  if (!arguments->has("help")) return std::move(*arguments);
  print("Usage: faultline ctl " + std::string(command.name) + " " + std::string(command.arguments) +
        "\n");
  return std::unexpected(exit_pass);
}

std::string json_member(std::string_view key, std::string_view value) {
  return control::json_string(key) + ":" + control::json_string(value);
}

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

const Verb ctl_verb{"ctl", "tells a serving faultline what to do", usage, run_ctl};

}  // namespace faultline::cli
