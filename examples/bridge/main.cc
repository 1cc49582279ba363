// The webhook bridge: a small service of the kind that faultline's drills are aimed at. Reading
// order: README.md, pipeline.h, pg_pool.h, calls.h, breaker.h, http_server.h. It shares no code
// with faultline on purpose, so that a mistake in one cannot hide the same mistake in the other.
//
// Exit codes: 0 after SIGTERM or SIGINT, 1 when it cannot start, 2 for a wrong command line.

#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "call_store.h"
#include "calls.h"
#include "event_store.h"
#include "events.h"
#include "http_server.h"
#include "json_text.h"
#include "metrics.h"
#include "options.h"
#include "pg_pool.h"
#include "pipeline.h"
#include "profiles.h"
#include "service.h"

namespace bridge {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

void complain(const std::string& text) { std::fprintf(stderr, "bridge: %s\n", text.c_str()); }

/// Signals arrive as bytes of a descriptor, in the main thread only; call before any other thread.
int signal_descriptor() {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  return ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

std::optional<std::string> conninfo_mistake(const std::string& conninfo) {
  char* message = nullptr;
  if (PQconninfoOption* options = PQconninfoParse(conninfo.c_str(), &message)) {
    PQconninfoFree(options);
    return std::nullopt;
  }
  std::string text = message ? message : "out of memory";
  PQfreemem(message);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

PgPool::Settings pool_settings(const Options& options) {
  return {.conninfo = options.postgres,
          .schema = EventStore::schema(!options.bugs.no_dedupe) + CallStore::schema(),
          .size = options.pool,
          .statement_deadline = options.statement_deadline,
          .connect_deadline = options.connect_deadline,
          .backoff = options.reconnect_backoff,
          .bugs = options.bugs};
}

/// The running service, from bind to the last joined thread.
class Bridge {
 public:
  Bridge(const Options& options, int signals)
      : options_(options),
        signals_(signals),
        events_(options.node),
        pool_(pool_settings(options), metrics_, events_, stop_),
        store_(pool_, options.node, options.acquire_deadline, !options.bugs.no_dedupe),
        profiles_(options, store_, metrics_, events_, stop_),
        pipeline_(options, store_, profiles_, metrics_, stop_),
        call_store_(pool_, options.node, options.acquire_deadline),
        calls_(options.agent
                   ? std::make_unique<Calls>(options, call_store_, metrics_, events_, stop_)
                   : nullptr),
        service_(options, pipeline_, calls_.get(), pool_, metrics_, events_),
        server_(
            options.max_connections, [this](const Request& r) { return service_.answer(r); },
            metrics_, stop_) {}

  int run() {
    int code = 0;
    if (const auto bound = server_.listen(options_.listen_host, options_.listen_port)) {
      events_.emit("start", {{"address", quoted(server_.address())},
                             {"pid", std::to_string(::getpid())},
                             {"variant", quoted(variant(options_.bugs))}});
      pool_.start();
      profiles_.start();
      code = serve();
    } else {
      complain(bound.error());
      code = exit_failed;
    }
    stop_.request();
    pipeline_.close();
    server_.close();
    profiles_.join();
    pool_.join();
    if (draining_since_) {
      events_.emit("drain_end", {{"in_flight", std::to_string(left_in_flight_)}});
    }
    events_.emit("stop", {{"code", std::to_string(code)}});
    return code;
  }

 private:
  /// Accepts until the drain is over, or PostgreSQL has not come within the start deadline.
  int serve() {
    const auto start_by = within(options_.start_deadline);
    bool prepared = false;
    while (!drained()) {
      pollfd watched[] = {{server_.fd(), POLLIN, 0}, {signals_, POLLIN, 0}};
      ::poll(watched, 2, draining_since_ ? 10 : 200);
      server_.accept_pending();
      server_.reap();
      take_signals();
      prepared = prepared || pool_.prepared();
      if (!prepared && !draining_since_ && Clock::now() >= start_by) {
        complain("--postgres: not reachable within --start-deadline; last error: " +
                 pool_.last_error());
        return exit_failed;
      }
    }
    return 0;
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof info) == sizeof info) {
      if (draining_since_) {
        hurry_ = true;
        continue;
      }
      draining_since_ = Clock::now();
      service_.drain();
      events_.emit("drain_start", {{"in_flight", std::to_string(metrics_.http_in_flight.load())}});
    }
  }

  /// After the grace and when nothing is in flight; by the drain deadline or a second signal
  /// anyway.
  bool drained() {
    if (!draining_since_) return false;
    const auto waited = Clock::now() - *draining_since_;
    left_in_flight_ = metrics_.http_in_flight.load();
    if (hurry_ || waited >= options_.drain_deadline) return true;
    return left_in_flight_ == 0 && waited >= options_.drain_grace;
  }

  const Options& options_;
  const int signals_;
  std::optional<Deadline> draining_since_;
  bool hurry_ = false;
  std::int64_t left_in_flight_ = 0;

  Stop stop_;
  Metrics metrics_;
  Events events_;
  PgPool pool_;
  EventStore store_;
  Profiles profiles_;
  Pipeline pipeline_;
  CallStore call_store_;
  std::unique_ptr<Calls> calls_;
  Service service_;
  HttpServer server_;
};

int bridge_main(int count, char** words) {
  const auto options = parse_options({words + 1, static_cast<std::size_t>(count - 1)});
  if (!options) {
    for (const std::string& mistake : options.error()) complain(mistake);
    return exit_usage;
  }
  if (options->help) {
    std::fputs(usage().c_str(), stdout);
    return 0;
  }
  if (const auto mistake = conninfo_mistake(options->postgres)) {
    complain("--postgres: " + *mistake);
    return exit_usage;
  }
  const int signals = signal_descriptor();
  const int code = std::make_unique<Bridge>(*options, signals)->run();
  ::close(signals);
  return code;
}

}  // namespace
}  // namespace bridge

int main(int count, char** words) { return bridge::bridge_main(count, words); }
