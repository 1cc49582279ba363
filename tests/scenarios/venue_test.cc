// What a drill on a serving faultline makes of what the server says: a scripted one says it.

#include <array>
#include <atomic>
#include <charconv>
#include <latch>
#include <thread>

#include "proxy/event_line.h"
#include "proxy/wire/clock.h"
#include "scenarios/venue/served_order.h"
#include "scenarios/venue/served_venue.h"
#include "tests/scenarios/http_peer.h"
#include "tests/support/catch.h"

using namespace faultline;
using Catch::Contains;

namespace {

constexpr auto patience = std::chrono::seconds(20);

std::string first_line(Instant now = wire::now()) {
  return R"({"journal":1,"record":3,"now":)" + std::to_string(now.time_since_epoch().count()) +
         R"(,"version":"1.2","limits":"few"})"
         "\n";
}
const std::string last_line = "{\"end\":true}\n";

std::string line(EventKind kind, std::uint64_t count = 0) {
  Event event;
  event.at = wire::now();
  event.kind = kind;
  event.count = count;
  std::string text;
  append_event(text, event);
  return text;
}

// A stream as the server frames it, in chunks of so many bytes.
std::string stream(const std::string& text, std::size_t chunk, bool whole = true) {
  std::string out = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < text.size(); at += chunk) {
    const std::string part = text.substr(at, chunk);
    std::array<char, 16> size{};
    const auto end = std::to_chars(size.data(), size.data() + size.size(), part.size(), 16).ptr;
    out += std::string(size.data(), end) + "\r\n" + part + "\r\n";
  }
  return out + (whole ? "0\r\n\r\n" : "");
}

std::string answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

// A server whose journal is this answer; everything else is done.
HttpPeer::Script with_journal(std::function<std::string()> journal) {
  return [journal = std::move(journal)](const Seen& seen) -> Reply {
    const bool follows = seen.head.starts_with("GET /v1/journal");
    return {follows ? journal() : "HTTP/1.1 204 No Content\r\n\r\n", Reply::Then::close};
  };
}

ApiClient client_of(const HttpPeer& peer) {
  ApiClient api;
  api.target.address = peer.address();
  api.agent = "test";
  return api;
}

// A follower, and what it was told until there was no more.
struct Followed {
  explicit Followed(std::function<std::string()> journal)
      : peer(with_journal(std::move(journal))),
        follower(JournalFollower::begin(
            client_of(peer), {"a", "b"},
            [this](std::vector<Event>& some) {
              events.insert(events.end(), some.begin(), some.end());
            },
            [this] { over.count_down(); })) {
    over.wait();
  }
  std::string refusal() const { return follower ? "none" : follower.error().what; }

  HttpPeer peer;
  std::vector<Event> events;
  std::latch over{1};
  Result<std::unique_ptr<JournalFollower>> follower;
};

class Reader final : public JournalReader {
 public:
  void read(std::span<const Event> events) override { count += events.size(); }
  std::atomic<std::size_t> count{0};
};

template <class Seen>
bool comes(Seen seen) {
  const Instant limit = wire::now() + patience;
  while (!seen() && wire::now() < limit) std::this_thread::yield();
  return seen();
}

}  // namespace

TEST_CASE("a journal is read to its last line, however it is cut into pieces") {
  const auto chunk = static_cast<std::size_t>(GENERATE(1, 7, 100'000));
  Followed followed([&] {
    return stream(first_line() + line(EventKind::peer_ended) + "\n" +
                      line(EventKind::connection_closed, 12) + last_line,
                  chunk);
  });
  REQUIRE(followed.follower.has_value());
  REQUIRE(followed.events.size() == 2);
  CHECK(followed.events[0].kind == EventKind::peer_ended);
  CHECK(followed.events[1].count == 12);
  CHECK(followed.events[0].at <= wire::now());
  JournalFollower& follower = **followed.follower;
  CHECK(follower.server().record == 3);
  CHECK(follower.server().version == "1.2");
  CHECK(follower.server().limits == "few");
  CHECK_FALSE(follower.broken().has_value());
  CHECK(follower.finish().has_value());
  const std::vector<Seen> seen = followed.peer.seen();
  CHECK_THAT(seen.front().head, Catch::StartsWith("GET /v1/journal?proxies=a,b HTTP/1.1"));
  CHECK_THAT(seen.back().head, Catch::StartsWith("DELETE /v1/journal/3 HTTP/1.1"));
}

TEST_CASE("a journal without its last line is broken, whether or not the stream was ended") {
  const bool whole = GENERATE(true, false);
  Followed followed(
      [&] { return stream(first_line() + line(EventKind::peer_ended), 1000, whole); });
  REQUIRE(followed.follower.has_value());
  CHECK(followed.events.size() == 1);
  const std::optional<std::string> why = (*followed.follower)->broken();
  REQUIRE(why.has_value());
  CHECK_THAT(*why, Contains("its journal broke off"));
  CHECK_FALSE((*followed.follower)->finish().has_value());
}

TEST_CASE("a line that cannot be read breaks the journal") {
  const std::string bad =
      GENERATE("nonsense\n", "{\"at\":1,\"kind\":\"of_another_time\"}\n", "[]\n");
  Followed followed(
      [&] { return stream(first_line() + line(EventKind::peer_ended) + bad + last_line, 1000); });
  REQUIRE(followed.follower.has_value());
  CHECK(followed.events.size() == 1);
  CHECK_THAT((*followed.follower)->broken().value_or(""),
             Contains("its journal cannot be read by this version: "));
}

TEST_CASE("the clock of another machine is refused") {
  const Duration off = GENERATE(Duration(-1), Duration(std::chrono::hours(1)));
  // Before this began, or long after it.
  const Instant before = wire::now();
  Followed followed(
      [&] { return stream(first_line(off < Duration{} ? before : before + off), 1000); });
  CHECK_THAT(followed.refusal(), Contains("its monotonic clock is not this machine's"));
}

TEST_CASE("a server that has no journal says so, or is told to have none") {
  const auto [said, words] = GENERATE(table<std::string, std::string>({
      {answer("401 Unauthorized", R"({"error":"this server asks for a token"})"),
       "this server asks for a token; give the one it was started with: --token-file FILE"},
      {answer("404 Not Found", "404 page not found"), "is no faultline that a drill can"},
      {answer("503 Busy", R"({"errors":[{"pointer":"","message":"8 are recorded already"}]})"),
       "8 are recorded already"},
      {answer("200 OK", ""), "is no faultline that a drill can take place on"},
      {answer("200 OK", "hello\n"), "its journal cannot be read by this version"},
      {answer("200 OK", "{\"journal\":2}\n"), "its journal cannot be read by this version"},
      {"", "cannot reach"},
  }));
  Followed followed([&, bytes = said] { return bytes; });
  CHECK_THAT(followed.refusal(), Contains(words));
}

TEST_CASE("what a server lost is lost to the drill") {
  HttpPeer peer(with_journal([] {
    return stream(first_line() + line(EventKind::journal_overflowed, 7) +
                      line(EventKind::peer_ended) + line(EventKind::journal_overflowed, 2) +
                      last_line,
                  1000);
  }));
  Drill drill;
  drill.proxies.push_back({"a", {"127.0.0.1", 0}, {"127.0.0.1", 9}});
  Reader reader;
  auto venue = ServedVenue::start({"there", client_of(peer)}, drill, reader);
  REQUIRE(venue.has_value());
  REQUIRE(comes([&] { return reader.count == 3; }));
  const Venue::Closed closed = (*venue)->close();
  CHECK(closed.events_lost == 9);
  CHECK(closed.gaps.empty());
}

TEST_CASE("a venue whose journal broke off is in trouble, and its record has a gap") {
  HttpPeer peer(with_journal([] { return stream(first_line(), 1000, false); }));
  Drill drill;
  drill.proxies.push_back({"a", {"127.0.0.1", 0}, {"127.0.0.1", 9}});
  Reader reader;
  auto venue = ServedVenue::start({"http://there", client_of(peer)}, drill, reader);
  REQUIRE(venue.has_value());
  REQUIRE(comes([&] { return (*venue)->trouble().has_value(); }));
  CHECK_THAT((*venue)->trouble()->text(), Contains("http://there: its journal broke off"));
  const Venue::Closed closed = (*venue)->close();
  REQUIRE(closed.gaps.size() == 1);
  CHECK_THAT(closed.gaps.front(), Contains("events.jsonl: ") && Contains("broke off"));
}

TEST_CASE("leases are renewed for as long as their keeper lives") {
  HttpPeer peer([](const Seen&) -> Reply {
    return {answer("200 OK", R"({"proxies":["a"],"faults":[]})"), Reply::Then::close};
  });
  std::atomic<std::size_t> told{0};
  {
    LeaseKeeper keeper(client_of(peer), "run of a/b", std::chrono::milliseconds(300),
                       [&](const control::JsonValue& owned) {
                         if (member(owned, "proxies").elements.size() == 1) ++told;
                       });
    REQUIRE(peer.await_requests(3));
    CHECK_FALSE(keeper.lost().has_value());
  }
  CHECK(told >= 2);
  const Seen seen = peer.seen().front();
  CHECK_THAT(seen.head, Catch::StartsWith("PUT /v1/leases/run%20of%20a%2Fb HTTP/1.1\r\n"));
  CHECK(seen.body == "{\"ttl\":\"300ms\"}");
}

TEST_CASE("a lease is lost when the server refuses or is silent for a ttl") {
  const bool silent = GENERATE(false, true);
  HttpPeer peer([&](const Seen&) -> Reply {
    return {answer("400 Bad", R"({"errors":[{"pointer":"/ttl","message":"no"}]})"),
            Reply::Then::close, silent};
  });
  {
    LeaseKeeper keeper(client_of(peer), "me", std::chrono::milliseconds(300),
                       [](const control::JsonValue&) {});
    REQUIRE(comes([&] { return keeper.lost().has_value(); }));
    CHECK_THAT(*keeper.lost(), Contains(silent ? "it did not answer for 300ms"
                                               : "it refused to renew the leases: /ttl: no"));
  }
  peer.release();
}

TEST_CASE("a fault is ordered as the drill has it") {
  FaultPlan plan;
  plan.id = "slow";
  plan.kind = "latency";
  plan.parameters = {{"delay", std::string("100ms"), ""}, {"first", std::int64_t{3}, ""}};
  plan.aim = {{"share", 0.25, ""}, {"odd", true, ""}};
  CHECK(fault_body(plan, "me", std::chrono::seconds(5)) ==
        R"({"id":"slow","kind":"latency","delay":"100ms","first":3,"share":0.25,"odd":true,)"
        R"("owner":"me","ttl":"5s"})");
}
