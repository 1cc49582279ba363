// What load is offered, and when.

#include <atomic>
#include <map>

#include "scenarios/workload/session.h"
#include "tests/scenarios/http_peer.h"
#include "tests/scenarios/load_run.h"
#include "tests/support/catch.h"
#include "tests/support/nobody.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

Reply ok(const Seen&) { return {}; }

Reply held(const Seen&) {
  Reply reply;
  reply.held = true;
  return reply;
}

TEST_CASE("every scheduled request is offered once, at its instant or later") {
  HttpPeer peer(ok);
  const WorkloadPlan plan = steady(40);
  LoadRun run(plan, peer.address());
  CHECK_FALSE(run.load().finished());
  std::vector<Request> requests = run.run();

  REQUIRE(run.finished());
  REQUIRE(requests.size() == 40);
  CHECK(count(requests, Outcome::answered) == 40);
  CHECK(std::ranges::is_sorted(requests, {}, &Request::ended));
  std::ranges::sort(requests, {}, &Request::scheduled);
  const std::vector<Instant> expected = arrivals(plan);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Request& request = requests[i];
    CHECK(request.scheduled == expected[i]);
    CHECK(request.scheduled <= request.sent);
    CHECK(request.sent < request.ended);
    CHECK(request.workload == 3);
    CHECK(request.acknowledged());
  }
  CHECK(run.load().progress().completed == 40);
  CHECK(run.load().progress().in_flight == 0);
}

TEST_CASE("each request carries its id, and the peer saw every id once") {
  HttpPeer peer(ok);
  LoadRun run(steady(20), peer.address());
  const auto requests = run.run();
  std::multiset<std::string> bodies;
  for (const Seen& seen : peer.seen()) bodies.insert(seen.body);
  const std::set<std::string> sent = ids(requests);
  CHECK(sent.size() == 20);
  CHECK(bodies == std::multiset<std::string>(sent.begin(), sent.end()));
}

TEST_CASE("ids are the same for the same seed and others for another") {
  HttpPeer peer(ok);
  const auto ids_of = [&](std::uint64_t seed, const std::string& name) {
    WorkloadPlan plan = steady(10);
    plan.name = name;
    LoadRun run(plan, peer.address(), seed);
    return ids(run.run());
  };
  const auto first = ids_of(7, "hooks");
  CHECK(first.size() == 10);
  CHECK(ids_of(7, "hooks") == first);
  for (const auto& other : {ids_of(8, "hooks"), ids_of(7, "calls")}) {
    for (const std::string& id : other) CHECK_FALSE(first.contains(id));
  }
}

TEST_CASE("slow answers do not slow the schedule of an open model") {
  HttpPeer peer(held);
  LoadRun run(steady(25), peer.address());
  run.start();
  // All are asked although none is answered.
  REQUIRE(peer.await_requests(25));
  CHECK(run.requests().empty());
  CHECK(run.load().progress().in_flight == 25);
  CHECK_FALSE(run.load().finished());
  peer.release();
  CHECK(count(run.finish(), Outcome::answered) == 25);
  CHECK(peer.connections() == 25);
}

TEST_CASE("beyond the limit in flight a request is not sent, at once") {
  HttpPeer peer(held);
  WorkloadPlan plan = steady(12);
  plan.max_in_flight = 4;
  LoadRun run(plan, peer.address());
  run.start();
  REQUIRE(run.await_ended(8));
  REQUIRE(peer.await_requests(4));
  for (const Request& request : run.requests()) {
    CHECK(request.outcome == Outcome::not_sent);
    CHECK(request.sent == request.scheduled);
  }
  peer.release();
  const auto requests = run.finish();
  CHECK(requests.size() == 12);
  CHECK(count(requests, Outcome::not_sent) == 8);
  CHECK(count(requests, Outcome::answered) == 4);
  CHECK(run.load().progress().failed == 8);
}

TEST_CASE("each user waits for its answer") {
  HttpPeer peer(held);
  LoadRun run(users(3), peer.address());
  run.start();
  REQUIRE(peer.await_requests(3));
  CHECK(run.load().progress().in_flight == 3);
  CHECK(run.load().progress().offered == 3);
  peer.release();
  REQUIRE(run.await_ended(60));
  run.load().stop();
  const auto requests = run.finish();
  REQUIRE(run.finished());
  CHECK(count(requests, Outcome::answered) == requests.size());
  CHECK(peer.connections() == 3);
  CHECK(run.load().progress().offered == requests.size());
}

TEST_CASE("a user thinks between an answer and its next request") {
  HttpPeer peer(ok);
  WorkloadPlan plan = users(1);
  plan.think = 20ms;
  LoadRun run(plan, peer.address());
  run.start();
  REQUIRE(run.await_ended(5));
  run.load().stop();
  const auto requests = run.finish();
  REQUIRE(run.finished());
  for (std::size_t i = 1; i < requests.size(); ++i) {
    CHECK(requests[i].scheduled >= requests[i - 1].ended + 20ms);
  }
}

TEST_CASE("users who cannot connect do not try without a pause") {
  const Nobody nobody;
  LoadRun run(users(1), nobody.address());
  run.start();
  REQUIRE(run.await_ended(4));
  run.load().stop();
  const auto requests = run.finish();
  CHECK(count(requests, Outcome::refused) == requests.size());
  for (std::size_t i = 1; i < requests.size(); ++i) {
    CHECK(requests[i].scheduled >= requests[i - 1].ended + 10ms);
  }
}

TEST_CASE("users of a ramp work until their shift is over") {
  HttpPeer peer(ok);
  WorkloadPlan plan = users(0);
  plan.stages = {{100ms, 4}, {900ms, 4}};
  plan.lasting = 1s;
  plan.think = 5ms;
  LoadRun run(plan, peer.address());
  const auto requests = run.run();
  REQUIRE(run.finished());
  CHECK(requests.size() >= 4);
  for (const Request& request : requests) CHECK(request.scheduled < Instant(1s));
}

TEST_CASE("stop offers no further request and lets those in flight end") {
  HttpPeer peer(held);
  WorkloadPlan plan = steady(100'000);
  LoadRun run(plan, peer.address());
  run.start();
  REQUIRE(peer.await_requests(3));
  run.load().stop();
  peer.release();
  const auto requests = run.finish();
  REQUIRE(run.finished());
  CHECK(requests.size() < 100'000);
  CHECK(count(requests, Outcome::answered) == requests.size());
  CHECK(ids(requests).size() == requests.size());
}

TEST_CASE("a load that is destroyed reports what it cut") {
  HttpPeer peer(held);
  LoadRun run(steady(5), peer.address());
  run.start();
  REQUIRE(peer.await_requests(5));
  run.cut();
  const auto requests = run.requests();
  CHECK(requests.size() == 5);
  CHECK(count(requests, Outcome::abandoned) == 5);
  CHECK(ids(requests).size() == 5);
}

TEST_CASE("a load can be destroyed at any time") {
  HttpPeer peer(ok);
  {
    const LoadRun never_started(steady(5), peer.address());
  }
  LoadRun at_once(steady(100'000), peer.address());
  at_once.start();
  at_once.cut();
  for (const Request& request : at_once.requests()) CHECK_FALSE(request.id.empty());
}

TEST_CASE("a target is found by its name, at whichever of its addresses listens") {
  HttpPeer peer(ok);
  LoadRun run(steady(3), {"localhost", peer.address().port});
  CHECK(count(run.run(), Outcome::answered) == 3);
}

TEST_CASE("a mix reaches the peer as it was dealt, each arrival from the next source") {
  HttpPeer peer(ok);
  WorkloadPlan plan = steady(40);
  plan.mix.resize(2);
  plan.mix[0] = {"oura", 3, "POST", "/oura", {}, "{id}"};
  plan.mix[1] = {"probe", 1, "HEAD", "/probe", {}, ""};
  plan.sources.pool = 4;
  LoadRun run(plan, peer.address(), 7);
  auto requests = run.run();
  REQUIRE(requests.size() == 40);
  std::ranges::sort(requests, {}, &Request::scheduled);
  Mix mix(plan.mix, Draw(7).about("hooks").about("mix"));
  std::size_t probes = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    CHECK(requests[i].kind == mix.kind_of(i));
    CHECK(requests[i].source == "10.0.0." + std::to_string(i % 4 + 1));
    probes += requests[i].kind;
  }
  CHECK(probes == 10);
  std::size_t seen_probes = 0;
  for (const Seen& seen : peer.seen()) {
    if (seen.head.starts_with("HEAD /probe ")) ++seen_probes;
    CHECK(seen.head.find("\r\nX-Forwarded-For: 10.0.0.") != std::string::npos);
  }
  CHECK(seen_probes == 10);
}

TEST_CASE("a user is one source, or another after each session") {
  HttpPeer peer(ok);
  WorkloadPlan plan = users(2);
  plan.sources.pool = 6;
  plan.sources.session = 3;
  LoadRun run(plan, peer.address());
  run.start();
  REQUIRE(run.await_ended(40));
  run.load().stop();
  auto requests = run.finish();
  std::map<std::string, std::size_t> times;
  for (const Request& request : requests) ++times[request.source];
  const Sources sources(plan);
  // Sessions of a user follow each other, so its sources were all there before one comes again.
  for (const std::uint64_t user : {0U, 1U}) {
    CHECK(times[sources.of_user(user, 0)] >= times[sources.of_user(user, 3)]);
    CHECK(times[sources.of_user(user, 3)] >= times[sources.of_user(user, 6)]);
  }
  CHECK(times.size() <= 6);
  CHECK(times.size() >= 3);
}

TEST_CASE("what an answer says of the wait is kept, what makes no sense is not") {
  std::atomic<int> answered = 0;
  HttpPeer peer([&](const Seen&) {
    const std::string waits[] = {"12", "0", "1.5", "soon", "-1", "1e99"};
    Reply reply;
    reply.bytes = "HTTP/1.1 200 OK\r\nx-sem-wait-ms: " + waits[std::min(answered++, 5)] +
                  "\r\nContent-Length: 0\r\n\r\n";
    return reply;
  });
  WorkloadPlan plan = users(1);
  plan.wait_header = "X-Sem-Wait-Ms";
  plan.think = 1ms;
  plan.retries = 0;
  LoadRun run(plan, peer.address());
  run.start();
  REQUIRE(run.await_ended(6));
  const auto requests = run.requests();
  CHECK(requests[0].wait == 12ms);
  CHECK(requests[1].wait == 0ms);
  CHECK(requests[2].wait == 1500us);
  for (const std::size_t i : {3U, 4U, 5U}) CHECK_FALSE(requests[i].wait.has_value());
}

}  // namespace
}  // namespace faultline
