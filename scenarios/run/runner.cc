// A run, as a list of steps (Runner::run). Each waits in a RunLoop, which is where signals come in:
// the first heals at once, wherever the run is, and makes every wait for progress return; the
// second takes the patience out of the waits of the clean-up.

#include "scenarios/run/runner.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "proxy/wire/clock.h"
#include "proxy/wire/process.h"
#include "scenarios/recording/recorder.h"
#include "scenarios/run/audit.h"
#include "scenarios/run/environment.h"
#include "scenarios/run/load.h"
#include "scenarios/run/planned_faults.h"
#include "scenarios/run/preparation.h"
#include "scenarios/run/processes.h"
#include "scenarios/venue/own_venue.h"
#include "scenarios/xray/examination.h"
#include "scenarios/xray/wire_bench.h"

namespace faultline {
namespace {

constexpr Duration flush_every = std::chrono::seconds(1);
constexpr Duration lead = std::chrono::milliseconds(50);  // from "go" to drill time 0
constexpr Duration drain = std::chrono::seconds(5);       // of requests in flight when aborted

class Runner {
 public:
  Runner(Drill drill, const RunOptions& options, RunLoop& waiting, Progress& progress);
  ~Runner() { waiting_.tell_nobody(); }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  RunOutcome run();

 private:
  // Steps. A preparation says whether the next may follow: it did what it is for, and nothing has
  // disturbed the run.
  bool create_recording();
  bool start_venue();
  bool open_proxies();
  bool start_processes();
  bool start_load();
  bool take_stand();
  void play_timeline();
  void examine();
  void end_load();
  void audit();
  void stop_processes();
  void close_venue();
  RunOutcome finish();

  void look(Instant now);
  void aborted_by(int signal);
  void phase(std::string name);
  RunView view(Instant now);

  RunOutcome outcome();
  void discard_recording();
  Result<void> write_recording();

  // Takes what a step came to; its errors become the run's.
  template <class Outcome>
  bool done(const Outcome& outcome) {
    if (!outcome) fail(outcome.error());
    return undisturbed();
  }
  void fail(const Error& error) { fail(Errors{error}); }
  void fail(const Errors& errors);
  bool undisturbed() const { return !waiting_.disturbed(); }

  Drill drill_;
  const RunOptions& options_;
  RunLoop& waiting_;
  Progress& progress_;
  Recording recording_;  // what run.json will hold
  Errors errors_;
  std::string detail_;
  std::string phase_;
  bool load_started_ = false;
  Instant zero_{};
  Instant flushed_at_{};

  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<Venue> venue_;
  PlannedFaults faults_;
  ProcessesUnderTest processes_;
  Load load_;
  std::unique_ptr<xray::WireBench> bench_;  // of an X-ray
  std::vector<SinkReading> sinks_;
};

Runner::Runner(Drill drill, const RunOptions& options, RunLoop& waiting, Progress& progress)
    : drill_(std::move(drill)),
      options_(options),
      waiting_(waiting),
      progress_(progress),
      processes_(waiting) {
  waiting_.tell([this](Instant now) { look(now); }, [this](int number) { aborted_by(number); });
  recording_.version = options.version;
  recording_.started_at = wall_clock();
  recording_.environment = environment_of_this_machine();
  recording_.overrides = options.overrides;
  recording_.variables = options.variables;
}

RunOutcome Runner::run() {
  phase("starting");
  const bool prepared =
      create_recording() && done(find_ports(drill_, recording_)) && start_venue() &&
      open_proxies() && take_stand() && done(probe_sinks(drill_, waiting_)) && start_processes() &&
      done(probe_upstreams(drill_, waiting_)) && done(expect_empty_sinks(drill_, waiting_));
  if (prepared && start_load()) drill_.xray ? examine() : play_timeline();
  faults_.heal();
  end_load();
  audit();
  stop_processes();
  close_venue();
  return finish();
}

bool Runner::create_recording() {
  Checked<PlannedFaults> faults = PlannedFaults::from(drill_);
  if (!faults) return done(faults);
  faults_ = std::move(*faults);
  Result<std::unique_ptr<Recorder>> recorder = Recorder::create(options_.folder, drill_);
  if (!recorder) return done(recorder);
  recorder_ = std::move(*recorder);
  return true;
}

bool Runner::start_venue() {
  Result<std::unique_ptr<Venue>> venue = options_.on
                                             ? ServedVenue::start(*options_.on, drill_, *recorder_)
                                             : OwnVenue::start(drill_.seed, *recorder_);
  if (!venue) return done(venue);
  venue_ = std::move(*venue);
  return true;
}

bool Runner::open_proxies() {
  const Checked<std::vector<ProxyId>> proxies =
      faultline::open_proxies(drill_, recording_, *venue_);
  recording_.environment.merge(venue_->environment());
  if (proxies) faults_.use(*venue_, *recorder_, *proxies);
  return done(proxies);
}

// In the place of a proxy: there before the service is, as that would be.
bool Runner::take_stand() {
  if (!drill_.xray) return true;
  Result<std::unique_ptr<xray::WireBench>> bench = open_bench(drill_, waiting_);
  if (!bench) return done(bench);
  bench_ = std::move(*bench);
  return undisturbed();
}

// A service that does not become ready often waits for an upstream that is not there, so that is
// looked at before it is blamed alone.
bool Runner::start_processes() {
  for (const ProcessPlan& plan : drill_.processes) {
    if (!done(processes_.start(plan, recorder_->folder()))) return false;
    if (processes_.await_ready()) continue;
    if (!undisturbed()) return false;
    const ProcessesUnderTest::Blame blame = processes_.blame_newest();
    const Checked<void> upstreams = probe_upstreams(drill_, waiting_);
    detail_ = blame.last_words;
    fail(blame.error);
    return done(upstreams);
  }
  return undisturbed();
}

// From here on the recording is readable, and until the end it says that the run was killed.
bool Runner::start_load() {
  load_.prepare(drill_, *recorder_);
  zero_ = wire::now() + lead;
  recording_.wall_zero = wall_clock_at(zero_);
  faults_.count_from(zero_);
  recorder_->start(zero_);
  Recording begun = recording_;
  begun.drill = drill_;
  begun.ending = Ending::aborted;
  begun.why = "the runner was killed";
  recorder_->write_faults(faults_.records());
  if (!done(recorder_->write_run(std::move(begun)))) return false;
  load_started_ = true;
  load_.start(zero_);
  return true;
}

void Runner::play_timeline() {
  const auto nothing_else = [] { return false; };
  const Duration end = workload_end(drill_);
  for (const Step& step : timeline(drill_)) {
    if (step.at > end) break;
    waiting_.await(Patience::while_undisturbed, nothing_else, zero_ + step.at);
    if (!undisturbed()) return;
    if (step.change == Step::Change::arm && !done(faults_.arm(step.fault))) return;
    if (step.change == Step::Change::disarm && !done(faults_.disarm(step.fault))) return;
    if (!step.phase.empty()) phase(step.phase);
  }
  waiting_.await(Patience::while_undisturbed, nothing_else, zero_ + end);
}

void Runner::examine() {
  xray::Setting setting;
  setting.budget = drill_.xray->within;
  setting.tell = [this](const std::string& what) {
    if (phase_ != "x-ray: " + what) phase("x-ray: " + what);
  };
  const Result<xray::Answers> answers = xray::Examination(*bench_, std::move(setting)).run();
  const Instant ended = Instant(wire::now() - zero_);
  if (!answers) {
    if (undisturbed()) fail(Error{"x-ray", answers.error().text()});
  } else {
    recorder_->write_xray({ended, bench_->calls().size(), bench_->attempts().size(), *answers});
  }
  recording_.load_ended = ended;
}

void Runner::end_load() {
  bench_.reset();  // whatever it still held back
  if (!load_started_ || drill_.xray) return;
  recording_.load_ended = Instant(std::min(wire::now(), zero_ + workload_end(drill_)) - zero_);
  load_.stop();
  phase("draining");
  const auto finished = [&] { return load_.finished(); };
  Duration longest{};
  for (const WorkloadPlan& plan : drill_.workloads) longest = std::max(longest, plan.timeout);
  if (undisturbed()) {
    waiting_.await(Patience::while_undisturbed, finished, wire::now() + longest + drain);
  }
  if (!undisturbed()) waiting_.await(Patience::until_hurried, finished, wire::now() + drain);
  load_.cut();
}

void Runner::audit() {
  if (!load_started_ || !undisturbed()) return;
  phase("audit");
  sinks_ = read_sinks(drill_, zero_, waiting_);
}

void Runner::stop_processes() {
  if (!processes_.any()) return;
  phase("stopping");
  processes_.stop();
}

void Runner::close_venue() {
  faults_.release();
  if (venue_ == nullptr) return;
  const Venue::Closed closed = venue_->close();
  recording_.events_lost = closed.events_lost;
  recording_.gaps = closed.gaps;
  venue_.reset();
}

RunOutcome Runner::finish() {
  waiting_.turn();  // for a signal that came since the last wait
  RunOutcome result = outcome();
  if (recorder_ == nullptr) return result;
  if (!load_started_ && result.signal == 0) {
    discard_recording();
    return result;
  }
  if (auto written = write_recording(); !written) result.errors.push_back(written.error());
  result.recorded = true;
  return result;
}

RunOutcome Runner::outcome() {
  if (waiting_.signal() != 0) {
    recording_.ending = Ending::aborted;
    recording_.why = wire::signal_name(waiting_.signal());
    recording_.signal = waiting_.signal();
  } else if (!errors_.empty()) {
    recording_.ending = Ending::failed;
    recording_.why = errors_.front().what;
  }
  RunOutcome outcome;
  outcome.ending = recording_.ending;
  outcome.signal = waiting_.signal();
  outcome.errors = errors_;
  outcome.detail = detail_;
  return outcome;
}

void Runner::discard_recording() {
  std::error_code ignored;
  for (const ProcessPlan& plan : drill_.processes) {
    std::filesystem::remove(recorder_->folder() / log_of(plan), ignored);
  }
  recorder_->discard();
}

Result<void> Runner::write_recording() {
  if (zero_ == Instant{}) zero_ = wire::now();
  recorder_->start(zero_);
  recording_.processes = processes_.records(zero_);
  recording_.drill = drill_;
  recorder_->write_faults(faults_.records());
  recorder_->write_sinks(sinks_);
  return recorder_->write_run(recording_);
}

// Everything that is watched all the time.
void Runner::look(Instant now) {
  progress_.update(view(now), now);
  if (load_started_ && now - flushed_at_ >= flush_every) {
    flushed_at_ = now;
    recorder_->flush();
  }
  if (!undisturbed()) return;
  if (const auto blame = processes_.died()) {
    detail_ = blame->last_words;
    fail(blame->error);
    faults_.heal();
  } else if (const auto trouble = venue_ == nullptr ? std::nullopt : venue_->trouble()) {
    fail(*trouble);
    faults_.heal();
  }
}

void Runner::aborted_by(int signal) {
  faults_.heal();
  phase("aborted by " + wire::signal_name(signal));
}

void Runner::fail(const Errors& errors) {
  errors_.insert(errors_.end(), errors.begin(), errors.end());
  waiting_.disturb();
}

void Runner::phase(std::string name) {
  phase_ = std::move(name);
  progress_.phase(view(wire::now()));
}

RunView Runner::view(Instant now) {
  RunView view;
  view.phase = phase_;
  view.under_load = load_.on();
  view.elapsed = now - zero_;
  view.total = workload_end(drill_);
  view.load = load_.progress();
  view.faults = faults_.active();
  return view;
}

}  // namespace

RunOutcome run_drill(Drill drill, const RunOptions& options, RunLoop& waiting, Progress& progress) {
  return Runner(std::move(drill), options, waiting, progress).run();
}

}  // namespace faultline
