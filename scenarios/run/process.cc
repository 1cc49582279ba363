#include "scenarios/run/process.h"

#include <signal.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "proxy/wire/clock.h"

namespace faultline {
namespace {

using std::chrono::milliseconds;

constexpr Duration first_backoff = milliseconds(20);
constexpr Duration most_backoff = milliseconds(200);
constexpr Duration attempt_limit = std::chrono::seconds(2);
constexpr std::streamoff tail_bytes = 4096;
constexpr std::size_t tail_lines = 12;

Result<std::optional<wire::ProbeTarget>> readiness_of(const ProcessPlan& plan) {
  if (plan.ready_tcp) return wire::ProbeTarget{*plan.ready_tcp, ""};
  if (plan.ready_http.empty()) return std::nullopt;
  Result<wire::ProbeTarget> target = wire::probe_target_from(plan.ready_http);
  if (!target) return error(plan.where, target.error().what);
  return std::move(*target);
}

std::string shown(const ProcessPlan& plan) {
  return plan.ready_tcp ? plan.ready_tcp->text() : plan.ready_http;
}

}  // namespace

std::string log_of(const ProcessPlan& plan) {
  return plan.log.empty() ? plan.name + ".log" : plan.log;
}

ProcessUnderTest::ProcessUnderTest(wire::Loop& loop, ProcessPlan plan, std::filesystem::path log)
    : loop_(loop), plan_(std::move(plan)), log_(std::move(log)), backoff_(first_backoff) {
  record_.name = plan_.name;
}

Result<std::unique_ptr<ProcessUnderTest>> ProcessUnderTest::start(
    wire::Loop& loop, const ProcessPlan& plan, const std::filesystem::path& folder) {
  Result<std::optional<wire::ProbeTarget>> target = readiness_of(plan);
  if (!target) return std::unexpected(target.error());
  std::unique_ptr<ProcessUnderTest> made(new ProcessUnderTest(loop, plan, folder / log_of(plan)));
  made->target_ = std::move(*target);
  auto process =
      wire::Process::start(loop, {plan.command, plan.environment, made->log_.string()},
                           [self = made.get()](const wire::ProcessEnd& end) { self->ended(end); });
  if (!process) {
    return error(plan.where, "process \"" + plan.name + "\": " + process.error().text());
  }
  made->process_ = std::move(*process);
  made->record_.started = wire::now();
  if (!made->target_) made->record_.ready = made->record_.started;
  return made;
}

void ProcessUnderTest::look(Instant now) {
  if (ready() || !running()) return;
  if (probe_ == nullptr) {
    if (now < next_attempt_) return;
    ++attempts_;
    probe_ = wire::Probe::start(loop_, *target_, now + attempt_limit);
    return;
  }
  if (!probe_->done()) return;
  why_not_ = probe_->why_not();
  probe_.reset();
  if (why_not_.empty()) {
    record_.ready = wire::now();
    return;
  }
  next_attempt_ = now + backoff_;
  backoff_ = std::min(backoff_ * 2, most_backoff);
}

void ProcessUnderTest::stop() { signal(SIGTERM); }
void ProcessUnderTest::kill() { signal(SIGKILL); }

void ProcessUnderTest::signal(int number) {
  if (!running()) return;
  record_.expected_end = true;
  process_->signal_group(number);
}

// A probe that is under way stays: we are told in the middle of a turn, in which the loop may have
// something for it too.
void ProcessUnderTest::ended(const wire::ProcessEnd& end) {
  record_.ended = wire::now();
  record_.ending = text(end);
}

std::string ProcessUnderTest::trouble() const {
  const std::string who = "process \"" + plan_.name + "\" ";
  if (!running()) return who + "ended: " + record_.ending;
  return who + "was not ready within " + to_string(plan_.ready_within) + ": " + shown(plan_) +
         ": " + (why_not_.empty() ? "no answer" : why_not_) + " (" + std::to_string(attempts_) +
         " attempts)";
}

std::string ProcessUnderTest::last_words() const {
  std::ifstream in(log_, std::ios::binary | std::ios::ate);
  if (!in) return "";
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(0, size - tail_bytes));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
  const std::size_t first = lines.size() > tail_lines ? lines.size() - tail_lines : 0;
  std::string words;
  for (std::size_t i = first; i < lines.size(); ++i) words += "\n  " + lines[i];
  if (words.empty()) return "";
  return "last lines of " + log_.filename().string() + ":" + words;
}

}  // namespace faultline
