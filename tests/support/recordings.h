#pragma once

// Hand-written recordings: a run told in milliseconds of drill time, so that the answer of every
// measure can be worked out on paper. One open-model workload `webhooks` goes through the proxy
// `front` (http, id 1); the service behind it uses the proxy `db` (postgres, id 2).

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/measures/measure.h"
#include "scenarios/recording/recording.h"

namespace faultline::test {

inline Instant ms(double t) {
  return Instant{} + std::chrono::round<Duration>(std::chrono::duration<double, std::milli>(t));
}

struct Answer {
  std::uint16_t status = 202;
  std::string reason;
};

// A load: one request every `every` ms, scheduled in [from, to), answered after `latency`.
struct Load {
  double from = 0;
  double to = 0;
  double every = 20;
  double latency = 5;
};

class RecordingBuilder {
 public:
  RecordingBuilder() {
    Drill& drill = recording_.drill;
    drill.name = "outage";
    drill.file = "outage.toml";
    drill.timing.warmup = std::chrono::seconds(2);
    drill.proxies = {{"front", {}, {}, "http"}, {"db", {}, {}, "postgres"}};
    WorkloadPlan workload;
    workload.name = "webhooks";
    workload.through = "front";
    drill.workloads = {workload};
    recording_.proxies = {{1, "front"}, {2, "db"}};
    recording_.load_ended = ms(30000);
    recording_.version = "0.1.0";
    recording_.started_at = "2026-01-02T03:04:05Z";
  }

  // In force [on, off), first byte altered at `on`; `width` is how long arming and disarming took.
  RecordingBuilder& fault(std::string id, double on, double off, std::uint64_t connections = 20,
                          double width = 0) {
    FaultPlan plan;
    plan.id = id;
    plan.kind = "reset";
    plan.on = {"db"};
    plan.at = ms(on) - Instant{};
    plan.lasting = ms(off) - ms(on);
    recording_.drill.faults.push_back(plan);
    FaultRecord record;
    record.id = std::move(id);
    record.kind = "reset";
    record.on = {"db"};
    record.armed_as = static_cast<FaultId>(recording_.faults.size() + 1);
    record.planned_on = ms(on);
    record.planned_off = ms(off);
    record.commanded = ms(on);
    record.armed = ms(on + width);
    record.disarm_commanded = ms(off - width);
    record.disarmed = ms(off);
    if (connections > 0)
      record.touched = {
          .connections = connections, .messages = connections, .first = ms(on), .last = ms(off)};
    recording_.faults.push_back(record);
    return *this;
  }

  RecordingBuilder& request(double sent, double latency, Answer answer) {
    return add(sent, sent, latency, Outcome::answered, std::move(answer));
  }
  RecordingBuilder& unanswered(double sent, double latency, Outcome outcome) {
    return add(sent, sent, latency, outcome, {0, ""});
  }
  RecordingBuilder& late(double scheduled, double sent, double latency) {
    return add(scheduled, sent, latency, Outcome::answered, {});
  }
  RecordingBuilder& load(Load load, Answer answer = {}) {
    for (double t = load.from; t < load.to; t += load.every) request(t, load.latency, answer);
    return *this;
  }

  RecordingBuilder& event(EventKind kind, std::string_view proxy, double at,
                          Direction direction = Direction::upstream) {
    Event event;
    event.kind = kind;
    event.proxy = recording_.proxy(proxy);
    event.at = ms(at);
    event.direction = direction;
    recording_.events.push_back(event);
    return *this;
  }
  RecordingBuilder& exchange(std::string_view proxy, double from, double to, Told told,
                             std::string_view code = "") {
    event(EventKind::exchange, proxy, to);
    Exchange& exchange = recording_.events.back().exchange;
    exchange.told = told;
    exchange.code = code;
    exchange.request_first = exchange.request_last = ms(from);
    if (told != Told::nothing) exchange.response_first = exchange.response_last = ms(to);
    return *this;
  }

  // A sink that holds every acknowledged message once; change it through `sink()`.
  RecordingBuilder& audited(const std::string& name = "table") {
    SinkPlan plan;
    plan.name = name;
    plan.kind = "postgres";
    recording_.drill.sinks.push_back(plan);
    SinkReading reading;
    reading.sink = name;
    reading.complete = true;
    for (const Request& request : recording_.requests)
      if (request.acknowledged()) reading.stored[request.id] = 1;
    recording_.sinks.push_back(reading);
    return *this;
  }
  SinkReading& sink() { return recording_.sinks.back(); }

  RecordingBuilder& expect(const std::string& text) {
    auto expectation = expectation_from(text, "outage.toml:1:1");
    if (!expectation) throw std::runtime_error(expectation.error().text());
    recording_.drill.expectations.push_back(*expectation);
    return *this;
  }

  Recording& recording() { return recording_; }

  Measure measure(std::string_view name, std::vector<std::string> arguments = {}) const {
    const MeasureKind* kind = find_measure_kind(name);
    if (kind == nullptr) throw std::runtime_error("no measure " + std::string(name));
    return kind->compute(recording_, arguments);
  }

 private:
  RecordingBuilder& add(double scheduled, double sent, double latency, Outcome outcome,
                        Answer answer) {
    Request request;
    request.id = "m" + std::to_string(recording_.requests.size() + 1);
    request.scheduled = ms(scheduled);
    request.sent = ms(sent);
    request.ended = ms(scheduled + latency);
    request.outcome = outcome;
    request.status = answer.status;
    request.reason = std::move(answer.reason);
    recording_.requests.push_back(std::move(request));
    return *this;
  }

  Recording recording_;
};

// The story most tests begin with: 50 requests per second for 30 s, an outage in [10 s, 20 s) that
// is told within 5 ms from its first instant, healthy again from its last.
inline RecordingBuilder ideal_outage() {
  RecordingBuilder run;
  run.load({0, 10000}).fault("outage", 10000, 20000);
  run.load({10000, 19980}, {503, "pg"}).load({20000, 30000});
  return run;
}

}  // namespace faultline::test
