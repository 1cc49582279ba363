// What is sent again, when, and how it is counted.

#include <atomic>
#include <memory>

#include "tests/scenarios/http_peer.h"
#include "tests/scenarios/load_run.h"
#include "tests/support/catch.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

const std::string busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
const std::string wrong = "HTTP/1.1 400 Wrong\r\nContent-Length: 0\r\n\r\n";
const std::string taken = "HTTP/1.1 202 Taken\r\nContent-Length: 0\r\n\r\n";

// Refuses the first two of all requests.
HttpPeer::Script third_time_lucky(Reply refusal) {
  return [refusal, asked = std::make_shared<std::atomic<int>>(0)](const Seen&) -> Reply {
    if ((*asked)++ < 2) return refusal;
    return {taken};
  };
}

// One message, and a load that lasts long enough for every retry.
WorkloadPlan one_message(std::uint64_t retries) {
  WorkloadPlan plan = steady(1);
  plan.rate = 0.01;
  plan.lasting = 100s;
  plan.retries = retries;
  plan.retry_after = 10ms;
  return plan;
}

void check_third_was_taken(const std::vector<Request>& requests, const HttpPeer& peer) {
  REQUIRE(requests.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(requests[i].id == requests[0].id);
    CHECK(requests[i].attempt == i + 1);
    CHECK(requests[i].workload == 3);
    CHECK(requests[i].acknowledged() == (i == 2));
    CHECK(peer.seen()[i].body == requests[0].id);
  }
}

TEST_CASE("what was refused is sent again, with its id, until it is taken") {
  HttpPeer peer(third_time_lucky({busy}));
  LoadRun run(one_message(5), peer.address());
  const auto requests = run.run();
  REQUIRE(run.finished());
  check_third_was_taken(requests, peer);
  for (std::size_t i = 1; i < 3; ++i) CHECK(requests[i].scheduled == requests[i - 1].ended + 10ms);
  CHECK(run.load().progress().completed == 3);
  CHECK(run.load().progress().in_flight == 0);
}

TEST_CASE("what got no answer is sent again") {
  HttpPeer peer(third_time_lucky({"", Reply::Then::reset}));
  LoadRun run(one_message(5), peer.address());
  const auto requests = run.run();
  check_third_was_taken(requests, peer);
  CHECK(count(requests, Outcome::reset) == 2);
}

TEST_CASE("a message is given up after its last retry") {
  HttpPeer peer([](const Seen&) -> Reply { return {busy}; });
  LoadRun run(one_message(2), peer.address());
  const auto requests = run.run();
  REQUIRE(run.finished());
  CHECK(requests.size() == 3);
  CHECK(ids(requests).size() == 1);
}

TEST_CASE("what was wrong itself is not sent again") {
  HttpPeer peer([](const Seen&) -> Reply { return {wrong}; });
  LoadRun run(one_message(2), peer.address());
  CHECK(run.run().size() == 1);
  REQUIRE(run.finished());
}

TEST_CASE("what could not be sent is not tried again") {
  HttpPeer peer([](const Seen&) -> Reply { return {taken, Reply::Then::keep, true}; });
  WorkloadPlan plan = steady(10);
  plan.lasting = 50ms;
  plan.retries = 3;
  plan.retry_after = 1ms;
  plan.max_in_flight = 1;
  LoadRun run(plan, peer.address());
  run.start();
  REQUIRE(run.await_ended(9));
  peer.release();
  const auto requests = run.finish();
  CHECK(requests.size() == 10);
  CHECK(ids(requests).size() == 10);
}

TEST_CASE("nothing is sent again once the load was stopped") {
  HttpPeer peer([](const Seen&) -> Reply { return {busy}; });
  WorkloadPlan plan = one_message(5);
  plan.retry_after = 50s;
  LoadRun run(plan, peer.address());
  run.start();
  REQUIRE(run.await_ended(1));
  CHECK_FALSE(run.load().finished());  // a retry waits
  run.load().stop();
  CHECK(run.finish().size() == 1);
  REQUIRE(run.finished());
}

TEST_CASE("what ends after the load was stopped is not sent again") {
  HttpPeer peer([](const Seen&) -> Reply { return {busy, Reply::Then::keep, true}; });
  WorkloadPlan plan = one_message(5);
  plan.retry_after = 50s;
  LoadRun run(plan, peer.address());
  run.start();
  REQUIRE(peer.await_requests(1));
  run.load().stop();
  peer.release();
  CHECK(run.finish().size() == 1);
  REQUIRE(run.finished());
}

TEST_CASE("nothing is sent again after the end of the load") {
  HttpPeer peer([](const Seen&) -> Reply { return {busy}; });
  WorkloadPlan plan = steady(5);
  plan.retries = 5;
  plan.retry_after = 1min;
  LoadRun run(plan, peer.address());
  CHECK(run.run().size() == 5);
  REQUIRE(run.finished());
}

TEST_CASE("a user sends its message again before it thinks of another") {
  HttpPeer peer(third_time_lucky({busy}));
  WorkloadPlan plan = users(1);
  plan.think = 1min;
  plan.retries = 5;
  plan.retry_after = 10ms;
  LoadRun run(plan, peer.address());
  run.start();
  REQUIRE(run.await_ended(3));
  run.load().stop();
  const auto requests = run.finish();
  REQUIRE(run.finished());
  check_third_was_taken(requests, peer);
  for (std::size_t i = 1; i < 3; ++i) CHECK(requests[i].scheduled >= requests[i - 1].ended + 10ms);
}

TEST_CASE("what was due before the order to stop is offered") {
  HttpPeer peer([](const Seen&) -> Reply { return {taken}; });
  LoadRun run(steady(100'000), peer.address());
  run.load().start(wire::now() - 100ms);
  run.load().stop();
  CHECK(run.finish().size() >= 20);
}

}  // namespace
}  // namespace faultline
