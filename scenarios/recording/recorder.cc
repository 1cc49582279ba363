#include "scenarios/recording/recorder.h"

#include <sys/stat.h>

#include <utility>

#include "proxy/event_line.h"
#include "scenarios/recording/recording_write.h"
#include "scenarios/recording/xray_record.h"

namespace faultline {
namespace {

Result<OutputFile> create_in(const std::filesystem::path& folder, std::string_view name) {
  return OutputFile::create(folder / name);
}

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::create(std::filesystem::path folder,
                                                   const Drill& drill) {
  std::unique_ptr<Recorder> recorder(new Recorder(std::move(folder)));
  std::error_code failure;
  recorder->made_folder_ = std::filesystem::create_directories(recorder->folder_, failure);
  if (failure) {
    return error(recorder->folder_.string(), "cannot be created: " + failure.message());
  }
  if (recorder->made_folder_) chmod(recorder->folder_.c_str(), 0700);
  for (const auto* name :
       {"drill.toml", "contract.toml", "run.json", "faults.json", "xray.json", "report.json"}) {
    if (std::filesystem::exists(recorder->folder_ / name)) {
      return error((recorder->folder_ / name).string(),
                   "exists already; a run needs a folder without files of another");
    }
  }
  if (const Result<void> opened = recorder->open_files(drill); !opened) {
    recorder->discard();
    return std::unexpected(opened.error());
  }
  return recorder;
}

Result<void> Recorder::open_files(const Drill& drill) {
  Result<OutputFile> events = create_in(folder_, "events.jsonl");
  if (!events) return std::unexpected(events.error());
  events_.emplace(std::move(*events));
  Result<OutputFile> requests = create_in(folder_, "requests.jsonl");
  if (!requests) return std::unexpected(requests.error());
  requests_.emplace(std::move(*requests));
  Result<OutputFile> sinks = create_in(folder_, "sinks.jsonl");
  if (!sinks) return std::unexpected(sinks.error());
  sinks_.emplace(std::move(*sinks));
  if (auto written = replace_file(folder_ / "drill.toml", drill.source); !written) {
    return written;
  }
  if (drill.xray && !drill.xray->contract_file.empty()) {
    auto written = replace_file(folder_ / "contract.toml", drill.xray->contract_text);
    if (!written) return written;
  }
  return replace_file(folder_ / "faults.json", faults_document({}));
}

void Recorder::start(Instant zero) {
  const std::lock_guard lock(events_mutex_);
  if (zero_) return;
  zero_ = zero;
  for (const Event& event : early_) append_event(events_->buffer(), since(zero, event));
  events_->wrote(early_.size());
  std::exchange(early_, {});
}

void Recorder::read(std::span<const Event> events) {
  const std::lock_guard lock(events_mutex_);
  if (!zero_) {
    for (const Event& event : events) {
      if (early_.size() < most_early_events) {
        early_.push_back(event);
      } else {
        ++early_lost_;
      }
    }
    return;
  }
  for (const Event& event : events) {
    append_event(events_->buffer(), since(*zero_, event));
    events_->wrote(1);
  }
}

void Recorder::read(std::span<const Request> requests) {
  const std::lock_guard lock(requests_mutex_);
  for (const Request& request : requests) {
    append_request(requests_->buffer(), request);
    requests_->wrote(1);
  }
}

void Recorder::write_faults(std::span<const FaultRecord> faults) {
  const auto written = replace_file(folder_ / "faults.json", faults_document(faults));
  if (!written) failures_.push_back(written.error().text());
}

void Recorder::write_sinks(std::span<const SinkReading> sinks) {
  for (const SinkReading& sink : sinks) {
    append_sink(sinks_->buffer(), sink);
    sinks_->wrote(1 + sink.stored.size());
  }
  sinks_->flush();
}

void Recorder::write_xray(const XrayRecord& record) {
  const auto written = replace_file(folder_ / "xray.json", xray_document(record));
  if (!written) failures_.push_back(written.error().text());
}

Result<void> Recorder::write_run(Recording recording) {
  flush();
  for (std::string& gap : gaps()) recording.gaps.push_back(std::move(gap));
  {
    const std::lock_guard lock(events_mutex_);
    if (zero_) recording.clock_zero = *zero_;
    recording.events_lost += early_lost_ + events_->lines_lost();
  }
  return replace_file(folder_ / "run.json", run_document(recording));
}

std::vector<std::string> Recorder::gaps() {
  std::vector<std::string> gaps = failures_;
  const auto add = [&gaps](const OutputFile& file) {
    if (std::string gap = file.gap(); !gap.empty()) gaps.push_back(std::move(gap));
  };
  const std::scoped_lock lock(events_mutex_, requests_mutex_);
  add(*events_);
  add(*requests_);
  add(*sinks_);
  return gaps;
}

void Recorder::flush() {
  const std::scoped_lock lock(events_mutex_, requests_mutex_);
  events_->flush();
  requests_->flush();
}

void Recorder::discard() {
  std::error_code ignored;
  if (made_folder_) {
    std::filesystem::remove_all(folder_, ignored);
    return;
  }
  if (events_) std::filesystem::remove(folder_ / "events.jsonl", ignored);
  if (requests_) std::filesystem::remove(folder_ / "requests.jsonl", ignored);
  if (sinks_) std::filesystem::remove(folder_ / "sinks.jsonl", ignored);
  // create() made sure that there was none of these.
  for (const auto* name : {"drill.toml", "contract.toml", "run.json", "faults.json", "xray.json"}) {
    std::filesystem::remove(folder_ / name, ignored);
  }
}

}  // namespace faultline
