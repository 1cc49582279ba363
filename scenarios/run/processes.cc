#include "scenarios/run/processes.h"

#include <cassert>
#include <utility>

#include "proxy/wire/clock.h"

namespace faultline {
namespace {

constexpr Duration kill_limit = std::chrono::seconds(10);  // for the kernel to end what was killed

void count_from(Instant zero, Instant& at) {
  if (at != Instant{}) at = Instant(at - zero);
}

}  // namespace

Result<void> ProcessesUnderTest::start(const ProcessPlan& plan,
                                       const std::filesystem::path& folder) {
  auto started = ProcessUnderTest::start(waiting_.loop(), plan, folder);
  if (!started) return std::unexpected(started.error());
  processes_.push_back(std::move(*started));
  return {};
}

bool ProcessesUnderTest::await_ready() {
  assert(!processes_.empty());
  ProcessUnderTest& newest = *processes_.back();
  const auto settled = [&] {
    newest.look(waiting_.loop().now());
    return newest.ready() || !newest.running();
  };
  waiting_.await(Patience::while_undisturbed, settled, wire::now() + newest.plan().ready_within);
  return newest.ready() && newest.running();
}

ProcessesUnderTest::Blame ProcessesUnderTest::blame(const ProcessUnderTest& process) {
  return {{process.plan().where, process.trouble()}, process.last_words()};
}

ProcessesUnderTest::Blame ProcessesUnderTest::blame_newest() const {
  assert(!processes_.empty());
  return blame(*processes_.back());
}

std::optional<ProcessesUnderTest::Blame> ProcessesUnderTest::died() const {
  if (stopping_) return std::nullopt;
  for (const auto& process : processes_) {
    if (process->ready() && !process->running()) return blame(*process);
  }
  return std::nullopt;
}

void ProcessesUnderTest::stop() {
  stopping_ = true;
  for (auto process = processes_.rbegin(); process != processes_.rend(); ++process) {
    const auto gone = [&] { return !(*process)->running(); };
    (*process)->stop();
    waiting_.await(Patience::until_hurried, gone, wire::now() + (*process)->plan().stop_within);
    if (gone()) continue;
    (*process)->kill();
    waiting_.await(Patience::always, gone, wire::now() + kill_limit);
  }
}

std::vector<ProcessRecord> ProcessesUnderTest::records(Instant zero) const {
  std::vector<ProcessRecord> records;
  for (const auto& process : processes_) {
    ProcessRecord& record = records.emplace_back(process->record());
    count_from(zero, record.started);
    count_from(zero, record.ready);
    count_from(zero, record.ended);
  }
  return records;
}

}  // namespace faultline
