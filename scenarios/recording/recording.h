#pragma once

// A recording: everything a run wrote down, and all that measures may look at. It is written to the
// run folder while the drill runs and read back to compute the report, by `faultline run` itself as
// by `faultline report RUN` later: so no number can exist that the files do not hold.
//
//   drill.toml     the plan, verbatim          requests.jsonl  one line per offered message
//   run.json       environment, seed, ending   sinks.jsonl     a line per sink, then one per
//   message events.jsonl   the journal                 faults.json     ids, instants and totals
//   contract.toml  of an X-ray, verbatim       xray.json       what an X-ray found
//
// All instants count nanoseconds from drill time 0 (the first scheduled request); what happened
// before is negative.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proxy/journal.h"
#include "scenarios/drill/drill.h"

namespace faultline {

using WallTime = std::chrono::sys_time<Duration>;

// Exactly one per request; measures 5.9.
enum class Outcome : std::uint8_t {
  answered,  // a complete HTTP response; see status
  not_sent,  // the generator could not (limit of connections in flight)
  refused,   // ECONNREFUSED
  connect_timeout,
  reset,         // RST
  closed_early,  // FIN before the response was complete
  timeout,       // the client's deadline passed first
  malformed,     // the answer was not HTTP
  abandoned,     // in flight when the runner cut it: the run ended first
};
std::string_view name(Outcome outcome);

// One attempt to deliver a message. A message that is sent again has a row for each attempt.
struct Request {
  std::string id;              // of the message, unique in the run
  std::uint16_t attempt = 1;   // of this id, from 1
  std::uint16_t workload = 0;  // index into the drill's workloads
  Instant scheduled{};         // when it should have started (closed model: when it did)
  Instant sent{};              // first byte handed to the kernel; scheduled if it never was
  Instant ended{};             // the outcome is known
  Outcome outcome = Outcome::not_sent;
  std::uint16_t status = 0;  // of an answer
  std::string reason;        // X-Reason of an answer
  std::uint16_t kind = 0;    // index into requests_of(its workload)
  std::string source;        // address it seemed to come from; empty: the workload has no sources
  std::optional<Duration> wait;  // in the service, as the answer said (WorkloadPlan::wait_header)
  bool acknowledged() const { return outcome == Outcome::answered && status / 100 == 2; }
  bool refused() const { return outcome == Outcome::answered && status / 100 != 2; }
  bool failed() const { return !acknowledged(); }
  Duration latency() const { return ended - scheduled; }
};

struct FaultRecord {
  std::string id;
  std::string kind;
  std::vector<std::string> on;
  FaultId armed_as = 0;  // in events; 0: it never was
  Instant planned_on{};
  Instant planned_off{};
  Instant commanded{};  // t_cmd
  Instant armed{};      // t_arm
  Instant disarm_commanded{};
  Instant disarmed{};  // t_rm, in force everywhere
  Touched touched;     // first = t_eff, last = t_clr
};

struct SinkReading {
  std::string sink;
  bool complete = false;
  std::string why_not;  // when not complete
  Instant read_at{};
  std::map<std::string, std::uint64_t> stored;  // message id -> how often
};

struct ProcessRecord {
  std::string name;
  Instant started{};
  Instant ready{};
  Instant ended{};
  std::string ending;  // "exit 0", "signal 9 (SIGKILL)", "stopped by the drill"
  bool expected_end = false;
};

// A change of state that a service says its breaker made; recording/claims.h.
struct BreakerClaim {
  Instant at{};
  std::string process;
  std::string breaker;
  std::string from;  // "closed", "open", "half_open"
  std::string to;
  std::uint64_t failures = 0;  // in the state it left; so are the next three
  std::uint64_t total = 0;
  std::uint64_t late = 0;
  std::uint64_t rejected = 0;
  std::string last_error;
};

// What the X-ray of a drill found; nothing is compared with its contract yet.
struct XrayRecord {
  Instant ended{};  // it began at drill time 0
  std::uint64_t calls = 0;
  std::uint64_t attempts = 0;  // that the service made because of them
  xray::Answers answers;
};

enum class Ending : std::uint8_t { completed, aborted, failed };
std::string_view name(Ending ending);

struct Recording {
  Drill drill;
  std::string version;     // of faultline
  std::string started_at;  // wall clock, RFC 3339 UTC: a label
  Instant clock_zero{};    // drill time 0 on CLOCK_MONOTONIC
  WallTime wall_zero{};    // … and on the wall clock, for dates that services tell; 0: not known
  std::map<std::string, std::string> environment;  // kernel, cores, congestion control, …
  std::vector<std::string> overrides;              // --set, in order
  std::map<std::string, std::string> variables;    // ${VAR} that the drill used; secrets redacted
  std::map<std::string, std::uint16_t> ports;      // found free for ${port.NAME}
  std::vector<Event> events;
  std::map<ProxyId, std::string> proxies;
  std::vector<Request> requests;
  std::vector<FaultRecord> faults;
  std::vector<SinkReading> sinks;
  std::vector<ProcessRecord> processes;
  std::vector<BreakerClaim> breaker_claims;
  std::optional<XrayRecord> xray;  // none: it found nothing, or the drill has none
  std::uint64_t events_lost = 0;
  std::vector<std::string> gaps;  // what could not be written or was torn: the rest is incomplete
  Instant load_ended{};           // last scheduled instant of the workload that was reached
  Ending ending = Ending::completed;
  std::string why;  // when not completed: "SIGINT", "process bridge ended: exit 1"
  int signal = 0;   // that aborted the run

  const FaultRecord* fault(std::string_view id) const;
  ProxyId proxy(std::string_view name) const;  // 0 if there is none
};

Result<Recording> read_recording(const std::filesystem::path& folder);
// One line of a journal (proxy/event_line.h), without its end.
Result<Event> read_event(std::string_view line);

}  // namespace faultline
