// Toxiproxy's server program by its own name and flags, for start scripts and containers that know
// no other. Its log is lines of JSON on stdout. Different on purpose: an API address that cannot be
// had ends the program, and the toxics in a -config file count.

#include <stdlib.h>
#include <time.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <string>

#include "proxy/control/json_text.h"
#include "proxy/control/toxiproxy.h"
#include "proxy/spec.h"
#include "scenarios/cli/go_flags.h"
#include "scenarios/cli/serving.h"
#include "scenarios/cli/verb.h"

namespace faultline::cli {
namespace {

using Type = GoFlag::Type;

constexpr std::string_view program_name = "toxiproxy-server";
constexpr int exit_failure = 1;

constexpr auto flags = std::to_array<GoFlag>({
    {"allow-host", Type::text, "another name by which clients may call this server; repeatable"},
    {"config", Type::text, "JSON file of proxies, with their toxics, to start with"},
    {"host", Type::text, "host for the API to listen on", "localhost"},
    {"port", Type::text, "port for the API to listen on; 0: any free one", "8474"},
    {"proxy-metrics", Type::toggle, "count the bytes of each proxy in /metrics"},
    {"runtime-metrics", Type::toggle, "tell of this process in /metrics"},
    {"seed", Type::integer, "decides which connections a share of them is"},
    {"version", Type::toggle, "print the version"},
});

enum Level { trace, debug, info, warn, failure };

constexpr auto level_names =
    std::to_array<std::string_view>({"trace", "debug", "info", "warn", "error"});

Level level_from_environment() {
  const char* const set = getenv("LOG_LEVEL");
  const std::string_view text = set == nullptr ? "info" : set;
  if (text == "warning") return warn;
  if (text == "fatal" || text == "panic") return failure;
  for (std::size_t i = 0; i < level_names.size(); ++i) {
    if (level_names[i] == text) return static_cast<Level>(i);
  }
  return info;
}

void log_line(Level level, const std::string& text, const std::string& address) {
  std::array<char, 32> time_text{};
  const time_t seconds = time(nullptr);
  tm parts{};
  gmtime_r(&seconds, &parts);
  strftime(time_text.data(), time_text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  std::string line = "{\"level\":\"" + std::string(level_names[level]) + "\"";
  if (!address.empty()) line += ",\"address\":" + control::json_string(address);
  line += ",\"time\":\"" + std::string(time_text.data()) + "\"";
  line += ",\"message\":" + control::json_string(text) + "}\n";
  std::fputs(line.c_str(), stdout);
  std::fflush(stdout);
}

Result<wire::HttpDoor> door_from(const GoFlags& given) {
  const std::string& host = given.text("host");
  const std::string where =
      (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + given.text("port");
  return wire::HttpDoor::open(where);
}

int run(const GoFlags& given) {
  const Level least = level_from_environment();
  const bool any_port = given.text("port") == "0";
  const Voice voice{.says =
                        [&](const std::string& text, const std::string& address) {
                          const bool wanted =
                              any_port && !address.empty();  // nobody else can know it
                          if (least <= info || wanted) log_line(info, text, address);
                        },
                    .complains = [](const std::string& text) { log_line(failure, text, ""); }};

  Result<wire::HttpDoor> door = door_from(given);
  if (!door) {
    voice.complains(door.error().text());
    return exit_failure;
  }
  Serving serving;
  serving.admission.hosts = given.list("allow-host");
  serving.admission.hosts.push_back(given.text("host"));
  serving.admission.private_names = door->beyond_loopback();
  if (door->beyond_loopback() && least <= warn) {
    log_line(warn, "the API is reachable from other machines, where everybody may use it",
             door->text());
  }
  serving.doors.push_back(std::move(*door));
  serving.config = given.text("config");
  serving.metrics = {.own = false,
                     .toxiproxy = given.toggle("proxy-metrics"),
                     .runtime = given.toggle("runtime-metrics")};
  if (const std::string& seed = given.text("seed"); !seed.empty()) {
    std::int64_t number = 0;
    std::from_chars(seed.data(), seed.data() + seed.size(), number);
    serving.engine.seed = static_cast<std::uint64_t>(number);
  }
  return serve(std::move(serving), voice);
}

}  // namespace

bool is_toxiproxy_server(std::string_view program) {
  return program.substr(program.rfind('/') + 1) == program_name;
}

int toxiproxy_server(std::span<const std::string> words) {
  const Result<std::optional<GoFlags>> given = GoFlags::parse(flags, words);
  if (!given || !*given) {
    const std::string why = given ? "" : given.error().text() + "\n";
    std::fputs((why + go_usage(program_name, flags)).c_str(), stderr);
    return given ? exit_pass : exit_usage;
  }
  if ((*given)->toggle("version")) {
    std::printf("toxiproxy-server version %s\n", std::string(control::toxiproxy_version()).c_str());
    return exit_pass;
  }
  return run(**given);
}

}  // namespace faultline::cli
