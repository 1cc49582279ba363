// stub-api: stands in for the external APIs that the bridge calls; stub_api.h says what it does.
//
// It says where it listens by the event `start`, as the bridge does. Exit codes: 0 after SIGTERM or
// SIGINT, 1 when it cannot start, 2 for a wrong command line.

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "events.h"
#include "http_server.h"
#include "json_text.h"
#include "metrics.h"
#include "stub_api.h"
#include "values.h"

namespace bridge {
namespace {

constexpr std::size_t most_connections = 1024;

constexpr const char* usage =
    "usage: stub-api --listen HOST:PORT [option]...\n\n"
    "  --agent-latency TIME   mean time to an answer, lognormal; 0ms: at once (100ms)\n"
    "  --oura-latency TIME    (120ms)\n"
    "  --whoop-latency TIME   (180ms)\n"
    "  --oauth-latency TIME   (60ms)\n"
    "  --token-lifetime TIME  of the tokens it gives (60m)\n"
    "  --seed N               of the times it takes (42)\n";

struct Options {
  std::optional<Address> listen;
  StubApi::Settings settings;
};

/// False: the value is not of the kind that the option takes.
bool take(Options& options, std::string_view name, std::string_view value) {
  using Api = StubApi::Api;
  const auto into = [&](Millis& place) {
    const auto found = duration(value);
    if (found) place = *found;
    return found.has_value();
  };
  const auto latency = [&](Api api) {
    return into(options.settings.latency[static_cast<std::size_t>(api)]);
  };
  if (name == "--agent-latency") return latency(Api::agent);
  if (name == "--oura-latency") return latency(Api::oura);
  if (name == "--whoop-latency") return latency(Api::whoop);
  if (name == "--oauth-latency") return latency(Api::oauth);
  if (name == "--token-lifetime") return into(options.settings.token_lifetime);
  if (name == "--listen") return (options.listen = address(value)).has_value();
  const auto seed = name == "--seed" ? whole_number(value) : std::nullopt;
  options.settings.seed = seed.value_or(0);
  return seed.has_value();
}

std::optional<Options> parse(std::span<char*> words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const std::string_view name = words[i];
    if (i + 1 == words.size() || !take(options, name, words[i + 1])) {
      std::fprintf(stderr, "stub-api: %s: unknown option, or a wrong value for it\n%s", words[i],
                   usage);
      return std::nullopt;
    }
  }
  if (!options.listen) {
    std::fprintf(stderr, "stub-api: --listen: missing; it is required\n%s", usage);
    return std::nullopt;
  }
  return options;
}

int serve(const Options& options, int signals) {
  Stop stop;
  Metrics metrics;
  Events events("stub");
  StubApi api(options.settings, stop);
  HttpServer server(
      most_connections, [&](const Request& request) { return api.answer(request); }, metrics, stop);
  const auto bound = server.listen(options.listen->host, options.listen->port);
  if (!bound) {
    std::fprintf(stderr, "stub-api: %s\n", bound.error().c_str());
    return 1;
  }
  events.emit("start",
              {{"address", quoted(server.address())}, {"pid", std::to_string(::getpid())}});
  signalfd_siginfo signal{};
  while (::read(signals, &signal, sizeof signal) != sizeof signal) {
    pollfd watched[] = {{server.fd(), POLLIN, 0}, {signals, POLLIN, 0}};
    ::poll(watched, 2, 200);
    server.accept_pending();
    server.reap();
  }
  stop.request();
  server.close();
  events.emit("stop", {{"code", "0"}});
  return 0;
}

int stub_main(std::span<char*> words) {
  if (words.size() == 1 && std::string_view(words[0]) == "--help") {
    std::fputs(usage, stdout);
    return 0;
  }
  const auto options = parse(words);
  if (!options) return 2;
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  const int signals = ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  const int code = serve(*options, signals);
  ::close(signals);
  return code;
}

}  // namespace
}  // namespace bridge

int main(int count, char** words) {
  return bridge::stub_main({words + 1, static_cast<std::size_t>(count - 1)});
}
