// The laws of the kinds that decide about exchanges, with a request that each of them is for.

#include <algorithm>
#include <functional>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/every_kind.h"
#include "tests/support/tape.h"

using namespace std::chrono_literals;
using namespace faultline;

namespace {

constexpr std::string_view asked =
    "POST /orders HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}";
constexpr std::string_view responded = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

void for_each_by_exchange(const std::function<void(const FaultKind&, const Fault&)>& law) {
  for_each_fault([&](const FaultKind& kind, const Fault& fault) {
    if (kind.by_exchange) law(kind, fault);
  });
}

Chunk piece_of(std::string_view message, std::string_view name, std::size_t from,
               std::size_t size) {
  Chunk chunk{message.substr(from, size), noon, {.message = name, .exchange = 2}};
  chunk.label.first = from == 0;
  chunk.label.last = from + chunk.bytes.size() == message.size();
  return chunk;
}

// What a half says of a message in pieces of that size, without what it deferred and was offered
// again: `claims` is what the aim answers.
std::string said_of(Fault& half, std::string_view message, std::string_view name, std::size_t size,
                    bool claims) {
  Tape tape;
  tape.takes = claims;
  half.armed({noon, Draw(1), noon}, true, tape);
  std::string said;
  std::vector<Chunk> deferred;
  for (std::size_t from = 0; from < message.size(); from += size) {
    std::vector<Chunk> offered{piece_of(message, name, from, size)};
    while (!offered.empty()) {
      const Chunk chunk = offered.front();
      offered.erase(offered.begin());
      tape.take();
      half.chunk({noon, Draw(1), noon}, chunk, tape);
      if (tape.count(Verb::defer) > 0) {
        deferred.push_back(chunk);
      } else {
        said += tape.verbs() + "/";
      }
      if (tape.count(Verb::reconsider) > 0) {
        offered.insert(offered.begin(), deferred.begin(), deferred.end());
        deferred.clear();
      }
    }
  }
  return said + std::to_string(deferred.size());
}

}  // namespace

TEST_CASE("a fault by the exchange that the aim spares passes every piece of it") {
  for_each_by_exchange([](const FaultKind&, const Fault& fault) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{7}, asked.size()}) {
      const Halves halves = fault.fresh_halves();
      std::string request = said_of(*halves.upstream, asked, "POST", size, false);
      const std::size_t pieces = (asked.size() + size - 1) / size;
      CHECK(static_cast<std::size_t>(std::ranges::count(request, '/')) == pieces);
      CHECK(request.ends_with("/0"));
      CHECK(request.find("withhold") == request.npos);
      CHECK(request.find("answer") == request.npos);
      std::string response = said_of(*halves.downstream, responded, "response", size, false);
      // A kind may be for some responses only, and asks when it has seen one of them.
      if (const auto asks = response.find("claim "); asks != response.npos) response.erase(asks, 6);
      std::string passes;
      for (std::size_t at = 0; at < responded.size(); at += size) passes += "pass/";
      CHECK(response == passes + "0");
    }
  });
}

TEST_CASE("a fault by the exchange says nothing of what it was armed within, and of no label") {
  for_each_by_exchange([](const FaultKind&, const Fault& fault) {
    const Halves halves = fault.fresh_halves();
    for (const auto& half : {halves.upstream.get(), halves.downstream.get()}) {
      Tape tape;
      half->armed({noon, Draw(1), noon}, true, tape);
      const Chunk middle{"llo", noon, {.message = "POST", .exchange = 1, .last = true}};
      half->chunk({noon, Draw(1), noon}, middle, tape);
      half->chunk({noon, Draw(1), noon}, {"opaque", noon, {}}, tape);
      half->end({noon, Draw(1), noon}, tape);
      half->disarmed({noon, Draw(1), noon}, tape);
      CHECK(tape.verbs() == "pass pass pass");
    }
  });
}

TEST_CASE("what a fault by the exchange withholds it claimed before, and says what was told") {
  for_each_by_exchange([](const FaultKind&, const Fault& fault) {
    const Halves halves = fault.fresh_halves();
    Tape tape;
    const Moment moment{noon, Draw(1), noon};
    const Chunk whole = piece_of(asked, "POST", 0, asked.size());
    halves.upstream->chunk(moment, whole, tape);
    if (tape.count(Verb::await_turn) == 0) {
      CHECK(tape.verbs().ends_with("pass"));
      return;
    }
    CHECK(tape.verbs() == "claim defer await_turn");
    halves.upstream->turn(moment, 2, tape);
    CHECK(tape.count(Verb::withhold) == 1);
    CHECK(tape.said.back().verb == Verb::reconsider);
    halves.upstream->chunk(moment, whole, tape);
    const std::size_t told = tape.count(Verb::tell);
    tape.take();
    halves.upstream->disarmed(moment, tape);
    const bool silent = tape.count(Verb::reset) == 1;  // it hangs, and its hole is not to go on
    CHECK((told == 1 || silent));
  });
}
