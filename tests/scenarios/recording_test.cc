// What is written is read back, whatever it holds.

#include "scenarios/recording/recording.h"

#include <fstream>
#include <random>

#include "proxy/event_line.h"
#include "proxy/json_line.h"
#include "scenarios/recording/recorder.h"
#include "scenarios/recording/recording_write.h"
#include "tests/support/catch.h"
#include "tests/support/folder.h"

using namespace faultline;

namespace {

constexpr std::string_view source = R"(name = "example"
expect = ["lost == 0"]

[[proxy]]
name = "front"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:9"

[[workload]]
name = "hooks"
through = "front"
model = "rate"
rate = "10/s"
for = "10s"
)";

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  bool coin() { return below(2) == 0; }
  Instant instant() {
    return Instant(Duration(static_cast<std::int64_t>(engine_() >> 20) - (1LL << 42)));
  }
  // Well-formed UTF-8 with everything that needs an escape.
  std::string text(std::size_t most) {
    constexpr std::array<std::string_view, 8> parts{"a",  "\"",   "\\",       "\n",
                                                    "\t", "\x01", "\xc3\xa4", "\xf0\x9f\x90\x98"};
    std::string text;
    while (coin() && text.size() + 4 <= most) text += parts[below(parts.size())];
    return text;
  }

 private:
  std::mt19937_64 engine_;
};

Touched touched(Chance& chance) {
  return {1 + chance.below(100), chance.below(100), chance.below(1'000'000),
          chance.below(10),      chance.instant(),  chance.instant()};
}

Event event(Chance& chance) {
  Event event;
  event.at = chance.instant();
  event.kind = static_cast<EventKind>(
      chance.below(static_cast<unsigned>(EventKind::journal_overflowed) + 1));
  event.direction = chance.coin() ? Direction::upstream : Direction::downstream;
  event.proxy = static_cast<ProxyId>(chance.below(4));
  event.fault = static_cast<FaultId>(chance.below(4));
  event.connection = chance.below(1000);
  event.count = chance.below(1'000'000'000'000);
  event.more = chance.below(3);
  event.text = chance.text(64);
  if (event.kind == EventKind::session) event.session = static_cast<SessionFact>(chance.below(5));
  if (event.kind == EventKind::exchange) {
    event.exchange.ordinal = chance.below(100);
    event.exchange.name = chance.text(64);
    event.exchange.code = chance.coin() ? "202" : "";
    event.exchange.told = static_cast<Told>(chance.below(5));
    event.exchange.fate = static_cast<Fate>(chance.below(3));
    event.exchange.fault = static_cast<std::uint32_t>(chance.below(3));
    event.exchange.transaction = chance.coin() ? 'T' : '\0';
    event.exchange.request_first = chance.instant();
    event.exchange.request_last = chance.instant();
    if (chance.coin()) event.exchange.response_first = chance.instant();
    if (chance.coin()) event.exchange.source = chance.text(40);
    if (chance.coin()) event.exchange.retry_after = "12";
  }
  if (chance.coin()) event.touched = touched(chance);
  return event;
}

Request request(Chance& chance) {
  Request request;
  request.id = "id" + chance.text(100);
  request.attempt = static_cast<std::uint16_t>(1 + chance.below(4));
  request.workload = static_cast<std::uint16_t>(chance.below(3));
  request.scheduled = chance.instant();
  request.sent = chance.instant();
  request.ended = chance.instant();
  request.outcome = static_cast<Outcome>(chance.below(9));
  request.status = static_cast<std::uint16_t>(chance.below(600));
  request.reason = chance.text(20);
  request.kind = static_cast<std::uint16_t>(chance.below(3));
  if (chance.coin()) request.source = "10.0.0." + std::to_string(chance.below(255));
  if (chance.coin()) request.wait = Duration(static_cast<std::int64_t>(chance.below(1000)));
  return request;
}

FaultRecord fault(Chance& chance) {
  FaultRecord fault;
  fault.id = "f" + chance.text(10);
  fault.kind = "refuse";
  fault.on = {"front", chance.text(10)};
  fault.armed_as = static_cast<FaultId>(chance.below(3));
  fault.planned_on = chance.instant();
  fault.planned_off = chance.instant();
  if (chance.coin()) fault.armed = chance.instant();
  if (chance.coin()) fault.disarmed = chance.instant();
  if (chance.coin()) fault.touched = touched(chance);
  return fault;
}

// Everything of a recording as one text: equal texts, equal recordings.
std::string shown(const Recording& recording) {
  std::string text = run_document(recording) + faults_document(recording.faults);
  for (const Event& one : recording.events) append_event(text, one);
  for (const Request& one : recording.requests) append_request(text, one);
  for (const SinkReading& one : recording.sinks) append_sink(text, one);
  return text;
}

Recording random_recording(Chance& chance) {
  Recording recording;
  recording.drill.name = "example";
  recording.drill.file = "example.toml";
  recording.drill.source = source;
  recording.version = chance.text(10);
  recording.started_at = "2026-01-31T12:00:00Z";
  recording.wall_zero = WallTime(std::chrono::nanoseconds(1'769'860'800'123'456'789));
  recording.environment = {{"kernel", chance.text(30)}, {"cores", "2"}};
  recording.variables = {{"HOME", chance.text(30)}};
  recording.proxies = {{1, "front"}};
  recording.drill.proxies.push_back({"front", {"127.0.0.1", 4711}, {"127.0.0.1", 9}});
  for (std::uint64_t n = chance.below(50); n > 0; --n) recording.events.push_back(event(chance));
  for (std::uint64_t n = chance.below(50); n > 0; --n) {
    recording.requests.push_back(request(chance));
  }
  for (std::uint64_t n = chance.below(4); n > 0; --n) recording.faults.push_back(fault(chance));
  recording.sinks.push_back({"table", chance.coin(), chance.text(20), chance.instant(), {}});
  for (std::uint64_t n = chance.below(9); n > 0; --n) {
    recording.sinks.back().stored[chance.text(30)] = chance.below(5);
  }
  ProcessRecord process{"bridge", chance.instant(), chance.instant(), chance.instant(), "exit 0"};
  process.expected_end = chance.coin();
  recording.processes.push_back(process);
  recording.load_ended = chance.instant();
  recording.ending = static_cast<Ending>(chance.below(3));
  recording.why = chance.text(20);
  recording.signal = static_cast<int>(chance.below(20));
  recording.events_lost = chance.below(3);
  if (chance.coin()) recording.gaps = {chance.text(20)};
  return recording;
}

void write(const std::filesystem::path& folder, const Recording& recording) {
  auto recorder = Recorder::create(folder, recording.drill);
  REQUIRE(recorder);
  (*recorder)->start(Instant{});
  static_cast<JournalReader&>(**recorder).read(recording.events);
  static_cast<RequestReader&>(**recorder).read(recording.requests);
  (*recorder)->write_faults(recording.faults);
  (*recorder)->write_sinks(recording.sinks);
  REQUIRE((*recorder)->write_run(recording));
}

void append(const std::filesystem::path& file, std::string_view text) {
  std::ofstream(file, std::ios::app | std::ios::binary) << text;
}

}  // namespace

TEST_CASE("a recording reads back as it was written") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Chance chance(seed);
    const test::Folder folder;
    const Recording recording = random_recording(chance);
    write(folder.path() / "run", recording);
    const Result<Recording> read = read_recording(folder.path() / "run");
    INFO("seed " << seed << (read ? "" : ": " + read.error().text()));
    REQUIRE(read);
    CHECK(shown(*read) == shown(recording));
    CHECK(read->events.size() == recording.events.size());
    CHECK(read->requests.size() == recording.requests.size());
    CHECK(read->drill.source == source);
    CHECK(read->drill.proxies.at(0).listen == Address{"127.0.0.1", 4711});
  }
}

TEST_CASE("a torn last line is left out and noted") {
  Chance chance(7);
  const test::Folder folder;
  Recording recording = random_recording(chance);
  recording.gaps.clear();
  write(folder.path() / "run", recording);
  append(folder.path() / "run" / "requests.jsonl", R"({"id":"torn","sched)");
  const Result<Recording> read = read_recording(folder.path() / "run");
  REQUIRE(read);
  CHECK(read->requests.size() == recording.requests.size());
  REQUIRE(read->gaps.size() == 1);
  CHECK(read->gaps[0] == "requests.jsonl:" + std::to_string(recording.requests.size() + 1) +
                             ": the last line is torn and was left out");
}

TEST_CASE("a line that cannot be read is an error with file and line") {
  const auto line =
      GENERATE(as<std::string>{}, "{\"id\":", "[]", R"({"id":5})", R"({"id":"a","outcome":"fine"})",
               R"({"id":"a","outcome":"answered","status":70000})");
  Chance chance(8);
  const test::Folder folder;
  Recording recording = random_recording(chance);
  recording.requests.clear();
  write(folder.path() / "run", recording);
  append(folder.path() / "run" / "requests.jsonl", line + "\n");
  const Result<Recording> read = read_recording(folder.path() / "run");
  REQUIRE_FALSE(read);
  CHECK(read.error().where == (folder.path() / "run" / "requests.jsonl").string() + ":1");
  CHECK_FALSE(read.error().what.empty());
}

TEST_CASE("a folder that is no run is an error that says so") {
  const test::Folder folder;
  const Result<Recording> read = read_recording(folder.path());
  REQUIRE_FALSE(read);
  CHECK(read.error().text().find("run.json: cannot be opened") != std::string::npos);
}

TEST_CASE("JSON text escapes control bytes and replaces what is not UTF-8") {
  std::string out;
  append_json_text(out, std::string_view("a\0b\x1f\x7f\xff\xc3\xa4\xed\xa0\x80\xc0\xaf\"\\", 15));
  const std::string bad = "\xef\xbf\xbd";
  CHECK(out == "\"a\\u0000b\\u001f\\u007f" + bad + "\xc3\xa4" + bad + bad + bad + bad + bad +
                   "\\\"\\\\\"");
}

TEST_CASE("every outcome and ending has a name of its own") {
  CHECK(name(Outcome::answered) == "answered");
  CHECK(name(Outcome::malformed) == "malformed");
  CHECK(name(Outcome::abandoned) == "abandoned");
  CHECK(name(Ending::completed) == "completed");
  CHECK(name(Ending::failed) == "failed");
}
