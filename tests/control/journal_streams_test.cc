#include "proxy/control/journal_streams.h"

#include "proxy/wire/clock.h"
#include "tests/control/control_rig.h"

using namespace faultline;
using namespace faultline::control;
using Catch::Contains;

namespace {

// Remembers what was written.
class Tape final : public HttpStreams {
 public:
  bool write(HttpStreamId stream, std::string_view bytes) override {
    text[stream] += bytes;
    return true;
  }
  void end(HttpStreamId stream) override { ended.insert(stream); }

  std::map<HttpStreamId, std::string> text;
  std::set<HttpStreamId> ended;
};

class JournalRig : public ControlRig {
 public:
  // A record whose stream has this id, and what it begins with.
  std::string follow(HttpStreamId id, std::set<std::string> proxies = {}, std::uint64_t lost = 0) {
    const HttpResponse response = journals.follow(std::move(proxies), lost);
    REQUIRE(response.status == 200);
    response.opened(id);
    left = response.left;
    return response.body;
  }
  void create(const std::string& name, const std::string& upstream = "127.0.0.1:1") {
    const auto made = registry.add_proxy({name, "127.0.0.1:0", upstream});
    REQUIRE(made.has_value());
  }
  ProxyId id(const std::string& name) const { return (*registry.proxy(name))->id; }
  Event at(EventKind kind, ProxyId proxy, Duration later = {}) const {
    Event event;
    event.at = now + std::chrono::seconds(1) + later;
    event.kind = kind;
    event.proxy = proxy;
    return event;
  }

  const Instant now = wire::now();
  Tape tape;
  JournalStreams journals{{registry, *engine, tape, [this] { return now; }}};
  std::function<void(HttpStreamId)> left;
};

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("a record begins with its number and the clock, and ends when it is told to") {
  JournalRig rig;
  const std::string first = rig.follow(7);
  CHECK_THAT(first, Contains("{\"journal\":1,\"record\":1,\"now\":" +
                             std::to_string(rig.now.time_since_epoch().count()) + ","));
  CHECK(lines(first) == 1);
  CHECK(rig.journals.has(1));
  CHECK_FALSE(rig.journals.has(2));
  rig.journals.beat();
  CHECK(rig.tape.text[7] == "\n");
  rig.journals.end(2, 0);
  CHECK(rig.tape.ended.empty());
  rig.journals.end(1, 0);
  CHECK(rig.tape.text[7] == "\n{\"end\":true}\n");
  CHECK(rig.tape.ended == std::set<HttpStreamId>{7});
  CHECK_FALSE(rig.journals.any());
}

TEST_CASE("a record of some proxies has their events, their faults' and what is everybody's") {
  JournalRig rig;
  rig.create("a");
  rig.create("b");
  const FaultOrder reset{
      .name = "gone", .kind = find_fault_kind("reset"), .settings = {}, .aim = {}};
  const FaultId on_a = (*rig.registry.add_fault("a", reset))->id;
  const FaultId on_b = (*rig.registry.add_fault("b", reset))->id;
  rig.follow(1);
  rig.follow(2, {"a", "not there yet"});
  std::vector<Event> events;
  for (const ProxyId proxy : {rig.id("a"), rig.id("b")}) {
    events.push_back(rig.at(EventKind::peer_ended, proxy));
  }
  for (const FaultId fault : {on_a, on_b}) {
    events.push_back(rig.at(EventKind::fault_armed, 0));
    events.back().fault = fault;
  }
  events.push_back(rig.at(EventKind::journal_overflowed, 0));
  rig.journals.tell(events, 0);
  CHECK(lines(rig.tape.text[1]) == 5);
  CHECK(lines(rig.tape.text[2]) == 3);
  CHECK_THAT(rig.tape.text[2], !Contains("\"proxy\":" + std::to_string(rig.id("b"))));
  CHECK_THAT(rig.tape.text[2], !Contains("\"fault\":" + std::to_string(on_b)));

  rig.create("not there yet");
  rig.journals.tell(std::vector{rig.at(EventKind::proxy_opened, rig.id("not there yet"))}, 0);
  CHECK(lines(rig.tape.text[2]) == 4);
}

TEST_CASE("what was lost is told as an event, once, and to who followed then") {
  JournalRig rig;
  rig.create("a");
  rig.follow(1, {}, 3);
  rig.journals.tell(std::vector{rig.at(EventKind::peer_ended, rig.id("a"))}, 3);
  CHECK_THAT(rig.tape.text[1], !Contains("journal_overflowed"));
  rig.journals.tell(std::vector{rig.at(EventKind::peer_ended, rig.id("a"))}, 10);
  CHECK_THAT(rig.tape.text[1], Contains("\"kind\":\"journal_overflowed\",\"count\":7}\n"));
  rig.tape.text.clear();
  rig.journals.tell(std::vector{rig.at(EventKind::peer_ended, rig.id("a"))}, 10);
  CHECK_THAT(rig.tape.text[1], !Contains("journal_overflowed"));
  rig.journals.end(1, 12);
  CHECK_THAT(rig.tape.text[1], Contains("\"kind\":\"journal_overflowed\",\"count\":2}\n"));
  CHECK_THAT(rig.tape.text[1], Catch::EndsWith("{\"end\":true}\n"));
}

TEST_CASE("connections that are open come first, and are not told of again") {
  JournalRig rig;
  const HeldPort upstream;
  rig.create("a", upstream.address);
  rig.create("b", upstream.address);
  const Peer to_a = Peer::to(*address_from(rig.listen("a")));
  const Peer at_a = upstream.accepted();
  const Peer to_b = Peer::to(*address_from(rig.listen("b")));
  const Peer at_b = upstream.accepted();
  const std::vector<wire::LiveConnection> live = rig.engine->connections(rig.id("a"));
  REQUIRE(live.size() == 1);

  const std::string first = rig.follow(1, {"a"});
  CHECK(lines(first) == 2);
  CHECK_THAT(first,
             Contains("{\"at\":" + std::to_string(live[0].accepted.time_since_epoch().count()) +
                      ",\"kind\":\"connection_accepted\",\"proxy\":" + std::to_string(rig.id("a")) +
                      ",\"connection\":" + std::to_string(live[0].id)));
  Event accepted = rig.at(EventKind::connection_accepted, rig.id("a"));
  accepted.connection = live[0].id;
  Event closed = accepted;
  closed.kind = EventKind::connection_closed;
  Event earlier = closed;
  earlier.at = rig.now - Duration(1);
  rig.journals.tell(std::vector{earlier, accepted, closed}, 0);
  CHECK(lines(rig.tape.text[1]) == 1);
  CHECK_THAT(rig.tape.text[1], Contains("connection_closed"));
}

TEST_CASE("records are few, and one whose reader has left makes room") {
  JournalRig rig;
  for (HttpStreamId id = 1; id <= JournalStreams::most_records; ++id) rig.follow(id);
  CHECK(rig.journals.follow({}, 0).status == 503);
  rig.left(JournalStreams::most_records);
  rig.follow(100);
  rig.journals.beat();
  CHECK(rig.tape.text.count(JournalStreams::most_records) == 0);
  CHECK(rig.tape.text[100] == "\n");
}
