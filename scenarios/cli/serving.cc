#include "scenarios/cli/serving.h"

#include <signal.h>

#include <array>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "proxy/control/registry.h"
#include "proxy/control/site.h"
#include "proxy/control/toxiproxy.h"
#include "proxy/wire/http_server.h"
#include "proxy/wire/lookup.h"
#include "proxy/wire/signals.h"
#include "scenarios/cli/verb.h"

namespace faultline::cli {
namespace {

constexpr Duration lookup_limit = std::chrono::seconds(2);

// Nobody reads what happens on the connections yet.
class Unread final : public JournalReader {
 public:
  void read(std::span<const Event>) override {}
};

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return error("", quoted(path) + " cannot be read");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return error("", quoted(path) + " cannot be read");
  return text;
}

Result<std::size_t> configure(control::Toxiproxy& api, const std::string& path) {
  const Result<std::string> text = read_file(path);
  if (!text) return std::unexpected(text.error());
  Result<std::size_t> count = api.configure(*text);
  if (!count) return error(path, count.error().text());
  return count;
}

// From the first signal on nothing new is taken in; a second does not wait for answers under way.
void run_until_signalled(wire::Loop& loop, wire::HttpServer& server) {
  bool stopping = false;
  constexpr std::array<int, 2> numbers{SIGINT, SIGTERM};
  const wire::Signals signals(loop, numbers, [&](int) {
    if (std::exchange(stopping, true)) return loop.stop();
    server.stop([&loop] { loop.stop(); });
  });
  loop.run();
}

}  // namespace

int serve(Serving serving, const Voice& voice) {
  wire::Loop loop;
  Unread reader;
  Journal journal(reader);
  auto engine = wire::Engine::start(serving.engine, journal);
  if (!engine) {
    voice.complains(engine.error().text());
    return exit_environment;
  }
  control::Registry registry(
      **engine, [](const std::string& host) { return wire::look_up(host, lookup_limit); });
  control::Toxiproxy toxiproxy(registry);
  if (!serving.config.empty()) {
    const Result<std::size_t> count = configure(toxiproxy, serving.config);
    if (!count) voice.complains(count.error().text());
    if (!count && serving.config_must_hold) return exit_usage;
    if (count) voice.says("populated " + std::to_string(*count) + " proxies from file", "");
  }
  const control::Site site(serving.admission,
                           {[&](const HttpRequest& request) { return toxiproxy.serve(request); }});
  wire::HttpServer server(loop,
                          [&site](const HttpRequest& request) { return site.answer(request); });
  for (wire::HttpDoor& door : serving.doors) {
    voice.says("listening", door.text());
    server.serve(std::move(door));
  }
  voice.says((*engine)->limits(), "");
  run_until_signalled(loop, server);
  return exit_pass;
}

}  // namespace faultline::cli
