#include "scenarios/recording/recording_write.h"

#include "scenarios/recording/json_line.h"

namespace faultline {
namespace {

constexpr std::int64_t schema_version = 1;

void instant(JsonObject& object, std::string_view name, Instant at) {
  object.number(name, at.time_since_epoch().count());
}

void instant_if_any(JsonObject& object, std::string_view name, Instant at) {
  if (at != Instant{} && at != never) instant(object, name, at);
}

void text_if_any(JsonObject& object, std::string_view name, std::string_view text) {
  if (!text.empty()) object.text(name, text);
}

void count_if_any(JsonObject& object, std::string_view name, std::uint64_t count) {
  if (count != 0) object.count(name, count);
}

void append_texts(std::string& out, std::span<const std::string> texts) {
  out += '[';
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ',';
    append_json_text(out, texts[i]);
  }
  out += ']';
}

void append_map(std::string& out, const std::map<std::string, std::string>& map) {
  JsonObject object(out);
  for (const auto& [name, value] : map) object.text(name, value);
}

// Calls `one(item)` for each, between brackets and with commas.
template <class Items, class One>
void append_list(std::string& out, const Items& items, const One& one) {
  out += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ",\n ";
    first = false;
    one(item);
  }
  out += ']';
}

void append_exchange(std::string& out, const Exchange& exchange) {
  JsonObject object(out);
  object.count("ordinal", exchange.ordinal);
  text_if_any(object, "name", exchange.name.view());
  text_if_any(object, "code", exchange.code.view());
  object.text("told", name(exchange.told));
  if (exchange.transaction != 0) object.text("transaction", {&exchange.transaction, 1});
  instant(object, "request_first", exchange.request_first);
  instant(object, "request_last", exchange.request_last);
  instant_if_any(object, "response_first", exchange.response_first);
  instant_if_any(object, "response_last", exchange.response_last);
}

void append_touched(std::string& out, const Touched& touched) {
  JsonObject object(out);
  object.count("connections", touched.connections);
  object.count("messages", touched.messages);
  object.count("bytes", touched.bytes);
  instant_if_any(object, "first", touched.first);
  instant_if_any(object, "last", touched.last);
}

bool says_anything(const Touched& touched) {
  return touched.any() || touched.messages != 0 || touched.bytes != 0 || touched.first != never ||
         touched.last != Instant{};
}

void append_fault(std::string& out, const FaultRecord& fault) {
  JsonObject object(out);
  object.text("id", fault.id);
  object.text("kind", fault.kind);
  append_texts(object.key("on"), fault.on);
  count_if_any(object, "armed_as", fault.armed_as);
  instant(object, "planned_on", fault.planned_on);
  instant(object, "planned_off", fault.planned_off);
  instant_if_any(object, "commanded", fault.commanded);
  instant_if_any(object, "armed", fault.armed);
  instant_if_any(object, "disarm_commanded", fault.disarm_commanded);
  instant_if_any(object, "disarmed", fault.disarmed);
  append_touched(object.key("touched"), fault.touched);
}

void append_process(std::string& out, const ProcessRecord& process) {
  JsonObject object(out);
  object.text("name", process.name);
  instant_if_any(object, "started", process.started);
  instant_if_any(object, "ready", process.ready);
  instant_if_any(object, "ended", process.ended);
  text_if_any(object, "ending", process.ending);
  object.boolean("expected_end", process.expected_end);
}

void append_proxies(std::string& out, const Recording& recording) {
  append_list(out, recording.proxies, [&](const auto& proxy) {
    JsonObject object(out);
    object.count("id", proxy.first);
    object.text("name", proxy.second);
    for (const ProxySpec& spec : recording.drill.proxies) {
      if (spec.name == proxy.second) object.text("listening", spec.listen.text());
    }
  });
}

Instant moved(Instant zero, Instant at) {
  return at == Instant{} || at == never ? at : Instant(at - zero);
}

}  // namespace

void append_event(std::string& out, const Event& event) {
  {
    JsonObject object(out);
    instant(object, "at", event.at);
    object.text("kind", name(event.kind));
    count_if_any(object, "proxy", event.proxy);
    count_if_any(object, "connection", event.connection);
    count_if_any(object, "fault", event.fault);
    if (event.direction != Direction::upstream) object.text("direction", name(event.direction));
    if (event.kind == EventKind::session) object.text("session", name(event.session));
    count_if_any(object, "count", event.count);
    count_if_any(object, "more", event.more);
    text_if_any(object, "text", event.text.view());
    if (event.kind == EventKind::exchange) append_exchange(object.key("exchange"), event.exchange);
    if (says_anything(event.touched)) append_touched(object.key("touched"), event.touched);
  }
  out += '\n';
}

void append_request(std::string& out, const Request& request) {
  {
    JsonObject object(out);
    object.text("id", request.id);
    if (request.attempt != 1) object.count("attempt", request.attempt);
    count_if_any(object, "workload", request.workload);
    instant(object, "scheduled", request.scheduled);
    instant(object, "sent", request.sent);
    instant(object, "ended", request.ended);
    object.text("outcome", name(request.outcome));
    count_if_any(object, "status", request.status);
    text_if_any(object, "reason", request.reason);
  }
  out += '\n';
}

void append_sink(std::string& out, const SinkReading& reading) {
  {
    JsonObject object(out);
    object.text("sink", reading.sink);
    object.boolean("complete", reading.complete);
    text_if_any(object, "why_not", reading.why_not);
    instant(object, "read_at", reading.read_at);
  }
  out += '\n';
  for (const auto& [id, times] : reading.stored) {
    {
      JsonObject object(out);
      object.text("id", id);
      object.count("times", times);
    }
    out += '\n';
  }
}

std::string run_document(const Recording& recording) {
  std::string out;
  {
    JsonObject object(out);
    object.number("schema_version", schema_version);
    object.text("version", recording.version);
    object.text("drill", recording.drill.name);
    object.text("drill_file", recording.drill.file);
    object.count("seed", recording.drill.seed);
    object.text("started_at", recording.started_at);
    object.text("ending", name(recording.ending));
    text_if_any(object, "why", recording.why);
    object.number("signal", recording.signal);
    instant(object, "load_ended", recording.load_ended);
    object.count("events_lost", recording.events_lost);
    append_texts(object.key("gaps"), recording.gaps);
    append_texts(object.key("overrides"), recording.overrides);
    append_map(object.key("variables"), recording.variables);
    append_map(object.key("environment"), recording.environment);
    {
      JsonObject ports(object.key("ports"));
      for (const auto& [port_name, port] : recording.ports) ports.count(port_name, port);
    }
    append_proxies(object.key("proxies"), recording);
    append_list(object.key("processes"), recording.processes,
                [&](const ProcessRecord& process) { append_process(out, process); });
  }
  return out += '\n';
}

std::string faults_document(std::span<const FaultRecord> faults) {
  std::string out;
  {
    JsonObject object(out);
    append_list(object.key("faults"), faults,
                [&](const FaultRecord& fault) { append_fault(out, fault); });
  }
  return out += '\n';
}

Touched since(Instant zero, Touched touched) {
  touched.first = moved(zero, touched.first);
  touched.last = moved(zero, touched.last);
  return touched;
}

Event since(Instant zero, Event event) {
  event.at = moved(zero, event.at);
  event.touched = since(zero, event.touched);
  Exchange& exchange = event.exchange;
  exchange.request_first = moved(zero, exchange.request_first);
  exchange.request_last = moved(zero, exchange.request_last);
  exchange.response_first = moved(zero, exchange.response_first);
  exchange.response_last = moved(zero, exchange.response_last);
  return event;
}

}  // namespace faultline
