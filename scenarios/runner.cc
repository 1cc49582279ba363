// A run, as a list of steps (Runner::run). Each waits in a RunLoop, which is where signals come in:
// the first heals at once, wherever the run is, and makes every wait for progress return; the
// second takes the patience out of the waits of the clean-up.

#include "scenarios/runner.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "proxy/wire/clock.h"
#include "proxy/wire/engine.h"
#include "proxy/wire/ports.h"
#include "scenarios/environment.h"
#include "scenarios/errand.h"
#include "scenarios/planned_faults.h"
#include "scenarios/process.h"
#include "scenarios/recorder.h"
#include "scenarios/run_loop.h"
#include "scenarios/sinks/sink.h"
#include "scenarios/workload/workload.h"

namespace faultline {
namespace {

constexpr Duration flush_every = std::chrono::seconds(1);
constexpr Duration lead = std::chrono::milliseconds(50);   // from "go" to drill time 0
constexpr Duration drain = std::chrono::seconds(5);        // of requests in flight when aborted
constexpr Duration kill_limit = std::chrono::seconds(10);  // for the kernel to end what was killed
constexpr Duration upstream_patience = std::chrono::seconds(3);

class Runner {
 public:
  Runner(Drill drill, const RunOptions& options, Progress& progress);
  RunOutcome run();

 private:
  using Condition = std::function<bool()>;

  // Steps. A step that could not be taken says why in errors_ or finds signal_ set.
  bool create_recording();
  bool find_ports();
  bool start_engine();
  bool open_proxies();
  bool probe_sinks();
  bool start_processes();
  bool wait_until_ready(ProcessUnderTest& process);
  bool probe_upstreams();
  bool make_workloads();
  void start_load();
  bool play_timeline();
  void end_load();
  void read_sinks();
  void stop_processes();
  void close_engine();
  RunOutcome finish();

  bool undisturbed() const { return !waiting_.disturbed(); }
  bool await(Patience patience, const Condition& reached, Instant limit) {
    return waiting_.await(patience, reached, limit);
  }
  void look(Instant now);
  void aborted_by(int signal);
  void fail(Error error);
  void fail(Errors errors);
  void phase(std::string name);
  RunView view(Instant now);
  LoadProgress load() const;
  Instant since_zero(Instant at) const { return at == Instant{} ? at : Instant(at - zero_); }

  Drill drill_;
  const RunOptions& options_;
  Progress& progress_;
  Recording recording_;  // what run.json will hold
  Errors errors_;
  std::string detail_;
  bool load_started_ = false;
  bool stopping_processes_ = false;
  std::string phase_;
  Instant zero_{};
  Instant flushed_at_{};

  RunLoop waiting_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<wire::Engine> engine_;
  PlannedFaults faults_;
  std::vector<std::unique_ptr<ProcessUnderTest>> processes_;
  std::vector<std::unique_ptr<Workload>> workloads_;
  std::vector<SinkReading> sinks_;
};

Runner::Runner(Drill drill, const RunOptions& options, Progress& progress)
    : drill_(std::move(drill)),
      options_(options),
      progress_(progress),
      waiting_([this](Instant now) { look(now); }, [this](int number) { aborted_by(number); }) {
  recording_.version = options.version;
  recording_.started_at = wall_clock();
  recording_.environment = environment_of_this_machine();
  recording_.overrides = options.overrides;
  recording_.variables = options.variables;
}

RunOutcome Runner::run() {
  phase("starting");
  const bool prepared = create_recording() && find_ports() && start_engine() && open_proxies() &&
                        probe_sinks() && start_processes() && probe_upstreams() && make_workloads();
  if (prepared) {
    start_load();
    play_timeline();
  }
  faults_.heal();
  end_load();
  read_sinks();
  stop_processes();
  close_engine();
  return finish();
}

bool Runner::create_recording() {
  Checked<PlannedFaults> faults = PlannedFaults::from(drill_);
  if (!faults) {
    fail(std::move(faults.error()));
    return false;
  }
  faults_ = std::move(*faults);
  Result<std::unique_ptr<Recorder>> recorder = Recorder::create(options_.folder, drill_);
  if (!recorder) {
    fail(recorder.error());
    return false;
  }
  recorder_ = std::move(*recorder);
  return true;
}

bool Runner::find_ports() {
  const Result<std::vector<std::uint16_t>> found = wire::free_ports(drill_.ports.size());
  if (!found) {
    fail(found.error());
    return false;
  }
  for (std::size_t i = 0; i < found->size(); ++i) recording_.ports[drill_.ports[i]] = (*found)[i];
  Checked<Drill> resolved = resolve_ports(drill_, recording_.ports);
  if (!resolved) {
    fail(std::move(resolved.error()));
    return false;
  }
  drill_ = std::move(*resolved);
  return true;
}

bool Runner::start_engine() {
  journal_ = std::make_unique<Journal>(*recorder_);
  wire::EngineOptions options;
  options.seed = drill_.seed;
  Result<std::unique_ptr<wire::Engine>> engine = wire::Engine::start(options, *journal_);
  if (!engine) {
    fail(engine.error());
    return false;
  }
  engine_ = std::move(*engine);
  recording_.environment["limits"] = engine_->limits();
  return true;
}

bool Runner::open_proxies() {
  std::map<std::string, Address> listeners;
  std::vector<Address> listening;
  std::vector<ProxyId> proxies;
  for (const ProxySpec& proxy : drill_.proxies) {
    const Result<wire::OpenedProxy> opened = engine_->open(proxy);
    if (!opened) {
      fail(opened.error());
      continue;
    }
    proxies.push_back(opened->id);
    recording_.proxies[opened->id] = proxy.name;
    listeners[proxy.name] = opened->listening;
    listening.push_back(opened->listening);
  }
  if (!errors_.empty()) return false;
  Checked<Drill> resolved = resolve_listeners(drill_, listeners);
  if (!resolved) {
    fail(std::move(resolved.error()));
    return false;
  }
  drill_ = std::move(*resolved);
  for (std::size_t i = 0; i < listening.size(); ++i) drill_.proxies[i].listen = listening[i];
  faults_.use(*engine_, *recorder_, proxies);
  return true;
}

bool Runner::probe_sinks() {
  for (const SinkPlan& plan : drill_.sinks) {
    const SinkKind* const kind = find_sink_kind(plan.kind);
    assert(kind != nullptr);  // the drill was checked
    Errand<Result<void>> probing([&](const auto&) { return kind->probe(plan); });
    if (!await(Patience::while_undisturbed, [&] { return probing.done(); }, never)) return false;
    if (!probing.answer()) fail(probing.answer().error());
  }
  return errors_.empty();
}

bool Runner::start_processes() {
  for (const ProcessPlan& plan : drill_.processes) {
    auto started = ProcessUnderTest::start(waiting_.loop(), plan, recorder_->folder());
    if (!started) {
      fail(started.error());
      return false;
    }
    processes_.push_back(std::move(*started));
    if (!wait_until_ready(*processes_.back())) return false;
  }
  return true;
}

// A service that does not become ready often waits for an upstream that is not there, so that is
// looked at before it is blamed alone.
bool Runner::wait_until_ready(ProcessUnderTest& process) {
  const Instant limit = wire::now() + process.plan().ready_within;
  const bool settled = await(
      Patience::while_undisturbed,
      [&] {
        process.look(waiting_.loop().now());
        return process.ready() || !process.running();
      },
      limit);
  if (process.ready() && process.running()) return true;
  if (!settled && !undisturbed()) return false;
  Error blame{process.plan().where, process.trouble()};
  detail_ = process.last_words();
  probe_upstreams();
  errors_.insert(errors_.begin(), std::move(blame));
  waiting_.disturb();
  return false;
}

bool Runner::probe_upstreams() {
  if (!undisturbed()) return false;
  std::vector<std::unique_ptr<wire::Probe>> probes;
  const Instant limit = wire::now() + upstream_patience;
  for (const ProxySpec& proxy : drill_.proxies) {
    probes.push_back(wire::Probe::start(waiting_.loop(), {proxy.upstream, ""}, limit));
  }
  const auto all_done = [&] {
    return std::all_of(probes.begin(), probes.end(), [](const auto& one) { return one->done(); });
  };
  if (!await(Patience::while_undisturbed, all_done, limit + upstream_patience)) return false;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    if (probes[i]->why_not().empty()) continue;
    const ProxySpec& proxy = drill_.proxies[i];
    fail(Error{"proxy \"" + proxy.name + "\"", "upstream " + proxy.upstream.text() +
                                                   " is not there: " + probes[i]->why_not() +
                                                   "; it must accept connections before a drill"});
  }
  return errors_.empty();
}

bool Runner::make_workloads() {
  if (!undisturbed()) return false;
  for (std::size_t i = 0; i < drill_.workloads.size(); ++i) {
    const WorkloadPlan& plan = drill_.workloads[i];
    const WorkloadKind* const kind = find_workload_kind(plan.kind);
    assert(kind != nullptr && (plan.target || !plan.through.empty()));  // the drill was checked
    WorkloadSetting setting{plan, static_cast<std::uint16_t>(i), {}, drill_.seed};
    if (plan.target) setting.target = *plan.target;
    for (const ProxySpec& proxy : drill_.proxies) {
      if (proxy.name == plan.through) setting.target = proxy.listen;
    }
    workloads_.push_back(kind->make(setting, *recorder_));
  }
  return true;
}

// From here on the recording is readable, and until the end it says that the run was killed.
void Runner::start_load() {
  zero_ = wire::now() + lead;
  faults_.count_from(zero_);
  recorder_->start(zero_);
  Recording begun = recording_;
  begun.drill = drill_;
  begun.ending = Ending::aborted;
  begun.why = "the runner was killed";
  recorder_->write_faults(faults_.records());
  if (auto written = recorder_->write_run(begun); !written) return fail(written.error());
  load_started_ = true;
  for (const auto& workload : workloads_) workload->start(zero_);
}

bool Runner::play_timeline() {
  const auto nothing_else = [] { return false; };
  const Duration end = workload_end(drill_);
  for (const Step& step : timeline(drill_)) {
    if (step.at > end) break;
    await(Patience::while_undisturbed, nothing_else, zero_ + step.at);
    if (!undisturbed()) return false;
    if (step.change == Step::Change::arm) faults_.arm(step.fault);
    if (step.change == Step::Change::disarm) faults_.disarm(step.fault);
    if (!step.phase.empty()) phase(step.phase);
  }
  await(Patience::while_undisturbed, nothing_else, zero_ + end);
  return undisturbed();
}

void Runner::end_load() {
  if (!load_started_) return;
  const Instant reached = std::min(wire::now(), zero_ + workload_end(drill_));
  recording_.load_ended = since_zero(reached);
  for (const auto& workload : workloads_) workload->stop();
  phase("draining");
  const auto finished = [&] {
    return std::all_of(workloads_.begin(), workloads_.end(),
                       [](const auto& workload) { return workload->finished(); });
  };
  Duration longest{};
  for (const WorkloadPlan& plan : drill_.workloads) longest = std::max(longest, plan.timeout);
  if (undisturbed()) {
    await(Patience::while_undisturbed, finished, wire::now() + longest + drain);
  }
  if (!undisturbed()) await(Patience::until_hurried, finished, wire::now() + drain);
  workloads_.clear();
}

void Runner::read_sinks() {
  if (!load_started_ || !undisturbed()) return;
  phase("audit");
  for (const SinkPlan& plan : drill_.sinks) {
    const SinkKind* const kind = find_sink_kind(plan.kind);
    Errand<SinkReading> reading([&](const auto& abandoned) { return kind->read(plan, abandoned); });
    const auto done = [&] { return reading.done(); };
    if (!await(Patience::while_undisturbed, done, never)) return;
    sinks_.push_back(std::move(reading.answer()));
    sinks_.back().read_at = since_zero(wire::now());
  }
}

// In reverse order, each with the time its plan grants; a hurried run grants none.
void Runner::stop_processes() {
  if (processes_.empty()) return;
  phase("stopping");
  stopping_processes_ = true;
  for (auto process = processes_.rbegin(); process != processes_.rend(); ++process) {
    const auto gone = [&] { return !(*process)->running(); };
    (*process)->stop();
    await(Patience::until_hurried, gone, wire::now() + (*process)->plan().stop_within);
    if (gone()) continue;
    (*process)->kill();
    await(Patience::always, gone, wire::now() + kill_limit);
  }
}

void Runner::close_engine() {
  faults_.release();
  engine_.reset();
  if (journal_ == nullptr) return;
  journal_->flush();
  recording_.events_lost = journal_->lost();
  journal_.reset();
}

RunOutcome Runner::finish() {
  waiting_.turn();  // for a signal that came since the last wait
  RunOutcome outcome;
  outcome.signal = waiting_.signal();
  outcome.detail = detail_;
  if (waiting_.signal() != 0) {
    recording_.ending = Ending::aborted;
    recording_.why = wire::signal_name(waiting_.signal());
    recording_.signal = waiting_.signal();
  } else if (!errors_.empty()) {
    recording_.ending = Ending::failed;
    recording_.why = errors_.front().what;
  }
  outcome.ending = recording_.ending;
  outcome.errors = errors_;
  if (recorder_ == nullptr) return outcome;
  if (!load_started_ && waiting_.signal() == 0) {
    std::error_code ignored;
    for (const ProcessPlan& plan : drill_.processes) {
      std::filesystem::remove(recorder_->folder() / log_of(plan), ignored);
    }
    recorder_->discard();
    return outcome;
  }
  if (zero_ == Instant{}) zero_ = wire::now();
  recorder_->start(zero_);
  for (const auto& process : processes_) {
    ProcessRecord record = process->record();
    record.started = since_zero(record.started);
    record.ready = since_zero(record.ready);
    record.ended = since_zero(record.ended);
    recording_.processes.push_back(std::move(record));
  }
  recording_.drill = drill_;
  recorder_->write_faults(faults_.records());
  recorder_->write_sinks(sinks_);
  if (auto written = recorder_->write_run(recording_); !written) {
    outcome.errors.push_back(written.error());
  }
  outcome.recorded = true;
  return outcome;
}

// Everything that is watched all the time.
void Runner::look(Instant now) {
  progress_.update(view(now), now);
  if (recorder_ != nullptr && load_started_ && now - flushed_at_ >= flush_every) {
    flushed_at_ = now;
    recorder_->flush();
  }
  if (stopping_processes_ || !undisturbed()) return;
  for (const auto& process : processes_) {
    if (process->running() || !process->ready()) continue;
    detail_ = process->last_words();
    fail(Error{process->plan().where, process->trouble()});
    faults_.heal();
  }
}

void Runner::aborted_by(int signal) {
  faults_.heal();
  phase("aborted by " + wire::signal_name(signal));
}

void Runner::fail(Error error) {
  errors_.push_back(std::move(error));
  waiting_.disturb();
}

void Runner::fail(Errors errors) {
  for (Error& error : errors) fail(std::move(error));
}

void Runner::phase(std::string name) {
  phase_ = std::move(name);
  progress_.phase(view(wire::now()));
}

RunView Runner::view(Instant now) {
  RunView view;
  view.phase = phase_;
  view.under_load = load_started_ && !workloads_.empty();
  view.elapsed = now - zero_;
  view.total = workload_end(drill_);
  view.load = load();
  view.faults = faults_.active();
  return view;
}

LoadProgress Runner::load() const {
  LoadProgress sum;
  for (const auto& workload : workloads_) {
    const LoadProgress one = workload->progress();
    sum.offered += one.offered;
    sum.completed += one.completed;
    sum.failed += one.failed;
    sum.in_flight += one.in_flight;
    sum.rate += one.rate;
    sum.p50 = std::max(sum.p50, one.p50);
    sum.p99 = std::max(sum.p99, one.p99);
    sum.errors += one.errors;
  }
  return sum;
}

}  // namespace

RunOutcome run_drill(Drill drill, const RunOptions& options, Progress& progress) {
  return Runner(std::move(drill), options, progress).run();
}

}  // namespace faultline
