#include "scenarios/recording/recording_write.h"

#include "proxy/event_line.h"
#include "proxy/json_line.h"

namespace faultline {
namespace {

constexpr std::int64_t schema_version = 1;

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

void append_fault(std::string& out, const FaultRecord& fault) {
  JsonObject object(out);
  object.text("id", fault.id);
  object.text("kind", fault.kind);
  append_texts(object.key("on"), fault.on);
  object.count_if_any("armed_as", fault.armed_as);
  object.instant("planned_on", fault.planned_on);
  object.instant("planned_off", fault.planned_off);
  object.instant_if_any("commanded", fault.commanded);
  object.instant_if_any("armed", fault.armed);
  object.instant_if_any("disarm_commanded", fault.disarm_commanded);
  object.instant_if_any("disarmed", fault.disarmed);
  append_touched(object.key("touched"), fault.touched);
}

void append_process(std::string& out, const ProcessRecord& process) {
  JsonObject object(out);
  object.text("name", process.name);
  object.instant_if_any("started", process.started);
  object.instant_if_any("ready", process.ready);
  object.instant_if_any("ended", process.ended);
  object.text_if_any("ending", process.ending);
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

void append_request(std::string& out, const Request& request) {
  {
    JsonObject object(out);
    object.text("id", request.id);
    if (request.attempt != 1) object.count("attempt", request.attempt);
    object.count_if_any("workload", request.workload);
    object.instant("scheduled", request.scheduled);
    object.instant("sent", request.sent);
    object.instant("ended", request.ended);
    object.text("outcome", name(request.outcome));
    object.count_if_any("status", request.status);
    object.text_if_any("reason", request.reason);
    object.count_if_any("request", request.kind);
    object.text_if_any("source", request.source);
    if (request.wait) object.number("wait", request.wait->count());
  }
  out += '\n';
}

void append_sink(std::string& out, const SinkReading& reading) {
  {
    JsonObject object(out);
    object.text("sink", reading.sink);
    object.boolean("complete", reading.complete);
    object.text_if_any("why_not", reading.why_not);
    object.instant("read_at", reading.read_at);
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
    object.instant_if_any("clock_zero", recording.clock_zero);
    object.instant_if_any("wall_zero", Instant(recording.wall_zero.time_since_epoch()));
    object.text("ending", name(recording.ending));
    object.text_if_any("why", recording.why);
    object.number("signal", recording.signal);
    object.instant("load_ended", recording.load_ended);
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
