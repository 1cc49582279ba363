// What went over the proxies: bytes, connections, exchanges. All of it is read off the journal, so
// with events missing nothing is counted.

#include <algorithm>
#include <map>
#include <utility>

#include "scenarios/formats/markdown/sections.h"
#include "scenarios/measures/phases.h"
#include "scenarios/measures/quantile.h"
#include "scenarios/measures/samples.h"
#include "scenarios/report/figure.h"

namespace faultline::markdown {
namespace {

constexpr std::size_t most_names = 20;  // of exchanges, per proxy

// How many of something there were at once, over the load.
class Level {
 public:
  // What took no time was at once with nothing.
  void add(Instant from, Instant to) {
    if (to <= from) return;
    up(from);
    down(to);
  }
  void up(Instant at) { changes_.push_back({at, 1}); }
  void down(Instant at) { changes_.push_back({at, -1}); }

  // Average and peak over the span, as cells.
  std::vector<std::string> over(Span span) {
    // At one instant what ends makes place for what begins.
    std::ranges::sort(changes_, {}, [](const Change& one) { return std::pair(one.at, one.by); });
    double area = 0;
    std::int64_t now = 0;
    std::int64_t peak = 0;
    Instant since = span.from;
    for (const Change& change : changes_) {
      if (change.at >= span.to) break;
      if (change.at >= span.from) {
        peak = std::max(peak, now);  // what was there before this one
        area += static_cast<double>(now) * seconds(change.at - since);
        since = change.at;
      }
      now += change.by;
    }
    peak = std::max(peak, now);
    area += static_cast<double>(now) * seconds(span.to - since);
    if (span.length() <= Duration{}) return {"cannot tell", "cannot tell"};
    return {formatted(area / seconds(span.length()), Unit::count), std::to_string(peak)};
  }

 private:
  struct Change {
    Instant at;
    std::int64_t by;
  };
  std::vector<Change> changes_;
};

Instant end_of(const Event& event) {
  return event.exchange.told == Told::nothing ? event.at : event.exchange.response_last;
}

// By name, the greatest share of time first.
struct Kind {
  std::string name;
  std::vector<Duration> waits;
  std::map<std::string, std::uint64_t> errors;  // by code
  Duration sum{};
};

std::vector<Kind> kinds_of(const Recording& recording, ProxyId proxy, const Phase& phase) {
  std::map<std::string, Kind> by_name;
  for (const Event& event : recording.events) {
    if (event.kind != EventKind::exchange || event.proxy != proxy) continue;
    const Exchange& exchange = event.exchange;
    if (!phase.holds(exchange.request_first, end_of(event))) continue;
    Kind& kind = by_name[std::string(exchange.name.view())];
    kind.name = exchange.name.view();
    kind.waits.push_back(end_of(event) - exchange.request_first);
    kind.sum += kind.waits.back();
    if (exchange.told == Told::ack || exchange.told == Told::pending) continue;
    const std::string code(exchange.code.view());
    ++kind.errors[exchange.told == Told::nothing ? "no answer" : code.empty() ? "no code" : code];
  }
  std::vector<Kind> kinds;
  for (auto& [name, kind] : by_name) {
    std::ranges::sort(kind.waits);
    kinds.push_back(std::move(kind));
  }
  std::ranges::sort(kinds, [](const Kind& a, const Kind& b) {
    return a.sum != b.sum ? a.sum > b.sum : a.name < b.name;
  });
  return kinds;
}

void add_kinds(std::vector<Row>& rows, const std::string& proxy, const std::vector<Kind>& kinds) {
  Duration all{};
  for (const Kind& kind : kinds) all += kind.sum;
  for (const Kind& kind : kinds) {
    Row row = {plain(proxy), plain(kind.name), std::to_string(kind.waits.size()),
               length(kind.sum / static_cast<std::int64_t>(kind.waits.size()))};
    for (const PerMille p : {500U, 950U, 990U, 1000U})
      row.push_back(length(quantile(kind.waits, p)));
    std::vector<std::string> errors;
    for (const auto& [code, n] : kind.errors)
      errors.push_back(plain(code) + " x" + std::to_string(n));
    row.push_back(errors.empty() ? "0" : joined(errors));
    row.push_back(all <= Duration{} ? ""
                                    : formatted(seconds(kind.sum) / seconds(all), Unit::ratio));
    rows.push_back(std::move(row));
  }
}

std::string per_second(std::uint64_t bytes, Duration span) {
  if (span <= Duration{}) return "cannot tell";
  return formatted(static_cast<double>(bytes) * 8 / 1e6 / seconds(span), Unit::count);
}

}  // namespace

void resources(Page& page, const Story& story) {
  page.section("Resource utilisation");
  page.nothing("processors, memory and disks; the run does not sample them");
  const std::string missing = events_missing(story.recording);
  if (!missing.empty()) return page.nothing("network; " + plain(missing));
  std::vector<Row> rows;
  for (const ProxySpec& proxy : story.drill.proxies) {
    if (in_place_of(story.drill, proxy)) continue;
    const ProxyId id = story.recording.proxy(proxy.name);
    std::uint64_t up = 0;
    std::uint64_t down = 0;
    for (const Event& event : story.recording.events) {
      if (event.kind != EventKind::connection_closed || event.proxy != id) continue;
      up += event.count;
      down += event.more;
    }
    const Duration span = story.recording.load_ended.time_since_epoch();
    rows.push_back({plain(proxy.name), std::to_string(up), std::to_string(down),
                    per_second(up, span), per_second(down, span)});
  }
  page.table({"Network, by proxy", "Bytes upstream", "Bytes downstream", "Mbit/s upstream",
              "Mbit/s downstream"},
             rows, "network; the drill has no proxy");
  if (!rows.empty())
    page.paragraph(
        "Source: the journal. Rates are averages over the load; bytes that went before "
        "and after it count, too.");
}

void connections(Page& page, const Story& story) {
  page.section("Connection pools");
  const std::string missing = events_missing(story.recording);
  if (!missing.empty()) return page.nothing(plain(missing));
  std::vector<Row> rows;
  for (const ProxySpec& proxy : story.drill.proxies) {
    if (in_place_of(story.drill, proxy)) continue;
    const ProxyId id = story.recording.proxy(proxy.name);
    Level open;
    Level busy;
    std::uint64_t accepted = 0;
    std::uint64_t failed = 0;
    for (const Event& event : story.recording.events) {
      if (event.proxy != id) continue;
      if (event.kind == EventKind::connection_accepted) {
        open.up(event.at);
        ++accepted;
      }
      if (event.kind == EventKind::connection_closed) open.down(event.at);
      if (event.kind == EventKind::upstream_failed) ++failed;
      if (event.kind == EventKind::exchange) busy.add(event.exchange.request_first, end_of(event));
    }
    const Span load{Instant{}, story.recording.load_ended};
    Row row = {plain(proxy.name), std::to_string(accepted)};
    for (Level* level : {&open, &busy})
      for (std::string& figure : level->over(load)) row.push_back(std::move(figure));
    row.push_back(std::to_string(failed));
    rows.push_back(std::move(row));
  }
  page.table({"Proxy", "Accepted", "Open, average", "Open, peak", "Exchanges at once, average",
              "Exchanges at once, peak", "Upstream failed"},
             rows, "the drill has no proxy");
  if (!rows.empty())
    page.nothing(
        "sizes of pools, waits for a connection and their time-outs; a service keeps them "
        "to itself");
}

void queries(Page& page, const Story& story) {
  page.section("Query performance");
  const std::string missing = events_missing(story.recording);
  if (!missing.empty()) return page.nothing(plain(missing));
  const auto phase = phase_of(story.recording, "all");
  std::vector<Row> rows;
  std::size_t left_out = 0;
  for (const ProxySpec& proxy : story.drill.proxies) {
    auto kinds = kinds_of(story.recording, story.recording.proxy(proxy.name), *phase);
    if (kinds.size() > most_names) {
      left_out += kinds.size() - most_names;
      kinds.resize(most_names);
    }
    add_kinds(rows, proxy.name, kinds);
  }
  page.table({"Proxy", "Exchange", "n", "Avg", "P50", "P95", "P99", "Max", "Errors by code",
              "Share of time"},
             rows, "no proxy saw an exchange that its codec could read");
  if (rows.empty()) return;
  if (left_out > 0)
    page.paragraph(counted(left_out, "name") + " that took less time: not shown, and in no share.");
  page.paragraph(
      "On the wire at the proxy, from a request's first byte to its answer's last; what "
      "a fault held is part of it. The warm-up is left out.");
  page.nothing("statements by their text; the journal holds no SQL");
}

}  // namespace faultline::markdown
