// What became of a request is told as it was.

#include "tests/scenarios/http_peer.h"
#include "tests/scenarios/load_run.h"
#include "tests/support/catch.h"
#include "tests/support/nobody.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

Reply answer(std::string bytes, Reply::Then then = Reply::Then::keep) {
  Reply reply;
  reply.bytes = std::move(bytes);
  reply.then = then;
  return reply;
}

// One user, so that one request follows the other, until `count` have their outcome.
std::vector<Request> one_after_the_other(HttpPeer& peer, std::size_t count) {
  LoadRun run(users(1), peer.address());
  run.start();
  REQUIRE(run.await_ended(count));
  run.load().stop();
  auto requests = run.finish();
  REQUIRE(run.finished());
  requests.resize(count);
  return requests;
}

// The only request of a load whose peer answers with these bytes.
Request answered_with(std::string bytes, Reply::Then then = Reply::Then::keep) {
  HttpPeer peer([&](const Seen&) { return answer(bytes, then); });
  LoadRun run(steady(1), peer.address());
  const auto requests = run.run();
  REQUIRE(requests.size() == 1);
  CHECK(peer.seen().size() == 1);  // nothing is tried again
  return requests.front();
}

TEST_CASE("a connection is kept and used again") {
  HttpPeer peer([](const Seen&) { return Reply{}; });
  const auto requests = one_after_the_other(peer, 20);
  CHECK(count(requests, Outcome::answered) == 20);
  CHECK(peer.connections() == 1);
}

TEST_CASE("bodies of every framing leave the connection in step") {
  const auto bytes =
      GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
               "HTTP/1.1 204 No Content\r\n\r\n",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
               "chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nA: b\r\n\r\n",
               "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Reason: no\r\n\r\n"
               "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
  HttpPeer peer([&](const Seen&) { return answer(bytes); });
  for (const Request& request : one_after_the_other(peer, 5)) {
    CHECK(request.outcome == Outcome::answered);
    CHECK(request.status / 100 == 2);
    CHECK(request.reason.empty());
  }
  CHECK(peer.connections() == 1);
}

TEST_CASE("an answer with Connection: close is the last of its connection") {
  HttpPeer peer([](const Seen&) {
    return answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  const auto requests = one_after_the_other(peer, 4);
  CHECK(count(requests, Outcome::answered) == 4);
  CHECK(peer.connections() >= 4);
  for (const Seen& seen : peer.seen()) CHECK(seen.ordinal == 0);
}

TEST_CASE("bytes behind an answer end its connection, not the request") {
  HttpPeer peer([](const Seen&) {
    return answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n");
  });
  const auto requests = one_after_the_other(peer, 3);
  CHECK(count(requests, Outcome::answered) == 3);
  for (const Seen& seen : peer.seen()) CHECK(seen.ordinal == 0);
}

TEST_CASE("a connection that was closed while idle is not used") {
  HttpPeer peer([](const Seen&) { return answer(Reply{}.bytes, Reply::Then::close); });
  WorkloadPlan plan = users(1);
  plan.think = 1s;  // the FIN is there before the next request, however slow the peer's thread
  LoadRun run(plan, peer.address());
  run.start();
  REQUIRE(run.await_ended(3));
  run.load().stop();
  const auto requests = run.finish();
  CHECK(count(requests, Outcome::answered) == requests.size());
  CHECK(peer.connections() == requests.size());
}

TEST_CASE("status and reason of an answer are kept") {
  const Request request = answered_with(
      "HTTP/1.1 503 Busy\r\nx-reason: pg\r\nX-Reason: second\r\nContent-Length: 1\r\n\r\n-");
  CHECK(request.outcome == Outcome::answered);
  CHECK(request.status == 503);
  CHECK(request.reason == "pg");
  CHECK(request.refused());
}

TEST_CASE("a reason is bounded and printable") {
  const Request request = answered_with("HTTP/1.1 500 No\r\nX-Reason: \xc3\xa9" +
                                        std::string(100, 'x') + "\r\nContent-Length: 0\r\n\r\n");
  CHECK(request.reason == "??" + std::string(62, 'x'));
}

TEST_CASE("a body may last to the end of the connection") {
  const Request request = answered_with("HTTP/1.0 200 OK\r\n\r\nall of it", Reply::Then::close);
  CHECK(request.outcome == Outcome::answered);
  CHECK(request.status == 200);
}

TEST_CASE("a HEAD request is answered by a head alone") {
  HttpPeer peer(
      [](const Seen&) { return answer("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"); });
  WorkloadPlan plan = steady(3);
  plan.method = "HEAD";
  plan.body.clear();
  LoadRun run(plan, peer.address());
  CHECK(count(run.run(), Outcome::answered) == 3);
}

TEST_CASE("a FIN before the answer is whole is closed_early") {
  const auto bytes = GENERATE(as<std::string>{}, "", "HTTP/1.1 200 OK\r\nContent-Le",
                              "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                              "HTTP/1.1 100 Continue\r\n\r\n");
  const Request request = answered_with(bytes, Reply::Then::close);
  CHECK(request.outcome == Outcome::closed_early);
  CHECK(request.status == 0);
  CHECK(request.sent < request.ended);
}

TEST_CASE("an RST is a reset, also in the middle of an answer") {
  const auto bytes =
      GENERATE(as<std::string>{}, "", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(answered_with(bytes, Reply::Then::reset).outcome == Outcome::reset);
}

TEST_CASE("a reset on a used connection is not hidden by a second attempt") {
  HttpPeer peer([](const Seen& seen) {
    return seen.ordinal == 0 ? Reply{} : answer("", Reply::Then::reset);
  });
  const auto requests = one_after_the_other(peer, 4);
  REQUIRE(requests.size() == 4);
  CHECK(requests[0].outcome == Outcome::answered);
  CHECK(requests[1].outcome == Outcome::reset);
  CHECK(requests[2].outcome == Outcome::answered);
  CHECK(requests[3].outcome == Outcome::reset);
}

TEST_CASE("what is not HTTP is malformed") {
  const auto bytes =
      GENERATE(as<std::string>{}, "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
               "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n");
  CHECK(answered_with(bytes).outcome == Outcome::malformed);
}

TEST_CASE("a refused connection is told so, and nothing was sent") {
  const Nobody nobody;
  LoadRun run(steady(3), nobody.address());
  const auto requests = run.run();
  REQUIRE(requests.size() == 3);
  CHECK(count(requests, Outcome::refused) == 3);
  for (const Request& request : requests) CHECK(request.sent == request.scheduled);
}

TEST_CASE("no answer before the deadline is a timeout, part of one too") {
  const bool some = GENERATE(false, true);
  HttpPeer peer([&](const Seen&) {
    return answer(some ? "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc" : "");
  });
  WorkloadPlan plan = steady(2);
  plan.timeout = 300ms;
  LoadRun run(plan, peer.address());
  const auto requests = run.run();
  REQUIRE(requests.size() == 2);
  for (const Request& request : requests) {
    CHECK((request.outcome == Outcome::timeout || request.outcome == Outcome::connect_timeout));
    CHECK(request.latency() >= 300ms);
    CHECK(request.status == 0);
  }
}

TEST_CASE("a listener that does not accept leads to connect_timeout") {
  // A backlog of one place, which two connections fill.
  wire::SocketAddress loopback;
  wire::numeric({"127.0.0.1", 0}, loopback);
  const wire::Descriptor listener = std::move(*wire::listen_on(loopback));
  REQUIRE(listen(listener.get(), 0) == 0);
  const wire::SocketAddress bound = wire::local_address(listener.get());
  const wire::Dialing first = wire::dial(bound);
  const wire::Dialing second = wire::dial(bound);
  WorkloadPlan plan = steady(2);
  plan.timeout = 200ms;
  LoadRun run(plan, {"127.0.0.1", bound.port()});
  const auto requests = run.run();
  CHECK(requests.size() == 2);
  CHECK(count(requests, Outcome::connect_timeout) == 2);
}

TEST_CASE("a big body is sent and a big answer is read") {
  const std::string big(4'000'000, 'x');
  HttpPeer peer([&](const Seen&) {
    return answer("HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n" + big);
  });
  WorkloadPlan plan = steady(2);
  plan.body = big;
  LoadRun run(plan, peer.address());
  CHECK(count(run.run(), Outcome::answered) == 2);
  for (const Seen& seen : peer.seen()) CHECK(seen.body.size() == big.size());
}

}  // namespace
}  // namespace faultline
