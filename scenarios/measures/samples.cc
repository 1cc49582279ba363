#include "scenarios/measures/samples.h"

#include <algorithm>
#include <array>

namespace faultline {
namespace {

// Every three-digit status as text, so that a code is a view and costs nothing per request.
struct StatusTexts {
  std::array<std::array<char, 3>, 1000> text;
  constexpr StatusTexts() : text{} {
    for (std::size_t i = 0; i < text.size(); ++i)
      text[i] = {static_cast<char>('0' + i / 100), static_cast<char>('0' + i / 10 % 10),
                 static_cast<char>('0' + i % 10)};
  }
};
constexpr StatusTexts status_texts;

template <class List>
bool names(const List& list, std::string_view name) {
  return std::ranges::any_of(list, [&](const auto& item) { return item.name == name; });
}

// Requests of a workload: all, or those of one kind of its mix.
struct Which {
  std::size_t workload = 0;
  std::optional<std::size_t> kind;
  bool holds(const Request& request) const {
    return request.workload == workload && (!kind || request.kind == *kind);
  }
};

std::optional<Which> requests_named(const Drill& drill, std::string_view source) {
  for (std::size_t i = 0; i < drill.workloads.size(); ++i)
    if (drill.workloads[i].name == source) return Which{i, std::nullopt};
  for (std::size_t i = 0; i < drill.workloads.size(); ++i)
    for (std::size_t kind = 0; kind < drill.workloads[i].mix.size(); ++kind)
      if (kind_name(drill.workloads[i], drill.workloads[i].mix[kind]) == source)
        return Which{i, kind};
  return std::nullopt;
}

void add_requests(const Recording& recording, const Which& which, const Phase& phase,
                  std::vector<Sample>& out) {
  for (const Request& request : recording.requests) {
    if (!which.holds(request)) continue;
    if (!phase.holds(request.sent, request.ended)) continue;
    out.push_back({request.latency(), request.outcome == Outcome::answered, request.failed(),
                   code_of(request), request.wait});
  }
}

void add_exchanges(const Recording& recording, std::string_view proxy, const Phase& phase,
                   std::vector<Sample>& out) {
  const ProxyId id = recording.proxy(proxy);
  for (const Event& event : recording.events) {
    if (event.kind != EventKind::exchange || event.proxy != id) continue;
    const Exchange& exchange = event.exchange;
    const bool answered = exchange.told != Told::nothing;
    const Instant ended = answered ? exchange.response_last : event.at;
    if (!phase.holds(exchange.request_first, ended)) continue;
    const bool failed = exchange.told != Told::ack && exchange.told != Told::pending;
    out.push_back(
        {ended - exchange.request_first, answered, failed, exchange.code.view(), std::nullopt});
  }
}

}  // namespace

std::string_view code_of(const Request& request) {
  if (request.outcome != Outcome::answered) return name(request.outcome);
  return {status_texts.text[std::min<std::size_t>(request.status, 999)].data(), 3};
}

std::string kind_name(const WorkloadPlan& workload, const RequestPlan& kind) {
  return workload.name + "." + kind.name;
}

bool is_source(const Drill& drill, std::string_view name) {
  return requests_named(drill, name) || names(drill.proxies, name);
}

std::expected<Samples, std::string> samples_of(const Recording& recording, std::string_view source,
                                               std::string_view phase) {
  const auto span = phase_of(recording, phase);
  if (!span) return std::unexpected(span.error());
  Samples samples;
  samples.length = span->length();
  if (const auto which = requests_named(recording.drill, source))
    add_requests(recording, *which, *span, samples.all);
  else
    add_exchanges(recording, source, *span, samples.all);
  if (samples.all.empty())
    return std::unexpected("no traffic: nothing of " + std::string(source) + " in phase " +
                           std::string(phase));
  return samples;
}

}  // namespace faultline
