#pragma once

// A drill: a written plan, as plain data. drill_toml reads one from a file; anybody may also build
// one in C++. Offsets in time count from the start of the workload (drill time 0).
//
//   start processes ─▶ open proxies ─▶ warm-up ─▶ baseline ─▶ fault … ─▶ settle ─▶ audit ─▶ report
//                                      0s         warmup     first `at`  last end   end of load

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "faults/settings.h"
#include "proxy/spec.h"
#include "scenarios/drill/expectation.h"
#include "scenarios/xray/contract.h"

namespace faultline {

// A process under test, started before the workload and ended after it.
struct ProcessPlan {
  std::string name;
  std::vector<std::string> command;                // argv; no shell
  std::map<std::string, std::string> environment;  // added to the runner's own
  std::string log;                                 // file in the run folder; stdout and stderr
  // Readiness: exactly one of the two, or neither (ready when started).
  std::string ready_http;            // URL that must answer 2xx
  std::optional<Address> ready_tcp;  // address that must accept
  Duration ready_within = std::chrono::seconds(30);
  Duration stop_within = std::chrono::seconds(10);  // after SIGTERM; then SIGKILL
  std::string where;
};

enum class LoadModel : std::uint8_t {
  rate,  // open: requests start on schedule, however slow the answers
  vus,   // closed: N virtual users, each waits for its answer
};

struct LoadStage {
  Duration lasting{};
  double target = 0;   // requests per second, or users; reached linearly over the stage
  std::string name{};  // a phase for measures; a stage without length (a step) has none
};

// One kind of request. In path, headers and body `{id}` is the message's unique id and `{source}`
// the address of its source.
struct RequestPlan {
  std::string name;          // measures know it as WORKLOAD.NAME; empty: the only kind
  std::uint64_t weight = 1;  // of all requests its share is weight / sum of weights
  std::string method = "POST";
  std::string path = "/";
  std::map<std::string, std::string> headers;
  std::string body;
};

// Whom requests seem to come from: IPv4 addresses one after the other, told in a header.
struct SourcePlan {
  std::uint64_t pool = 0;            // how many; 0: no request says where it comes from
  std::uint32_t first = 0x0a000001;  // 10.0.0.1
  std::string header = "X-Forwarded-For";
  std::uint64_t session = 0;  // requests of a user until it is somebody else; 0: never
};

struct WorkloadPlan {
  std::string name;
  std::string kind = "http";
  std::string through;            // name of the proxy whose listening address is the target; or
  std::optional<Address> target;  // … this address directly
  LoadModel model = LoadModel::rate;
  double rate = 0;        // per second (rate), without stages
  std::uint64_t vus = 0;  // users (vus), without stages
  std::vector<LoadStage> stages;
  Duration think{};         // least pause of a virtual user between answer and next request
  Duration think_spread{};  // and up to so much more, evenly drawn
  Duration lasting{};       // of the whole; with stages their sum
  Duration timeout = std::chrono::seconds(10);  // client's deadline, scheduled to complete answer
  std::uint64_t max_in_flight = 1000;  // connections; beyond it a request counts as not_sent
  std::uint64_t retries = 0;           // further attempts of a message that was not taken, at most
  Duration retry_after{};              // from the end of an attempt to the next
  // The request, when there is one kind of it; see RequestPlan.
  std::string method = "POST";
  std::string path = "/";
  std::map<std::string, std::string> headers;
  std::string body;
  std::vector<RequestPlan> mix;  // several kinds, instead
  SourcePlan sources;
  std::string wait_header;  // of answers: milliseconds that the service says the request waited
  std::string where;
};

// The kinds of request of a workload: its mix, or the one there is.
std::vector<RequestPlan> requests_of(const WorkloadPlan& workload);
// The address with this index in the pool, as text.
std::string source_address(const SourcePlan& sources, std::uint64_t index);
bool carries_id(const RequestPlan& request);

// How an outage shows in a client's answer: what detection looks for.
struct Signature {
  std::vector<std::uint16_t> status;  // any of these; empty: any
  std::string reason;                 // value of the X-Reason header; empty: any
  bool operator==(const Signature&) const = default;
};

struct FaultPlan {
  std::string id;
  std::string kind;
  std::vector<std::string> on;  // proxy names
  Duration at{};
  Duration lasting{};                  // `for`; zero: until the end of the workload
  std::vector<RawSetting> parameters;  // of the kind; checked when the drill is read
  std::vector<RawSetting> aim;
  Signature signature{{503}, ""};
  Duration fail_fast = std::chrono::seconds(1);  // an answer later than this is not "told"
  std::string where;
};

// Where messages must end up, read after the run and never through a proxy.
struct SinkPlan {
  std::string name;
  std::string kind;                          // "postgres"
  std::string connection;                    // conninfo
  std::string query;                         // first column: message id, one row per stored message
  Duration quiet = std::chrono::seconds(2);  // no new row for so long = quiescent
  Duration within = std::chrono::seconds(60);  // else the reading is incomplete, and says so
  std::string where;
};

enum class LimitAlgorithm : std::uint8_t {
  fixed_window,    // so many in each window; one begins with the first request after the last ended
  sliding_window,  // so many in any window
  token_bucket,    // a request takes a token; they come back evenly, so many per window
};
std::string_view name(LimitAlgorithm algorithm);

// Whose requests a limit counts together.
enum class LimitKey : std::uint8_t {
  source,  // the first address of X-Forwarded-For, else the client's
  client,  // the address that the connection came from
  header,  // the value of a header
  all,     // everybody's
};
std::string_view name(LimitKey key);

// A rate limit that the service declares, so that its decisions can be judged.
struct LimitPlan {
  std::string name;
  std::string on;  // the proxy that sees the requests arrive
  LimitAlgorithm algorithm = LimitAlgorithm::fixed_window;
  std::uint64_t requests = 0;
  Duration window{};
  std::uint64_t burst = 0;  // tokens that a full bucket holds
  LimitKey key = LimitKey::source;
  std::string header;               // of LimitKey::header, in lower case
  std::vector<std::string> routes;  // "POST /calls", "/hooks/*": those it counts; empty: every one
  std::uint16_t status = 429;       // of a refusal
  Duration tolerance = std::chrono::milliseconds(5);  // of the service's own reading of the clock
  std::string where;
};

// An examination in place of load and faults: the X-ray of a circuit breaker.
struct XrayPlan {
  std::string kind = "breaker";
  std::string on;     // the proxy in whose place it answers the service
  std::string drive;  // URL; a request to it makes the service call its upstream once
  RequestPlan request{"", 1, "GET", "", {}, ""};  // without path, which the URL has
  Duration within = std::chrono::minutes(10);
  xray::Contract contract;    // each name of it is an expectation, too
  std::string contract_file;  // as the drill names it; empty: it stands in the drill, or is none
  std::string contract_text;  // of that file, verbatim; goes into the run folder
  std::string where;
};

struct Timing {
  Duration warmup = std::chrono::seconds(2);  // [0, warmup) is in no measure
  Duration window = std::chrono::seconds(5);  // full recovery: W, step and H of measures 5.4
  Duration step = std::chrono::seconds(1);
  Duration hold = std::chrono::seconds(10);
};

// An address written with ${port.NAME} or ${proxy.NAME.listen}, which only a run can know. Until it
// is resolved, the place it is for holds an Address without host.
struct LateAddress {
  enum class For : std::uint8_t { listen, upstream, ready_tcp, target };
  For part = For::listen;
  std::string owner;  // name of the proxy, process or workload
  std::string text;   // as written, variables replaced
  std::string where;
};

struct Drill {
  std::string name;
  std::string title;
  std::string notes;
  std::uint64_t seed = 1;
  Timing timing;
  std::vector<std::string> ports;  // names of free ports to find before the start: ${port.NAME}
  std::vector<ProcessPlan> processes;
  std::vector<ProxySpec> proxies;
  std::vector<WorkloadPlan> workloads;
  std::vector<FaultPlan> faults;
  std::vector<SinkPlan> sinks;
  std::vector<LimitPlan> limits;
  std::optional<XrayPlan> xray;  // then there are no workloads, faults, sinks and limits
  std::vector<Expectation> expectations;
  std::vector<LateAddress> late_addresses;

  std::string file;    // as given by the user
  std::string source;  // the file's text, verbatim; goes into the run folder
};

// Ends of the plan's parts, from its numbers alone.
Duration workload_end(const Drill& drill);  // the last workload's end
Duration fault_end(const Drill& drill, const FaultPlan& fault);

// What a run finds out on its way, put where the drill refers to it: first the free ports
// (${port.NAME}), then, once the proxies are open, their addresses (${proxy.NAME.listen}, .host,
// .port; a proxy that listens on every address is dialed on loopback). Looked at are commands,
// environments, readiness, addresses, connections and URLs; in these strings a dollar is written
// `$$` until both have been done, in this order, each once. Errors: a reference to what the map
// does not hold, an address that makes no sense now.
Checked<Drill> resolve_ports(Drill drill, const std::map<std::string, std::uint16_t>& ports);
Checked<Drill> resolve_listeners(Drill drill, const std::map<std::string, Address>& listeners);

}  // namespace faultline
