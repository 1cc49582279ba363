#include "proxy/wire/engine.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cassert>
#include <latch>
#include <map>
#include <thread>
#include <utility>

#include "proxy/wire/clock.h"
#include "proxy/wire/listener.h"
#include "proxy/wire/worker.h"

namespace faultline::wire {
namespace {

// Descriptors that are not a connection's: files, the journal, loops, listeners, the pipes of bulk.
constexpr std::uint64_t reserved_descriptors = 128;
constexpr std::uint64_t descriptors_per_worker =
    8 + 2 * (PipePool::most_idle + PipePool::most_lent);

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

unsigned default_workers() {
  const unsigned cores = std::max(std::thread::hardware_concurrency(), 1U);
  return cores <= 2 ? 1 : std::min(cores - 1, 4U);
}

std::uint64_t connections_within(std::uint64_t descriptors, unsigned workers) {
  const std::uint64_t reserved = reserved_descriptors + workers * descriptors_per_worker;
  return descriptors > reserved + 2 ? (descriptors - reserved) / 2 : 1;
}

// The first worker is the acceptor too: it owns the listeners and hands sockets out in turn.
class RunningEngine final : public Engine {
 public:
  RunningEngine(EngineOptions options, Journal& journal)
      : options_(options),
        budget_(connections_within(raise_descriptor_limit(), options.workers)),
        pen_(journal.pen()) {
    const Worker::Shared shared{options_, &budget_, [this] { connection_freed(); }};
    for (unsigned i = 0; i < options_.workers; ++i)
      workers_.push_back(std::make_unique<Worker>(shared, journal.pen()));
    for (auto& worker : workers_) worker->start();
  }

  ~RunningEngine() override {
    heal();
    ask(0, [this](Worker&) { listeners_.clear(); });
    for (auto& worker : workers_) worker->stop();
  }

  Result<OpenedProxy> open(const ProxySpec& spec) override;
  void close(ProxyId proxy) override;
  ProxyId add(const ProxySpec& spec) override;
  std::expected<Address, ListenFailure> enable(ProxyId proxy, const Address& listen) override;
  void disable(ProxyId proxy) override;
  void retarget(ProxyId proxy, const Address& upstream) override;
  ArmedFault arm(const FaultSpec& fault, const std::vector<ProxyId>& proxies) override;
  Receipt update(FaultId fault, const FaultSpec& spec) override;
  Receipt disarm(FaultId fault) override;
  void heal() override;
  Touched touched(FaultId fault) override;
  void forget(FaultId fault) override;
  ProxyCounters counters(ProxyId proxy) override;
  std::string authority(ProxyId proxy) const override {
    return authorities_.contains(proxy) ? authorities_.at(proxy) : std::string();
  }
  std::vector<LiveConnection> connections(ProxyId proxy) override;
  bool reset(ConnectionId connection) override;
  std::string limits() const override;

 private:
  // Calls `task` on a worker's thread and waits until it has run there: a loop turn.
  template <class Task>
  void ask(std::size_t index, Task task) {
    std::latch done(1);
    Worker& worker = *workers_[index];
    worker.loop().post([&] {
      task(worker);
      done.count_down();
    });
    done.wait();
  }
  // The same on every worker. Returns when the last of them had it, by their own clock readings:
  // the caller may be woken much later on a busy machine.
  template <class Task>
  Instant ask_all(Task task) {
    std::latch done(static_cast<std::ptrdiff_t>(workers_.size()));
    std::vector<Instant> had(workers_.size());
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      workers_[i]->loop().post([&task, &done, &had, i, w = workers_[i].get()] {
        task(*w);
        had[i] = now();
        done.count_down();
      });
    }
    done.wait();
    return *std::max_element(had.begin(), had.end());
  }

  // Asks every worker in turn.
  template <class Task>
  void ask_each(Task task) {
    for (std::size_t i = 0; i < workers_.size(); ++i) ask(i, task);
  }

  std::vector<Target> targets(const std::vector<ProxyId>& proxies);
  Instant admit();
  bool admit(Worker& acceptor);
  void note_drops(Worker& acceptor);
  void accepted(ProxyId proxy, Accepted client);
  void connection_freed();
  void write(EventKind kind, Instant at, FaultId fault, ProxyId proxy, std::string_view text);

  const EngineOptions options_;
  ConnectionBudget budget_;
  JournalPen& pen_;                                       // of the thread that calls the engine
  std::map<FaultId, std::atomic<std::uint64_t>> places_;  // exchanges that matched so far
  std::vector<std::unique_ptr<Worker>> workers_;
  std::map<ProxyId, std::unique_ptr<Listener>> listeners_;  // on the acceptor's thread
  std::map<ProxyId, std::uint64_t> ordinals_;               // likewise: accepted so far
  std::vector<FaultId> armed_;
  std::map<ProxyId, std::string> authorities_;  // generated, in PEM
  ConnectionId next_connection_ = 1;            // on the acceptor's thread
  std::size_t next_worker_ = 0;                 // likewise
  ProxyId next_proxy_ = 1;
  FaultId next_fault_ = 1;
};

Result<OpenedProxy> RunningEngine::open(const ProxySpec& spec) {
  if (find_codec_kind(spec.protocol) == nullptr)
    return error("proxy " + spec.name, "unknown protocol \"" + spec.protocol + "\"" +
                                           suggestion(spec.protocol, codec_kind_names()));
  if (const Errors problems = tls_problems(spec); !problems.empty())
    return error("proxy " + spec.name, "tls: " + problems.front().text());
  const ProxyId id = add(spec);
  const auto listening = enable(id, spec.listen);
  if (listening) return OpenedProxy{id, *listening};
  ask(0, [&](Worker&) { ordinals_.erase(id); });
  ask_all([&](Worker& worker) { worker.remove_proxy(id); });
  authorities_.erase(id);
  return error("proxy " + spec.name, listening.error().text());
}

ProxyId RunningEngine::add(const ProxySpec& spec) {
  const ProxyId id = next_proxy_++;
  const auto tls = tls_setup(spec).value_or(nullptr);
  if (tls && !tls->authority_pem().empty()) authorities_[id] = tls->authority_pem();
  ask_all([&](Worker& worker) { worker.add_proxy(spec, id, tls); });
  return id;
}

std::expected<Address, ListenFailure> RunningEngine::enable(ProxyId proxy, const Address& listen) {
  SocketAddress address;
  if (!numeric(listen, address))
    return std::unexpected(ListenFailure{listen.text(), EADDRNOTAVAIL});
  const Address asked{address.host(), listen.port};
  std::optional<Address> now_at;
  ask(0, [&](Worker&) {
    if (const auto found = listeners_.find(proxy); found != listeners_.end())
      now_at = Address{found->second->address().host(), found->second->address().port()};
  });
  if (now_at && *now_at == asked) return *now_at;
  if (now_at) disable(proxy);

  auto socket = try_listen_on(address);
  if (!socket) return std::unexpected(ListenFailure{asked.text(), socket.error()});
  const SocketAddress real = local_address(socket->get());
  write(EventKind::proxy_opened, now(), 0, proxy, real.text());
  ask(0, [&](Worker& acceptor) {
    listeners_[proxy] = std::make_unique<Listener>(
        acceptor.loop(), std::move(*socket), proxy, budget_, acceptor.pen(),
        [this, proxy](Accepted client) { accepted(proxy, std::move(client)); });
    admit(acceptor);
  });
  return Address{asked.host, real.port()};
}

void RunningEngine::disable(ProxyId proxy) {
  ask(0, [&](Worker& acceptor) {
    note_drops(acceptor);
    listeners_.erase(proxy);
  });
  ask_all([&](Worker& worker) { worker.end_connections(proxy); });
  write(EventKind::proxy_closed, now(), 0, proxy, {});
}

void RunningEngine::close(ProxyId proxy) {
  ask(0, [&](Worker& acceptor) {
    note_drops(acceptor);
    listeners_.erase(proxy);
    ordinals_.erase(proxy);
  });
  ask_all([&](Worker& worker) { worker.remove_proxy(proxy); });
  authorities_.erase(proxy);
  write(EventKind::proxy_closed, now(), 0, proxy, {});
}

void RunningEngine::retarget(ProxyId proxy, const Address& upstream) {
  ask_all([&](Worker& worker) { worker.retarget(proxy, upstream); });
}

void RunningEngine::accepted(ProxyId proxy, Accepted client) {
  const ConnectionId id = next_connection_++;
  const std::uint64_t ordinal = ++ordinals_[proxy];
  const std::size_t turn = next_worker_++ % workers_.size();
  if (turn == 0) return workers_[0]->adopt(std::move(client), proxy, id, ordinal);
  Worker& worker = *workers_[turn];
  worker.loop().post(
      [&worker, proxy, id, ordinal, fd = client.socket.give_up(), peer = client.peer] {
        worker.adopt({Descriptor(fd), peer}, proxy, id, ordinal);
      });
}

// On any worker's thread. Listeners that wait for room are asked to go on.
void RunningEngine::connection_freed() {
  if (!budget_.room_was_asked_for()) return;
  workers_[0]->loop().post([this] {
    for (auto& [proxy, listener] : listeners_) listener->resume();
  });
}

ArmedFault RunningEngine::arm(const FaultSpec& fault, const std::vector<ProxyId>& proxies) {
  assert(fault.kind != nullptr && fault.prototype != nullptr);
  ArmedFault armed{next_fault_++, {now(), {}}};
  write(EventKind::fault_commanded, armed.receipt.commanded, armed.id, 0, fault.name);
  const Worker::Order order{targets(proxies), armed.receipt.commanded, &places_[armed.id]};
  const Instant there = ask_all([&](Worker& worker) { worker.arm(armed.id, fault, order); });
  armed.receipt.in_force = std::max(there, admit());
  write(EventKind::fault_armed, armed.receipt.in_force, armed.id, 0, fault.name);
  armed_.push_back(armed.id);
  return armed;
}

// Counting begins with the oldest connection that is open, or else with the next that comes.
std::vector<Target> RunningEngine::targets(const std::vector<ProxyId>& proxies) {
  std::vector<Target> found;
  for (const ProxyId proxy : proxies) {
    Target target{proxy, 0};
    ask(0, [&](Worker&) { target.before = ordinals_[proxy]; });
    ask_each([&](const Worker& worker) {
      if (const auto oldest = worker.oldest(proxy))
        target.before = std::min(target.before, *oldest - 1);
    });
    found.push_back(target);
  }
  return found;
}

// Tells every listener what the faults in force make of clients that connect. Returns when that was
// so, or the epoch where it was so already.
Instant RunningEngine::admit() {
  Instant changed{};
  ask(0, [&](Worker& acceptor) {
    if (admit(acceptor)) changed = now();
  });
  return changed;
}

// On the acceptor's thread.
bool RunningEngine::admit(Worker& acceptor) {
  note_drops(acceptor);
  bool changed = false;
  for (auto& [proxy, listener] : listeners_) {
    const FaultId full = acceptor.admitting(proxy, Admission::full);
    if (full == listener->full_for()) continue;
    if (full != 0) {
      listener->fill_backlog(full);
    } else {
      listener->free_backlog();
    }
    changed = true;
  }
  return changed;
}

// On the acceptor's thread. A SYN that the kernel dropped has no relay to tell of it: it is charged
// here to the fault that keeps the backlog full, the oldest if there are several.
void RunningEngine::note_drops(Worker& acceptor) {
  for (auto& [proxy, listener] : listeners_) {
    const std::uint64_t dropped = listener->take_dropped();
    if (dropped == 0) continue;
    Touched touched;
    touched.connections = dropped;
    touched.first = listener->full_since();
    touched.last = now();
    acceptor.fault(listener->full_for()).totals.add(touched);
  }
}

Receipt RunningEngine::update(FaultId fault, const FaultSpec& spec) {
  Receipt receipt{now(), {}};
  receipt.in_force = ask_all([&](Worker& worker) { worker.update(fault, spec); });
  receipt.in_force = std::max(receipt.in_force, admit());
  return receipt;
}

Receipt RunningEngine::disarm(FaultId fault) {
  Receipt receipt{now(), {}};
  if (std::erase(armed_, fault) == 0) return receipt;
  write(EventKind::fault_disarm_commanded, receipt.commanded, fault, 0, {});
  receipt.in_force = ask_all([&](Worker& worker) { worker.disarm(fault); });
  receipt.in_force = std::max(receipt.in_force, admit());
  Event disarmed;
  disarmed.at = receipt.in_force;
  disarmed.kind = EventKind::fault_disarmed;
  disarmed.fault = fault;
  disarmed.touched = touched(fault);
  pen_.write(disarmed);
  return receipt;
}

void RunningEngine::heal() {
  while (!armed_.empty()) disarm(armed_.back());
}

Touched RunningEngine::touched(FaultId fault) {
  ask(0, [this](Worker& acceptor) { note_drops(acceptor); });
  Touched sum;
  ask_each([&](const Worker& worker) {
    if (const Touched* here = worker.touched(fault)) sum.add(*here);
  });
  return sum;
}

void RunningEngine::forget(FaultId fault) {
  assert(std::ranges::find(armed_, fault) == armed_.end());
  ask_all([&](Worker& worker) { worker.forget(fault); });
  places_.erase(fault);
}

ProxyCounters RunningEngine::counters(ProxyId proxy) {
  ProxyCounters sum;
  ask_each([&](const Worker& worker) {
    const ProxyCounters* here = worker.counters(proxy);
    if (here == nullptr) return;
    sum.accepted += here->accepted;
    sum.live += here->live;
    sum.bytes_upstream += here->bytes_upstream;
    sum.bytes_downstream += here->bytes_downstream;
  });
  return sum;
}

std::vector<LiveConnection> RunningEngine::connections(ProxyId proxy) {
  std::vector<LiveConnection> live;
  ask_each([&](const Worker& worker) { worker.describe(proxy, live); });
  std::ranges::sort(live, {}, &LiveConnection::id);
  return live;
}

bool RunningEngine::reset(ConnectionId connection) {
  bool found = false;
  ask_each([&](Worker& worker) { found = worker.reset(connection) || found; });
  return found;
}

std::string RunningEngine::limits() const {
  const Bytes least{2 * budget_.most() * least_link_limit.count};  // if all links are full
  return std::to_string(budget_.most()) + " connections, at most " +
         to_string(std::max(options_.total_limit, least)) + " held by faults (" +
         to_string(options_.link_limit) + " per direction), " + std::to_string(options_.workers) +
         (options_.workers == 1 ? " worker" : " workers");
}

void RunningEngine::write(EventKind kind, Instant at, FaultId fault, ProxyId proxy,
                          std::string_view text) {
  Event event;
  event.at = at;
  event.kind = kind;
  event.fault = fault;
  event.proxy = proxy;
  event.text = text;
  pen_.write(event);
}

}  // namespace

std::string ListenFailure::text() const { return why_not_listening(address, code); }

Result<std::unique_ptr<Engine>> Engine::start(const EngineOptions& options, Journal& journal) {
  signal(SIGPIPE, SIG_IGN);
  EngineOptions complete = options;
  if (complete.workers == 0) complete.workers = default_workers();
  return std::make_unique<RunningEngine>(complete, journal);
}

}  // namespace faultline::wire
