#include "proxy/control/journal_streams.h"

#include <utility>
#include <vector>

#include "proxy/control/native_write.h"
#include "proxy/event_line.h"
#include "proxy/json_line.h"

namespace faultline::control {
namespace {

constexpr std::uint64_t format = 1;

std::string first_line(std::uint64_t record, Instant now, const std::string& limits) {
  std::string line;
  {
    JsonObject object(line);
    object.count("journal", format);
    object.count("record", record);
    object.instant("now", now);
    object.text("version", FAULTLINE_VERSION);
    object.text("limits", limits);
  }
  return line + "\n";
}

}  // namespace

// What belongs to no proxy and no fault, such as a loss, is everybody's.
bool JournalStreams::Record::of(const Names& names, const Event& event) const {
  if (proxies.empty()) return true;
  if (event.proxy != 0) {
    const std::string* const proxy = names.proxy(event.proxy);
    return proxy != nullptr && proxies.contains(*proxy);
  }
  if (event.fault == 0) return true;
  const Names::Fault* const fault = names.fault(event.fault);
  return fault != nullptr && proxies.contains(fault->proxy);
}

HttpResponse JournalStreams::follow(std::set<std::string> proxies, std::uint64_t lost) {
  if (records_.size() >= most_records) {
    return native_refusal(503, "too_many_records",
                          std::to_string(most_records) + " are recorded already");
  }
  const std::uint64_t number = next_++;
  Record& record = records_[number];
  record.proxies = std::move(proxies);
  record.lost = lost;
  record.from = sources_.now();
  std::string begin = first_line(number, record.from, sources_.engine.limits());
  begin += open_connections(record);
  return {.status = 200,
          .fields = {{"Content-Type", "application/x-ndjson"}, {"Cache-Control", "no-store"}},
          .body = std::move(begin),
          .opened = [this, number](HttpStreamId id) { records_[number].stream = id; },
          .left = [this, number](HttpStreamId) { records_.erase(number); },
          .may_wait = may_wait};
}

std::string JournalStreams::open_connections(Record& record) {
  std::string text;
  for (const wire::LiveConnection& live : sources_.engine.connections(0)) {
    Event event;
    event.at = live.accepted;
    event.kind = EventKind::connection_accepted;
    event.proxy = live.proxy;
    event.connection = live.id;
    event.text = live.client;
    if (!record.of(sources_.names, event)) continue;
    record.already_open.insert(live.id);
    append_event(text, event);
  }
  return text;
}

void JournalStreams::add_loss(std::string& text, Record& record, std::uint64_t lost, Instant at) {
  if (lost == record.lost) return;
  Event gap;
  gap.at = at;
  gap.kind = EventKind::journal_overflowed;
  gap.count = lost - std::exchange(record.lost, lost);
  append_event(text, gap);
}

// A reader that is dropped for being too slow is told to us as left later, by the server.
void JournalStreams::tell(std::span<const Event> events, std::uint64_t lost) {
  if (events.empty()) return;
  for (auto& [number, record] : records_) {
    std::string text;
    add_loss(text, record, lost, events.front().at);
    for (const Event& event : events) {
      if (event.at < record.from || !record.of(sources_.names, event)) continue;
      const bool again = event.kind == EventKind::connection_accepted &&
                         record.already_open.contains(event.connection);
      if (!again) append_event(text, event);
    }
    if (!text.empty()) sources_.streams.write(record.stream, text);
  }
}

void JournalStreams::end(std::uint64_t record, std::uint64_t lost) {
  const auto found = records_.find(record);
  if (found == records_.end()) return;
  std::string text;
  add_loss(text, found->second, lost, sources_.now());
  const HttpStreamId stream = found->second.stream;
  records_.erase(found);
  sources_.streams.write(stream, text + "{\"end\":true}\n");
  sources_.streams.end(stream);
}

void JournalStreams::beat() {
  for (const auto& [number, record] : records_) sources_.streams.write(record.stream, "\n");
}

}  // namespace faultline::control
