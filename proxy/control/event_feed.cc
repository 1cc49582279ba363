#include "proxy/control/event_feed.h"

#include <utility>

#include "proxy/control/json_text.h"
#include "proxy/control/native_write.h"

namespace faultline::control {
namespace {

std::string message(std::uint64_t id, std::string_view kind, const std::string& object) {
  return "id: " + std::to_string(id) + "\nevent: " + std::string(kind) + "\ndata: " + object +
         "\n\n";
}

void add_exchange(JsonMembers& members, const Event& event) {
  const Exchange& exchange = event.exchange;
  members.text("name", exchange.name.view())
      .text("code", exchange.code.view())
      .text("told", name(exchange.told))
      .text("fate", name(exchange.fate))
      .text("took", to_string(event.at - exchange.request_first));
}

void add_counts(JsonMembers& members, const Event& event) {
  if (event.kind == EventKind::connection_closed) {
    members.raw(
        "bytes",
        JsonMembers().count("upstream", event.count).count("downstream", event.more).object());
  } else if (event.kind == EventKind::fault_disarmed) {
    members.raw("touched", JsonMembers()
                               .count("connections", event.touched.connections)
                               .count("messages", event.touched.messages)
                               .count("bytes", event.touched.bytes)
                               .object());
  } else if (event.count != 0) {
    members.count("count", event.count);
  }
}

bool has_direction(EventKind kind) {
  return kind == EventKind::peer_ended || kind == EventKind::peer_reset ||
         kind == EventKind::fault_touched;
}

}  // namespace

void EventFeed::read(std::span<const Event> events) {
  if (!followed_.load()) return;
  if (waiting_.load(std::memory_order_relaxed) + events.size() > most_waiting) {
    lost_.fetch_add(events.size(), std::memory_order_relaxed);
    return;
  }
  waiting_.fetch_add(events.size(), std::memory_order_relaxed);
  post_([this, batch = std::vector<Event>(events.begin(), events.end())] { tell(batch); });
}

void EventFeed::begin(Sources sources) {
  names_ = &sources.of_journals.names;
  streams_ = &sources.of_journals.streams;
  flush_ = std::move(sources.flush);
  journals_.emplace(std::move(sources.of_journals));
}

void EventFeed::look() { followed_.store(!streams_of_.empty() || journals_->any()); }

HttpResponse EventFeed::follow() {
  if (streams_of_.size() >= most_followers) {
    return native_refusal(503, "too_many_followers",
                          std::to_string(most_followers) + " follow the events already");
  }
  return {.status = 200,
          .fields = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}},
          .body = ": events of faultline, from now on\n\n",
          .opened =
              [this](HttpStreamId id) {
                streams_of_.insert(id);
                look();
              },
          .left =
              [this](HttpStreamId id) {
                streams_of_.erase(id);
                look();
              }};
}

// Events are read from here on, so that none is missed between what is open now and the first event
// of the stream.
HttpResponse EventFeed::record(std::set<std::string> proxies) {
  followed_.store(true);
  HttpResponse response = journals_->follow(std::move(proxies), lost());
  if (!response.opened) look();
  return response;
}

bool EventFeed::end_record(std::uint64_t record) {
  if (!journals_->has(record)) return false;
  flush_();
  post_([this, record] {
    journals_->end(record, lost());
    look();
  });
  return true;
}

void EventFeed::hasten() {
  if (journals_ && journals_->any()) flush_();
}

void EventFeed::beat() {
  send(": still here\n\n");
  journals_->beat();
}

void EventFeed::tell(const std::vector<Event>& events) {
  waiting_.fetch_sub(events.size(), std::memory_order_relaxed);
  journals_->tell(events, lost());
  look();  // a record that could not keep up is over
  if (!streams_of_.empty()) tell_followers(events);
}

void EventFeed::tell_followers(const std::vector<Event>& events) {
  std::string text;
  const std::uint64_t lost_now = lost();
  if (lost_now > lost_told_) {
    const std::uint64_t count = lost_now - std::exchange(lost_told_, lost_now);
    text +=
        message(next_++, "lost", JsonMembers().text("kind", "lost").count("count", count).object());
  }
  for (const Event& event : events) text += told(event);
  send(text);
}

// The stream that is dropped for being too slow is told to us as left later, by the server.
void EventFeed::send(const std::string& text) {
  for (const HttpStreamId id : std::set(streams_of_)) streams_->write(id, text);
}

std::string EventFeed::told(const Event& event) {
  JsonMembers members;
  members.text("kind", name(event.kind));
  members.raw("at", json_number(seconds(event.at - start_)));
  if (const std::string* proxy = names_->proxy(event.proxy)) members.text("proxy", *proxy);
  const bool exchanged = event.kind == EventKind::exchange;
  const FaultId by = exchanged ? event.exchange.fault : event.fault;
  if (const Names::Fault* fault = names_->fault(by)) {
    if (event.proxy == 0) members.text("proxy", fault->proxy);
    members.text("fault", fault->name);
  }
  if (event.connection != 0) members.count("connection", event.connection);
  if (has_direction(event.kind)) members.text("direction", name(event.direction));
  if (exchanged) add_exchange(members, event);
  if (event.kind == EventKind::session) members.text("session", name(event.session));
  const bool names_fault =
      event.kind == EventKind::fault_armed || event.kind == EventKind::fault_commanded;
  if (!event.text.view().empty() && !names_fault) members.text("text", event.text.view());
  add_counts(members, event);
  return message(next_++, name(event.kind), members.object());
}

}  // namespace faultline::control
