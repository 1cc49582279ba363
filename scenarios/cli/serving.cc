#include "scenarios/cli/serving.h"

#include <signal.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "proxy/control/event_feed.h"
#include "proxy/control/native.h"
#include "proxy/control/registry.h"
#include "proxy/control/site.h"
#include "proxy/control/toxiproxy.h"
#include "proxy/wire/clock.h"
#include "proxy/wire/http_server.h"
#include "proxy/wire/lookup.h"
#include "proxy/wire/signals.h"
#include "scenarios/cli/memory_file.h"
#include "scenarios/cli/served_file.h"
#include "scenarios/cli/verb.h"

namespace faultline::cli {
namespace {

constexpr Duration lookup_limit = std::chrono::seconds(2);

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

// What the control thread has: the registry, its APIs, and what happens by itself (leases, beats).
class ControlRoom {
 public:
  struct Needs {
    wire::Loop& loop;
    wire::Engine& engine;
    control::EventFeed& events;
    Journal& journal;
    const Serving& serving;
    const Voice& voice;
  };

  explicit ControlRoom(Needs needs);

  // The proxies to start with; the exit code if there is no going on.
  int configure();
  void reload();
  wire::HttpServer& server() { return server_; }

 private:
  Checked<control::Configuration::Outcome> load();
  HttpResponse answer(const HttpRequest& request);
  void look_at_leases() { leases_.set(registry_.expire(wire::now())); }
  void beat(Instant now) {
    needs_.events.beat();
    beat_.set(now + control::EventFeed::beat_every);
  }

  const Needs needs_;
  control::Registry registry_;
  control::Toxiproxy toxiproxy_;
  control::Metrics metrics_;
  ServedFile file_;
  control::Native native_;
  const control::Site site_;
  wire::Deadline leases_;
  wire::Deadline beat_;
  wire::HttpServer server_;
};

ControlRoom::ControlRoom(Needs needs)
    : needs_(needs),
      registry_(
          needs.engine, [](const std::string& host) { return wire::look_up(host, lookup_limit); },
          needs.serving.upstreams, memory_file),
      toxiproxy_(registry_),
      metrics_(registry_, needs.engine, needs.serving.metrics),
      file_(needs.serving.file, registry_),
      native_({registry_, needs.engine, wire::now, &needs.events, &metrics_,
               needs.serving.file.empty()
                   ? std::function<Checked<control::Configuration::Outcome>()>()
                   : [this] { return load(); }}),
      site_(needs.serving.admission,
            {[this](const HttpRequest& request) { return toxiproxy_.serve(request); },
             [this](const HttpRequest& request) { return native_.serve(request); }}),
      leases_(needs.loop, [this](Instant) { look_at_leases(); }),
      beat_(needs.loop, [this](Instant now) { beat(now); }),
      server_(needs.loop, [this](const HttpRequest& request) { return answer(request); }) {
  needs_.events.begin(
      {{registry_, needs_.engine, server_, wire::now}, [this] { needs_.journal.flush(); }});
  beat(wire::now());
}

// A lease that is over is over before anything else is done, however long this process slept.
HttpResponse ControlRoom::answer(const HttpRequest& request) {
  look_at_leases();
  HttpResponse response = site_.answer(request);
  look_at_leases();
  metrics_.count_request(request.method, response.status);
  return response;
}

Checked<control::Configuration::Outcome> ControlRoom::load() {
  auto outcome = file_.load();
  look_at_leases();
  return outcome;
}

int ControlRoom::configure() {
  const Serving& serving = needs_.serving;
  if (!serving.config.empty()) {
    const Result<std::size_t> count = cli::configure(toxiproxy_, serving.config);
    if (!count) needs_.voice.complains(count.error().text());
    if (!count && serving.config_must_hold) return exit_usage;
    if (count) {
      needs_.voice.says("populated " + std::to_string(*count) + " proxies from file", "");
    }
  }
  if (serving.file.empty()) return exit_pass;
  const auto outcome = load();
  if (outcome) {
    for (const std::string& name : outcome->added) {
      const auto proxy = registry_.proxy(name);
      needs_.voice.says("proxy " + name, (*proxy)->listen);
    }
    return exit_pass;
  }
  for (const Error& error : outcome.error()) needs_.voice.complains(error.text());
  return file_.was_right() ? exit_environment : exit_usage;
}

void ControlRoom::reload() {
  const auto outcome = load();
  if (outcome) {
    needs_.voice.says("reloaded: " + std::to_string(outcome->added.size()) + " added, " +
                          std::to_string(outcome->changed.size()) + " changed, " +
                          std::to_string(outcome->removed.size()) + " removed, " +
                          std::to_string(outcome->unchanged) + " unchanged",
                      "");
    return;
  }
  for (const Error& error : outcome.error()) needs_.voice.complains(error.text());
  needs_.voice.complains("the configuration in force stays as it was");
}

// From the first signal on nothing new is taken in; a second does not wait for answers under way.
void run_until_signalled(wire::Loop& loop, ControlRoom& room, bool reloads) {
  bool stopping = false;
  std::vector<int> numbers{SIGINT, SIGTERM};
  if (reloads) numbers.push_back(SIGHUP);
  const wire::Signals signals(loop, numbers, [&](int number) {
    if (number == SIGHUP) return room.reload();
    if (std::exchange(stopping, true)) return loop.stop();
    room.server().stop([&loop] { loop.stop(); });
  });
  loop.run();
}

}  // namespace

int serve(Serving serving, const Voice& voice) {
  wire::Loop loop;
  control::EventFeed events([&loop](auto task) { loop.post(std::move(task)); }, wire::now());
  Journal journal(events);
  auto engine = wire::Engine::start(serving.engine, journal);
  if (!engine) {
    voice.complains(engine.error().text());
    return exit_environment;
  }
  ControlRoom room({loop, **engine, events, journal, serving, voice});
  if (const int code = room.configure(); code != exit_pass) return code;
  for (wire::HttpDoor& door : serving.doors) {
    voice.says("listening", door.text());
    room.server().serve(std::move(door));
  }
  voice.says((*engine)->limits(), "");
  run_until_signalled(loop, room, !serving.file.empty());
  return exit_pass;
}

}  // namespace faultline::cli
