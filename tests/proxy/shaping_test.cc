// The kinds that cut, count and alter a stream, on a link in virtual time.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/virtual_link.h"

using namespace faultline;
using namespace std::chrono_literals;

namespace {

constexpr Instant start = VirtualLink::start;

std::string letters(std::size_t count) {
  std::string text(count, 0);
  for (std::size_t i = 0; i < count; ++i) text[i] = static_cast<char>('a' + i % 26);
  return text;
}

std::unique_ptr<Fault> limit(const std::string& bytes, const std::string& then) {
  return native("limit", {{"bytes", bytes, ""}, {"then", then, ""}});
}

std::unique_ptr<Fault> corrupt(double ratio, const std::string& interval = "0B",
                               const std::string& how = "flip") {
  return native("corrupt", {{"ratio", ratio, ""}, {"interval", interval, ""}, {"how", how, ""}});
}

std::size_t differing(const std::string& a, const std::string& b) {
  REQUIRE(a.size() == b.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += a[i] != b[i] ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("slices are of the sizes asked for, a pause apart, and lose nothing") {
  VirtualLink line(
      *native("slice", {{"size", "100B", ""}, {"variation", "20B", ""}, {"pause", "10ms", ""}}));
  const std::string sent = letters(2000);
  line.arrive(sent).finish().run(start + 1s);
  CHECK(line.text() == sent + "<end>");
  CHECK(line.left.size() >= 2000 / 120);
  for (std::size_t i = 0; i + 1 < line.left.size(); ++i) {
    CHECK(line.left[i].bytes.size() >= 80);
    CHECK(line.left[i].bytes.size() <= 120);
    CHECK(line.left[i + 1].at - line.left[i].at == 10ms);
  }
  CHECK(line.left.front().at == start);
  CHECK(line.touched() == 2000);
}

TEST_CASE("a chunk that is small enough is no slice, but waits for the pause behind the last") {
  VirtualLink line(*native("slice", {{"size", "100B", ""}, {"pause", "10ms", ""}}));
  line.arrive("one");
  CHECK(line.text() == "one");
  CHECK(line.touched() == 0);
  line.arrive("two");
  CHECK(line.text() == "one");
  line.pass(10ms);
  CHECK(line.text() == "onetwo");
  CHECK(line.touched() == 3);
}

TEST_CASE("slices without a pause go on at once, in batches, and none is stored by itself") {
  VirtualLink line(*native("slice", {{"size", "1B", ""}}));
  const std::string sent = letters(100'000);
  line.arrive(sent);
  CHECK(line.link.held() < 100'000 + Link::item_cost);
  line.run(start).finish();
  CHECK(line.text() == sent + "<end>");
}

TEST_CASE("an update cuts anew what waits, and a disarmed slice releases it") {
  VirtualLink line(*native("slice", {{"size", "1B", ""}, {"pause", "1m", ""}}));
  line.arrive("abcdef").pass(1s);
  CHECK(line.text() == "a");
  SECTION("updated") {
    line.update(*native("slice", {{"size", "3B", ""}, {"pause", "1s", ""}})).pass(1s);
    CHECK(line.text() == "abcdef");
    CHECK(line.left.back().bytes == "ef");
  }
  SECTION("disarmed") {
    line.disarm();
    CHECK(line.text() == "abcdef");
  }
}

TEST_CASE("a slicer does no harm whatever its numbers are") {
  const std::int64_t size = GENERATE(as<std::int64_t>{}, 0, 1, 5, 1'000'000'000'000'000'000);
  const std::int64_t variation =
      GENERATE(as<std::int64_t>{}, 0, 1, 5, 9, 1'000'000'000'000'000'000);
  VirtualLink line(*toxic("slicer", {{"average_size", size}, {"size_variation", variation}}));
  line.arrive(letters(1000)).run(start).finish();
  CHECK(line.text() == letters(1000) + "<end>");
}

TEST_CASE("the slicer's delay is in microseconds") {
  VirtualLink line(*toxic("slicer", {{"average_size", 10}, {"delay", 250}}));
  line.arrive(letters(30)).run(start + 1s);
  REQUIRE(line.left.size() == 3);
  CHECK(line.left[2].at == start + 500us);
}

TEST_CASE("a limit of bytes cuts the chunk that crosses it") {
  const std::string then = GENERATE("close", "reset", "stall", "drop");
  INFO(then);
  VirtualLink line(*limit("5B", then));
  line.arrive("abc");
  CHECK(line.touched() == 0);
  line.arrive("defg");
  line.arrive("hi");
  if (then != "reset") line.finish();
  CHECK(line.text() == (then == "close" ? "abcde<end>" : "abcde"));
  CHECK(line.tape.other_ended == (then == "close"));
  CHECK(line.tape.reset == (then == "reset"));
  CHECK(line.touched() == 4);
  line.disarm();
  if (then == "stall") CHECK(line.text() == "abcdefghi<end>");
  if (then == "drop") CHECK(line.tape.reset);
}

TEST_CASE("a limit that is reached to the byte closes there and not at the next chunk") {
  VirtualLink line(*limit("3B", "close"));
  line.arrive("abc");
  CHECK(line.text() == "abc<end>");
  CHECK(line.tape.other_ended);
}

TEST_CASE("a stalled limit that is raised lets go on what it held, and counts on") {
  VirtualLink line(*limit("3B", "stall"));
  line.arrive("abcdefgh");
  CHECK(line.text() == "abc");
  line.update(*limit("5B", "stall"));
  CHECK(line.text() == "abcde");
  line.update(*limit("100B", "stall"));
  CHECK(line.text() == "abcdefgh");
  CHECK(line.touched() == 5);
}

TEST_CASE("a limit of time reaches idle connections too") {
  const auto timed = [](const std::string& time, const std::string& then) {
    return native("limit", {{"time", time, ""}, {"then", then, ""}});
  };
  VirtualLink line(*timed("1s", "close"));
  line.pass(999ms).arrive("in time").pass(1ms);
  CHECK(line.text() == "in time<end>");
  CHECK(line.left.back().at == start + 1s);

  VirtualLink longer(*timed("1s", "reset"));
  longer.pass(500ms).update(*timed("2s", "reset")).pass(1s);
  CHECK_FALSE(longer.tape.reset);
  longer.pass(500ms);
  CHECK(longer.tape.reset);

  VirtualLink stalled(*timed("1s", "stall"));
  stalled.pass(2s).arrive("late");
  CHECK(stalled.text().empty());
  CHECK(stalled.disarm().text() == "late");
}

TEST_CASE("limit_data keeps its counter across updates") {
  VirtualLink line(*toxic("limit_data", {{"bytes", 10}}));
  line.arrive("abcdef").update(*toxic("limit_data", {{"bytes", 8}})).arrive("ghijk");
  CHECK(line.text() == "abcdefgh<end>");

  VirtualLink lowered(*toxic("limit_data", {{"bytes", 10}}));
  lowered.arrive("abcdef").update(*toxic("limit_data", {{"bytes", 2}}));
  CHECK(lowered.text() == "abcdef");
  lowered.arrive("g");
  CHECK(lowered.text() == "abcdef<end>");

  VirtualLink none(*toxic("limit_data"));
  none.pass(1h);
  CHECK_FALSE(none.tape.other_ended);  // idle
  none.arrive("x");
  CHECK(none.text() == "<end>");
  CHECK(none.tape.other_ended);
}

TEST_CASE("corruption follows the place in the stream, however it was cut") {
  const std::string sent = letters(50'000);
  VirtualLink whole(*corrupt(0.01)), pieces(*corrupt(0.01));
  whole.arrive(sent);
  for (std::size_t i = 0; i < sent.size(); i += 37) pieces.arrive(sent.substr(i, 37));
  CHECK(whole.text() == pieces.text());
  const std::size_t hit = differing(whole.text(), sent);
  CHECK(hit > 350);  // 500 ± 7 standard deviations
  CHECK(hit < 650);
  CHECK(whole.touched() == hit);
  CHECK(pieces.touched() == hit);
}

TEST_CASE("corruption may hit every byte, none, or one of each interval") {
  const std::string sent = letters(1000);
  VirtualLink all(*corrupt(1, "0B", "replace")), none(*corrupt(0)), tenth(*corrupt(0, "10B"));
  CHECK(differing(all.arrive(sent).text(), sent) == 1000);
  CHECK(none.arrive(sent).text() == sent);
  CHECK(none.tape.touches[1] == 0);
  const std::string text = tenth.arrive(sent.substr(0, 5)).arrive(sent.substr(5)).text();
  CHECK(differing(text, sent) == 100);
  for (std::size_t i = 0; i < text.size(); ++i) CHECK((text[i] != sent[i]) == (i % 10 == 9));
  tenth.update(*corrupt(0)).arrive(sent);
  CHECK(tenth.text().substr(1000) == sent);
}

TEST_CASE("half_close ends one direction, at once or after a while") {
  VirtualLink now(*native("half_close"));
  CHECK(now.tape.out == "<end>");  // spoken at the arming
  CHECK_FALSE(now.tape.other_ended);

  VirtualLink later(*native("half_close", {{"after", "5s", ""}}));
  later.pass(4s).arrive("still").update(*native("half_close", {{"after", "10s", ""}})).pass(5s);
  CHECK(later.text() == "still");
  later.pass(1s).arrive("lost");
  CHECK(later.text() == "still<end>");
  CHECK(later.touched() == 4);
}

TEST_CASE("nothing is lost, doubled or reordered however faults are armed, updated and disarmed") {
  std::uint64_t dice = GENERATE(1U, 2U, 3U, 4U);
  const auto next = [&dice](std::uint64_t below) { return (dice = Draw(dice).bits()) % below; };
  const auto number = [&](std::uint64_t below) { return std::to_string(1 + next(below)); };
  // Each kind with settings of its own at every call.
  const std::vector<std::function<std::unique_ptr<Fault>()>> kinds = {
      [&] { return native("latency", {{"delay", number(30) + "ms", ""}, {"jitter", "9ms", ""}}); },
      [&] { return native("bandwidth", {{"rate", number(50) + "KB", ""}}); },
      [&] { return native("bandwidth", {{"rate", "20KB", ""}, {"per", "proxy", ""}}); },
      [&] { return native("slice", {{"size", number(9) + "B", ""}, {"pause", "1ms", ""}}); },
      [&] { return native("slice", {{"size", number(9) + "B", ""}}); },
      [&] { return limit(number(3000) + "B", "stall"); },
      [&] { return native("stall"); },
      [&] { return toxic("bandwidth", {{"rate", static_cast<std::int64_t>(next(20))}}); },
      [&] { return toxic("latency", {{"latency", static_cast<std::int64_t>(next(20))}}); },
      [&] { return toxic("slow_close", {{"delay", static_cast<std::int64_t>(next(20))}}); },
  };
  LinkTape tape;
  Link link(Direction::upstream, tape);
  std::map<FaultId, std::size_t> armed;  // and which kind each is
  FaultId id = 0;
  Instant now = start;
  std::string sent;
  for (int i = 0; i < 4000; ++i) {
    now += std::chrono::microseconds(next(3000));
    const auto any =
        armed.empty() ? armed.end()
                      : std::next(armed.begin(), static_cast<std::ptrdiff_t>(next(armed.size())));
    switch (next(8)) {
      case 0:
        if (armed.size() == 4) break;
        armed[++id] = next(kinds.size());
        link.arm({id, *kinds[armed[id]](), Draw(id), now}, now, true);
        break;
      case 1:
        if (any == armed.end()) break;
        link.disarm(any->first, now);
        armed.erase(any);
        break;
      case 2:
        if (any != armed.end()) link.update(any->first, *kinds[any->second](), Draw(dice), now);
        break;
      case 3:
        link.settle(now);
        break;
      default:
        const std::string piece = std::to_string(i) + ",";
        sent += piece;
        link.arrive({piece, now, {}});
    }
    REQUIRE(sent.starts_with(tape.out));
  }
  link.sender_closed(Closing::end, now);
  for (const auto& [fault, kind] : armed) link.disarm(fault, now);
  CHECK(tape.out == sent + "<end>");
  CHECK(link.held() == 0);
}
