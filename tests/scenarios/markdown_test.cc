// The sections of report.md, on recordings whose every number is known.

#include <sstream>

#include "scenarios/formats/markdown/strip.h"
#include "scenarios/report/report.h"
#include "tests/support/breaker_story.h"
#include "tests/support/catch.h"
#include "tests/support/recordings.h"

using namespace faultline;
using namespace faultline::test;

namespace {

std::string page_of(const Recording& recording) {
  return find_report_format("markdown")->render(make_report(recording), recording);
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// What stands under a title, up to the next of the same rank.
std::string section(const std::string& page, const std::string& title) {
  const auto from = page.find("\n## " + title + "\n");
  REQUIRE(from != std::string::npos);
  return page.substr(from, page.find("\n## ", from + 1) - from);
}

std::size_t times_in(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("a strip shows offered, acknowledged and refused requests and the fault, in time") {
  const Recording recording = ideal_outage().recording();
  const markdown::Strip strip = markdown::strip_of(recording, recording.faults[0]);
  CHECK(strip.column == std::chrono::milliseconds(500));
  CHECK(strip.most == 25);
  const std::string before(20, '#');
  const std::string nothing(20, ' ');
  const std::string refused = std::string(19, '#') + "*";  // the last one has 24 of 25
  REQUIRE(strip.lines.size() == 5);
  CHECK(strip.lines[0] ==
        "                0s                  10s                 20s                 30s");
  CHECK(strip.lines[1] == "offered         " + before + refused + before);
  CHECK(strip.lines[2] == "acknowledged    " + before + nothing + before);
  CHECK(strip.lines[3] == "503 pg          " + nothing + refused);
  CHECK(strip.lines[4] == "in force        " + nothing + std::string(20, '='));
}

TEST_CASE("in a strip a single request leaves a mark, and what is outside leaves none") {
  RecordingBuilder run;
  run.load({0, 10000, 2}).fault("outage", 5000, 5600);  // 10 or so in a column of 30 ms
  run.request(5010, 1, {500, "odd"});
  run.unanswered(100, 50, Outcome::timeout);  // long before the strip begins
  const markdown::Strip strip = markdown::strip_of(run.recording(), run.recording().faults[0]);
  CHECK(strip.column == std::chrono::milliseconds(30));
  CHECK(strip.lines[0].find("4.4s") == 16);
  REQUIRE(strip.lines.size() == 5);
  CHECK(strip.lines[3] == "500 odd         " + std::string(20, ' ') + ".");
  CHECK(strip.lines[4] == "in force        " + std::string(20, ' ') + std::string(20, '='));
}

TEST_CASE("a strip of many classes of failure folds the rare ones into one row") {
  auto run = ideal_outage();
  for (std::uint16_t status = 510; status < 520; ++status)
    run.request(12000 + status, 5, {status, ""});
  const markdown::Strip strip = markdown::strip_of(run.recording(), run.recording().faults[0]);
  REQUIRE(strip.lines.size() == 10);  // instants, offered, acknowledged, 5 + 1 classes, in force
  CHECK(strip.lines[3].starts_with("503 pg "));
  CHECK(strip.lines[8].starts_with("other failures "));
}

TEST_CASE("a fault that never was in force has no strip, and its section says so") {
  auto run = ideal_outage();
  run.recording().faults[0].armed_as = 0;
  CHECK(markdown::strip_of(run.recording(), run.recording().faults[0]).lines.empty());
  CHECK(has(section(page_of(run.recording()), "Failure scenario: outage"),
            "not collected: the fault was never armed"));
}

TEST_CASE("the performance of a workload has all its numbers, of all and of the successful") {
  RecordingBuilder run;
  for (int i = 1; i <= 100; ++i) run.request(2000 + i * 10, i, {});
  run.request(4000, 900, {500, ""});
  run.load({5000, 9000, 1000, 1}).fault("outage", 10000, 20000).load({20000, 30000});
  run.expect("p99(webhooks, baseline) < 1s").expect("p99(front, recovery) < 1s");
  const std::string page = section(page_of(run.recording()), "Performance metrics");
  INFO(page);
  CHECK(has(page, "### webhooks results"));
  CHECK(has(page, "| Total | 105 | cannot tell | 500 |"));
  CHECK(has(page, "| Failed | 1/105 (0.95 %) |"));
  // (5050 + 900 + 4 * 1) / 105 ms
  CHECK(has(page, "| Avg | 56.7ms |"));
  CHECK(has(page, "| P50 | 49ms |"));
  CHECK(has(page, "| P90 | 91ms |"));
  CHECK(has(page, "| P99 | 100ms (1 beyond) |"));
  CHECK(has(page, "| Max | 900ms |"));
  CHECK(has(page, "| Min | 1ms |"));
  CHECK(has(page,
            "| p99(webhooks, baseline) \\< 1s, p99(front, recovery) \\< 1s | PASS, "
            "INCONCLUSIVE |"));
  const std::string successful = page.substr(page.find("| Successful only |"));
  CHECK(has(successful, "| Total | 104 | 0 | 500 |"));
  CHECK(has(successful, "| Max | 100ms | none | 5ms |"));
}

TEST_CASE("figures outside the observed cells carry their resolution") {
  auto run = ideal_outage();
  run.recording().faults[0].commanded -= std::chrono::milliseconds(3);
  run.audited().expect("detection(outage) < 1s");
  const std::string page = page_of(run.recording());
  INFO(page);
  CHECK(has(page, "| outage | reset | db | 10s | 10s ± 3ms | 20s ± 0s | 20s |"));
  CHECK(has(section(page, "Failure scenario: outage"), "5ms -5ms +20ms first told"));
  CHECK(has(section(page, "Acceptance"), "| detection(outage) | \\< 1s | 5ms -5ms +20ms | PASS |"));
  CHECK(has(section(page, "Throughput"), "| webhooks | baseline | 400 | 50 ± 0.125 |"));
  CHECK(has(section(page, "Acceptance"), "**ALL CRITERIA MET**"));
}

TEST_CASE("the distribution of errors tells classes by phase, and each failure once") {
  auto run = ideal_outage();
  run.request(500, 5, {500, ""});                // warm-up
  run.unanswered(9990, 3000, Outcome::timeout);  // a straddler
  run.request(25000, 5, {500, "a|b"});
  const std::string page = section(page_of(run.recording()), "Error distribution");
  INFO(page);
  CHECK(has(page, "warm-up included: 502/1502 (33.4 %)"));
  CHECK(
      has(page, "| Class | Requests | Of all failed | baseline | outage | recovery | Elsewhere |"));
  CHECK(has(page, "| 503 pg | 499 | 499/502 (99.40 %) | 0 | 499 | 0 | 0 |"));
  CHECK(has(page, "| 500 | 1 | 1/502 (0.20 %) | 0 | 0 | 0 | 1 |"));
  CHECK(has(page, "| 500 a\\|b | 1 | 1/502 (0.20 %) | 0 | 0 | 1 | 0 |"));
  CHECK(has(page, "| timeout | 1 | 1/502 (0.20 %) | 0 | 0 | 0 | 1 |"));
}

TEST_CASE("connections and exchanges are counted at once, on average and at most") {
  RecordingBuilder run;
  run.load({0, 30000});
  for (double at : {-900.0, -800.0, -700.0}) {  // over before the load
    run.event(EventKind::connection_accepted, "db", at);
    run.event(EventKind::connection_closed, "db", -600);
  }
  run.event(EventKind::connection_accepted, "db", -500);  // open all along
  run.event(EventKind::connection_accepted, "db", 10000);
  run.event(EventKind::connection_closed, "db", 25000);
  run.recording().events.back().count = 3'000'000;
  run.recording().events.back().more = 600;
  run.event(EventKind::upstream_failed, "db", 26000);
  run.exchange("db", 3000, 6000, Told::ack, "").exchange("db", 5000, 6000, Told::failure, "57P01");
  const std::string page = page_of(run.recording());
  INFO(page);
  // 1 + 15/30 open; (3 + 1)/30 under way
  CHECK(has(section(page, "Connection pools"), "| db | 5 | 1.5 | 2 | 0.133 | 2 | 1 |"));
  CHECK(has(section(page, "Resource utilisation"), "| db | 3000000 | 600 | 0.800 |"));
  CHECK(has(section(page, "Query performance"), "57P01 x1"));

  run.recording().events_lost = 2;
  const std::string torn = page_of(run.recording());
  for (const char* title : {"Connection pools", "Query performance", "Resource utilisation"}) {
    CHECK(has(section(torn, title), "2 events of the journal are missing"));
    CHECK_FALSE(has(section(torn, title), "| db |"));
  }
}

TEST_CASE("the ledger tells what each sender was told and names the messages to look up") {
  auto run = ideal_outage();
  run.audited();
  run.sink().stored.erase("m7");
  run.sink().stored["m9"] = 2;
  run.sink().stored["m501"] = 1;  // refused, yet stored
  const std::string page = section(page_of(run.recording()), "Ledger");
  INFO(page);
  CHECK(has(page, "| acknowledged | 999 | **lost 1** |"));
  CHECK(has(page, "| refused or nothing | 1 | 498 |"));
  CHECK(has(page, "| duplicated | 1, n=1000 |"));
  CHECK(has(page, "### Sink table"));
  CHECK(has(page, "- Acknowledged and not there: m7\n"));
  CHECK(has(page, "- There more than once: m9\n"));
  for (int i = 100; i < 120; ++i) run.sink().stored.erase("m" + std::to_string(i));
  CHECK(has(section(page_of(run.recording()), "Ledger"), ", m108, m109 and 11 more\n"));

  run.sink().complete = false;
  run.sink().why_not = "no answer";
  const std::string unread = section(page_of(run.recording()), "Ledger");
  CHECK(has(unread, "not collected: the reading is incomplete: no answer"));
  CHECK(has(unread, "**lost cannot tell**"));
}

TEST_CASE("the ledger has what servers did and clients were told, by proxy") {
  RecordingBuilder run;
  run.load({0, 10000}).exchange("db", 100, 101, Told::ack).exchange("db", 200, 201, Told::ack);
  run.exchange("front", 300, 301, Told::nothing).exchange("front", 400, 401, Told::ambiguous);
  run.recording().events.back().exchange.fate = Fate::withheld;
  const std::string page = section(page_of(run.recording()), "Ledger");
  INFO(page);
  CHECK(has(page, "| Proxy | The server | The client was told | n |"));
  CHECK(has(page, "| front | never saw it | failure, perhaps done | 1 |"));
  CHECK(has(page, "| front | cannot tell | nothing | 1 |"));
  CHECK(has(page, "| db | was given it | success | 2 |"));
  run.recording().events_lost = 1;
  CHECK_FALSE(has(section(page_of(run.recording()), "Ledger"), "The client was told | n |"));
}

TEST_CASE("the log has the names and columns that parsers of k6's know") {
  RecordingBuilder run;
  for (int i = 1; i <= 100; ++i) run.request(300.0 * i, i, {});
  run.late(15000, 15300, 1500).request(20000, 0.25, {503, ""});
  Request again = run.recording().requests.back();
  again.attempt = 2;
  again.scheduled = again.sent = ms(80000);
  again.ended = ms(80000.5);
  again.status = 202;
  run.recording().requests.push_back(again);
  run.unanswered(21000, 0, Outcome::not_sent);
  const std::string page = section(page_of(run.recording()), "Log");
  INFO(page);
  CHECK(has(page, "     http_req_failed................: 0.97%  ✓ 1  ✗ 102\n"));
  CHECK(has(page, "     http_reqs......................: 103  3.43/s\n"));
  CHECK(has(page, "     iterations.....................: 103  3.43/s\n"));
  CHECK(has(page, "     http_req_duration..............: avg=60.69ms  min=250µs med=50ms "));
  CHECK(has(page, "     iteration_duration.............: avg=646.12ms min=0s    med=51ms "));
  CHECK(has(page, " max=1m0s "));
  CHECK_FALSE(has(page, "vus"));
  // A request from its first byte, a message with its retries.
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("     http_req_duration")) CHECK(has(line, " max=1.2s "));

  run.recording().drill.workloads[0].model = LoadModel::vus;
  run.recording().drill.workloads[0].vus = 5;
  CHECK(has(section(page_of(run.recording()), "Log"),
            "     vus_max........................: 5  min=5  max=5\n"));
}

TEST_CASE("baselines stand beside what was asked of them and what came after") {
  auto run = ideal_outage();
  run.load({22000, 23000, 100, 9}).expect("p99(front, baseline) < 100ms");
  run.expect("errors(webhooks, baseline) == 0").expect("p99(webhooks, recovery) < 1s");
  const std::string page = section(page_of(run.recording()), "Baselines");
  CHECK(has(page, "| webhooks | p99 | 5ms | \\< 100ms (front) | 9ms |"));
  CHECK(has(page, "| webhooks | errors | 0 % | == 0 % (webhooks) | 0 % |"));
  CHECK(has(page, "| webhooks | p50 | 5ms | none | 5ms |"));
}

TEST_CASE("with requests missing nothing is counted that rests on all of them") {
  auto run = ideal_outage();
  run.audited();
  run.recording().gaps = {"requests.jsonl: 40 lines could not be written"};
  const std::string page = page_of(run.recording());
  CHECK(has(section(page, "Log"), "not collected: not all requests were recorded"));
  CHECK(has(section(page, "Performance metrics"), "not collected: successful requests only"));
  CHECK(has(section(page, "Ledger"), "not collected: ids; not all requests were recorded"));
  CHECK(has(section(page, "Error distribution"), "Of those that were recorded only"));
}

TEST_CASE("a breaker's openings stand beside what the service says of them") {
  auto run = healthy_breaker();
  run.fault("api", BreakerStory::began(2), BreakerStory::ended(10));
  run.expect("breaker.opens(webhooks, db) == 1").expect("breaker.late(webhooks, db) == 0");
  const std::string found = section(page_of(run.recording()), "Circuit breaker");
  CHECK(times_in(found, "### The breaker before db") == 1);
  CHECK(has(found, "Total circuit breaker opens: 1"));
  CHECK(has(found, "| 1 | 1.3s | 5/7 (71.4 %) | 0 | fault api (reset): 500 |"));
  CHECK(has(found, "| 700ms, 700ms | 6 | 1ms | 0 | 1 at once, failed, 1 at once, succeeded |"));
  CHECK(has(found, "Transitions: service 5, wire 5: they agree"));

  run.recording().breaker_claims.pop_back();
  CHECK(has(section(page_of(run.recording()), "Circuit breaker"), "they do not agree"));
}

TEST_CASE("a breaker that nobody asked for, and one that never opened, say so") {
  CHECK(has(section(page_of(healthy_breaker().recording()), "Circuit breaker"),
            "not collected: no expectation"));
  BreakerStory calm("SSSSS");
  calm.expect("breaker.opens(webhooks, db) == 0");
  CHECK(has(section(page_of(calm.recording()), "Circuit breaker"), "was not exercised"));
}

TEST_CASE("a load in stages is told by stage: ramps as ramps, the best plateau marked") {
  using namespace std::chrono_literals;
  RecordingBuilder run;
  WorkloadPlan& plan = run.recording().drill.workloads[0];
  plan.model = LoadModel::vus;
  plan.think = 1s;
  plan.stages = {{2s, 10, "warm-up"}, {8s, 10, "base"}, {2s, 50, "climb"},
                 {8s, 50, "busy"},    {2s, 50},         {8s, 50, "stress"}};
  run.load({0, 10000, 100, 5}).load({10000, 20000, 20, 5}).load({20000, 30000, 25, 5});
  const std::string page = section(page_of(run.recording()), "Throughput");
  INFO(page);
  CHECK(has(page, "| webhooks | warm-up | ramp, 0 users to 10 users |"));
  CHECK(has(page, "| webhooks | base | 10 users | 8s | 80 | 10 | 10.0, N/(R+Z) |  |"));
  CHECK(has(page, "| webhooks | climb | ramp, 10 users to 50 users | 2s | 100 | 50 |  |  |"));
  CHECK(has(page, "| webhooks | busy | 50 users | 8s | 400 | 50 |"));
  CHECK(has(page, "maximum achieved |"));
  CHECK(
      has(page, "| webhooks | stage 5 | 50 users | 2s | 0 | not measured: the stage has no name"));
  CHECK(has(page, "-20 % to the plateau before |"));
}

TEST_CASE("a spike has its phases, its waits and its recovery") {
  using namespace std::chrono_literals;
  RecordingBuilder run;
  WorkloadPlan& plan = run.recording().drill.workloads[0];
  plan.model = LoadModel::vus;
  plan.think = 900ms;
  plan.wait_header = "X-Sem-Wait-Ms";
  plan.stages = {{0s, 50}, {10s, 50, "before"}, {0s, 300}, {10s, 300, "spike"},
                 {0s, 50}, {20s, 50, "after"}};
  run.recording().load_ended = ms(40000);
  run.load({0, 10000, 20, 60}).load({10000, 20000, 10, 2000}).load({20000, 40000, 20, 60});
  for (Request& request : run.recording().requests) request.wait = request.latency() - 60ms;
  const std::string page = section(page_of(run.recording()), "Spike test");
  INFO(page);
  CHECK(has(page, "### spike"));
  CHECK(has(page, "Normal load: 50 users · Spike to: 300 users · Spike duration: 10s"));
  CHECK(has(page, "| Pre-spike | 400 | 50 | 60ms | 60ms | 0 % | 0s | 0s | 0 % | cannot tell |"));
  CHECK(has(page,
            "| During the spike | 1000 | 100 | 2s | 2s | 0 % | 1.94s | 1.94s | 100 % | 1.000 |"));
  CHECK(has(page, "Recovery time: 0s"));
  // 250 users left, and the service had 50 a second to spare.
  CHECK(has(page, "about 5s"));
}

TEST_CASE("a load without steps has no spike, and says so") {
  const std::string page = page_of(ideal_outage().recording());
  CHECK(has(section(page, "Spike test"), "not collected: no workload has a stage"));
  CHECK_FALSE(has(section(page, "Throughput"), "### By stage"));
  CHECK(has(section(page, "Performance by webhook type"), "no workload has a mix"));
  CHECK(has(section(page, "Health checks"), "no health route is asked"));
}

TEST_CASE("the kinds of a mix and the prober of a health route have rows of their own") {
  RecordingBuilder run;
  WorkloadPlan& plan = run.recording().drill.workloads[0];
  plan.mix.resize(2);
  plan.mix[0].name = "oura";
  plan.mix[0].path = "/oura";
  plan.mix[0].weight = 3;
  plan.mix[1].name = "whoop";
  plan.mix[1].path = "/whoop";
  WorkloadPlan prober;
  prober.name = "prober";
  prober.method = "GET";
  prober.path = "/health?deep=1";
  run.recording().drill.workloads.push_back(prober);
  run.load({2000, 6000, 10, 20});
  auto& requests = run.recording().requests;
  for (std::size_t i = 0; i < requests.size(); ++i) requests[i].kind = i % 4 == 0 ? 1 : 0;
  run.load({6000, 8000, 100, 7}).request(9000, 7, {503, ""});
  for (std::size_t i = 400; i < requests.size(); ++i) requests[i].workload = 1;
  const std::string page = page_of(run.recording());
  INFO(page);
  CHECK(has(section(page, "Performance by webhook type"),
            "| webhooks.oura | POST /oura | 3/4 (75 %) | 300/400 (75 %) | all | 20ms | 20ms |"));
  CHECK(has(section(page, "Performance by webhook type"),
            "| webhooks.whoop | POST /whoop | 1/4 (25 %) | 100/400 (25 %) |"));
  CHECK(has(section(page, "Health checks"),
            "| prober | /health | all | 21 | 7ms | 7ms | 7ms | 1/21"));
  CHECK(has(section(page, "Health checks"), "| 100ms |"));
}

TEST_CASE("thresholds stand in the log as k6 prints them") {
  auto run = ideal_outage();
  run.expect("p95(webhooks, all) < 500ms").expect("errors(webhooks, all) < 1%");
  auto& expectations = run.recording().drill.expectations;
  expectations[0].text = "webhooks: http_req_duration p(95) < 500";
  expectations[1].text = "webhooks: http_req_failed rate < 0.01";
  const std::string log = section(page_of(run.recording()), "Log");
  INFO(log);
  CHECK(has(log, "     ✓ webhooks: http_req_duration p(95) < 500, was 5ms"));
  CHECK(has(log, "     ✗ webhooks: http_req_failed rate < 0.01, was 35."));
}
