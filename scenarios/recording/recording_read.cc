// Reads a run folder back: the mirror of recording_write.cc. What a killed run tore (the last line
// of a file) is left out and noted as a gap; anything else that cannot be read is an error with its
// file and line.

#include <boost/json.hpp>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>

#include "scenarios/drill/drill_toml.h"
#include "scenarios/recording/claims.h"
#include "scenarios/recording/recording.h"
#include "scenarios/recording/xray_record.h"

namespace faultline {
namespace {

namespace json = boost::json;
using std::filesystem::path;

const json::object no_members;

// An object of a file. What does not fit is noted, the first of it, and reads as if it were absent:
// whoever asked for the whole looks at the note before it believes what it got.
struct Node {
  const json::object& members;
  std::string& misfit;

  void note(std::string what) const {
    if (misfit.empty()) misfit = std::move(what);
  }
  const json::value* find(std::string_view name) const {
    return members.if_contains({name.data(), name.size()});
  }
};

std::string in_quotes(std::string_view name) { return "\"" + std::string(name) + "\""; }

std::string text(const Node& from, std::string_view name) {
  const json::value* const value = from.find(name);
  if (value == nullptr) return "";
  if (value->is_string()) return {value->get_string().data(), value->get_string().size()};
  from.note(in_quotes(name) + " is not a text");
  return "";
}

template <class Number>
Number number(const Node& from, std::string_view name) {
  const json::value* const value = from.find(name);
  if (value == nullptr) return 0;
  boost::system::error_code failure;
  const auto result = value->to_number<Number>(failure);
  if (!failure) return result;
  from.note(in_quotes(name) + " is not a number in its range");
  return 0;
}

Instant instant(const Node& from, std::string_view name, Instant fallback = Instant{}) {
  if (from.find(name) == nullptr) return fallback;
  return Instant(Duration(number<std::int64_t>(from, name)));
}

bool boolean(const Node& from, std::string_view name) {
  const json::value* const value = from.find(name);
  if (value == nullptr) return false;
  if (value->is_bool()) return value->get_bool();
  from.note(in_quotes(name) + " is not true or false");
  return false;
}

Node object(const Node& from, const json::value& value, std::string_view what) {
  if (value.is_object()) return {value.get_object(), from.misfit};
  from.note(std::string(what) + " is not an object");
  return {no_members, from.misfit};
}

Node object(const Node& from, std::string_view name) {
  const json::value* const value = from.find(name);
  if (value == nullptr) return {no_members, from.misfit};
  return object(from, *value, in_quotes(name));
}

const json::array& array(const Node& from, std::string_view name) {
  static const json::array empty;
  const json::value* const value = from.find(name);
  if (value == nullptr) return empty;
  if (value->is_array()) return value->get_array();
  from.note(in_quotes(name) + " is not a list");
  return empty;
}

std::vector<std::string> texts(const Node& from, std::string_view name) {
  std::vector<std::string> all;
  for (const json::value& value : array(from, name)) {
    if (value.is_string()) {
      all.emplace_back(value.get_string().data(), value.get_string().size());
    } else {
      from.note(in_quotes(name) + " holds what is not a text");
    }
  }
  return all;
}

std::map<std::string, std::string> text_map(const Node& from, std::string_view name) {
  std::map<std::string, std::string> map;
  const Node node = object(from, name);
  for (const auto& member : node.members) {
    map[std::string(member.key())] = text(node, member.key());
  }
  return map;
}

// The enumerator whose name this member holds. Enumerators count from 0 to `last`.
template <class Enumeration>
Enumeration named(const Node& from, std::string_view member, Enumeration last) {
  const std::string word = text(from, member);
  for (unsigned i = 0; i <= static_cast<unsigned>(last); ++i) {
    if (name(static_cast<Enumeration>(i)) == word) return static_cast<Enumeration>(i);
  }
  from.note(in_quotes(member) + ": " + in_quotes(word) + " is not known to this version");
  return last;
}

Touched touched_from(const Node& from) {
  Touched touched;
  touched.connections = number<std::uint64_t>(from, "connections");
  touched.messages = number<std::uint64_t>(from, "messages");
  touched.bytes = number<std::uint64_t>(from, "bytes");
  touched.early = number<std::uint64_t>(from, "early");
  touched.first = instant(from, "first", never);
  touched.last = instant(from, "last");
  return touched;
}

Exchange exchange_from(const Node& from) {
  Exchange exchange;
  exchange.ordinal = number<std::uint64_t>(from, "ordinal");
  exchange.name = text(from, "name");
  exchange.code = text(from, "code");
  exchange.told = named(from, "told", Told::nothing);
  if (!text(from, "fate").empty()) exchange.fate = named(from, "fate", Fate::unknown);
  exchange.fault = number<std::uint32_t>(from, "fault");
  if (const std::string status = text(from, "transaction"); !status.empty()) {
    exchange.transaction = status.front();
  }
  exchange.request_first = instant(from, "request_first");
  exchange.request_last = instant(from, "request_last");
  exchange.response_first = instant(from, "response_first");
  exchange.response_last = instant(from, "response_last");
  exchange.source = text(from, "source");
  exchange.retry_after = text(from, "retry_after");
  return exchange;
}

Event event_from(const Node& from) {
  Event event;
  event.at = instant(from, "at");
  event.kind = named(from, "kind", EventKind::journal_overflowed);
  event.proxy = number<ProxyId>(from, "proxy");
  event.connection = number<ConnectionId>(from, "connection");
  event.fault = number<FaultId>(from, "fault");
  if (text(from, "direction") == name(Direction::downstream)) {
    event.direction = Direction::downstream;
  }
  if (event.kind == EventKind::session) {
    event.session = named(from, "session", SessionFact::server_error);
  }
  event.count = number<std::uint64_t>(from, "count");
  event.more = number<std::uint64_t>(from, "more");
  event.text = text(from, "text");
  if (event.kind == EventKind::exchange) event.exchange = exchange_from(object(from, "exchange"));
  event.touched = touched_from(object(from, "touched"));
  return event;
}

Request request_from(const Node& from) {
  Request request;
  request.id = text(from, "id");
  if (from.find("attempt") != nullptr) request.attempt = number<std::uint16_t>(from, "attempt");
  request.workload = number<std::uint16_t>(from, "workload");
  request.scheduled = instant(from, "scheduled");
  request.sent = instant(from, "sent");
  request.ended = instant(from, "ended");
  request.outcome = named(from, "outcome", Outcome::abandoned);
  request.status = number<std::uint16_t>(from, "status");
  request.reason = text(from, "reason");
  request.kind = number<std::uint16_t>(from, "request");
  request.source = text(from, "source");
  if (from.find("wait") != nullptr) request.wait = Duration(number<std::int64_t>(from, "wait"));
  return request;
}

FaultRecord fault_from(const Node& from) {
  FaultRecord fault;
  fault.id = text(from, "id");
  fault.kind = text(from, "kind");
  fault.on = texts(from, "on");
  fault.armed_as = number<FaultId>(from, "armed_as");
  fault.planned_on = instant(from, "planned_on");
  fault.planned_off = instant(from, "planned_off");
  fault.commanded = instant(from, "commanded");
  fault.armed = instant(from, "armed");
  fault.disarm_commanded = instant(from, "disarm_commanded");
  fault.disarmed = instant(from, "disarmed");
  fault.touched = touched_from(object(from, "touched"));
  return fault;
}

ProcessRecord process_from(const Node& from) {
  ProcessRecord process;
  process.name = text(from, "name");
  process.started = instant(from, "started");
  process.ready = instant(from, "ready");
  process.ended = instant(from, "ended");
  process.ending = text(from, "ending");
  process.expected_end = boolean(from, "expected_end");
  return process;
}

void sink_line(std::vector<SinkReading>& sinks, const Node& from) {
  if (from.find("sink") != nullptr) {
    SinkReading& reading = sinks.emplace_back();
    reading.sink = text(from, "sink");
    reading.complete = boolean(from, "complete");
    reading.why_not = text(from, "why_not");
    reading.read_at = instant(from, "read_at");
    return;
  }
  if (sinks.empty()) return from.note("a stored message comes before its sink");
  sinks.back().stored[text(from, "id")] = number<std::uint64_t>(from, "times");
}

// Parses and hands on one object, turning whatever does not fit into an Error at `where`.
Result<void> take(std::string_view source, const std::string& where,
                  const std::function<void(const Node&)>& one) {
  boost::system::error_code failure;
  json::monotonic_resource memory;
  const json::value value = json::parse({source.data(), source.size()}, failure, &memory);
  if (failure) return error(where, "not JSON: " + failure.message());
  std::string misfit;
  one(object(Node{no_members, misfit}, value, "it"));
  if (!misfit.empty()) return error(where, misfit);
  return {};
}

Result<void> read_lines(const path& file, std::vector<std::string>& gaps,
                        const std::function<void(const Node&)>& one) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return error(file.string(), "cannot be opened; is this the folder of a run?");
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (in.eof()) {
      gaps.push_back(file.filename().string() + ":" + std::to_string(number) +
                     ": the last line is torn and was left out");
      break;
    }
    auto taken = take(line, file.string() + ":" + std::to_string(number), one);
    if (!taken) return taken;
  }
  return {};
}

Result<std::string> whole(const path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return error(file.string(), "cannot be opened; is this the folder of a run?");
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

Result<void> read_document(const path& file, const std::function<void(const Node&)>& one) {
  const Result<std::string> source = whole(file);
  if (!source) return std::unexpected(source.error());
  return take(*source, file.string(), one);
}

// What run.json holds beyond the recording itself: how to read the drill again.
struct Header {
  std::string drill_file;
  std::map<std::string, Address> listeners;
};

void run_from(const Node& from, Recording& recording, Header& header) {
  const auto schema = number<std::int64_t>(from, "schema_version");
  if (schema != 1) from.note("schema_version " + std::to_string(schema) + "; known: 1");
  recording.version = text(from, "version");
  recording.started_at = text(from, "started_at");
  recording.clock_zero = instant(from, "clock_zero");
  recording.wall_zero = WallTime(instant(from, "wall_zero").time_since_epoch());
  recording.ending = named(from, "ending", Ending::failed);
  recording.why = text(from, "why");
  recording.signal = number<std::int32_t>(from, "signal");
  recording.load_ended = instant(from, "load_ended");
  recording.events_lost = number<std::uint64_t>(from, "events_lost");
  recording.gaps = texts(from, "gaps");
  recording.overrides = texts(from, "overrides");
  recording.variables = text_map(from, "variables");
  recording.environment = text_map(from, "environment");
  const Node ports = object(from, "ports");
  for (const auto& port : ports.members) {
    recording.ports[std::string(port.key())] = number<std::uint16_t>(ports, port.key());
  }
  for (const json::value& proxy : array(from, "proxies")) {
    const Node members = object(from, proxy, "a proxy");
    const std::string name = text(members, "name");
    recording.proxies[number<ProxyId>(members, "id")] = name;
    const Result<Address> listening = address_from(text(members, "listening"));
    if (listening) {
      header.listeners[name] = *listening;
    } else {
      from.note("proxy " + in_quotes(name) + ": " + listening.error().what);
    }
  }
  for (const json::value& process : array(from, "processes")) {
    recording.processes.push_back(process_from(object(from, process, "a process")));
  }
  header.drill_file = text(from, "drill_file");
}

Error first(const Errors& errors) { return errors.empty() ? Error{} : errors.front(); }

// The drill as the run had it: same text, same overrides, same variables, same ports. A run that
// was over before its proxies were open leaves them as they stood in the file.
Result<Drill> drill_of(const path& folder, const Recording& recording, const Header& header) {
  const Result<std::string> source = whole(folder / "drill.toml");
  if (!source) return std::unexpected(source.error());
  const auto recorded = [&](std::string_view variable) -> std::optional<std::string> {
    const auto found = recording.variables.find(std::string(variable));
    if (found == recording.variables.end()) return std::nullopt;
    return found->second;
  };
  const auto beside = [&](const std::string&) { return whole(folder / "contract.toml"); };
  auto read = read_drill({header.drill_file, *source, recording.overrides, recorded, beside});
  if (!read) return std::unexpected(first(read.error()));
  Drill drill = std::move(read->drill);
  if (recording.ports.size() == drill.ports.size()) {
    Checked<Drill> resolved = resolve_ports(std::move(drill), recording.ports);
    if (!resolved) return std::unexpected(first(resolved.error()));
    drill = std::move(*resolved);
  }
  if (header.listeners.size() != drill.proxies.size()) return drill;
  Checked<Drill> resolved = resolve_listeners(std::move(drill), header.listeners);
  if (!resolved) return std::unexpected(first(resolved.error()));
  for (ProxySpec& proxy : resolved->proxies) {
    const auto found = header.listeners.find(proxy.name);
    if (found != header.listeners.end()) proxy.listen = found->second;
  }
  return std::move(*resolved);
}

}  // namespace

Result<Event> read_event(std::string_view line) {
  Event event;
  const auto taken = take(line, "", [&](const Node& from) { event = event_from(from); });
  if (!taken) return std::unexpected(taken.error());
  return event;
}

Result<Recording> read_recording(const path& folder) {
  Recording recording;
  Header header;
  auto read = read_document(folder / "run.json",
                            [&](const Node& from) { run_from(from, recording, header); });
  if (!read) return std::unexpected(read.error());
  Result<Drill> drill = drill_of(folder, recording, header);
  if (!drill) return std::unexpected(drill.error());
  recording.drill = std::move(*drill);
  read = read_document(folder / "faults.json", [&](const Node& from) {
    for (const json::value& fault : array(from, "faults")) {
      recording.faults.push_back(fault_from(object(from, fault, "a fault")));
    }
  });
  if (!read) return std::unexpected(read.error());
  read = read_lines(folder / "events.jsonl", recording.gaps,
                    [&](const Node& line) { recording.events.push_back(event_from(line)); });
  if (!read) return std::unexpected(read.error());
  read = read_lines(folder / "requests.jsonl", recording.gaps,
                    [&](const Node& line) { recording.requests.push_back(request_from(line)); });
  if (!read) return std::unexpected(read.error());
  read = read_lines(folder / "sinks.jsonl", recording.gaps,
                    [&](const Node& line) { sink_line(recording.sinks, line); });
  if (!read) return std::unexpected(read.error());
  std::error_code ignored;
  if (std::filesystem::exists(folder / "xray.json", ignored)) {
    Result<XrayRecord> xray = read_xray_record(folder / "xray.json");
    if (!xray) return std::unexpected(xray.error());
    recording.xray = std::move(*xray);
  }
  recording.breaker_claims = read_claims(folder, recording);
  return recording;
}

}  // namespace faultline
