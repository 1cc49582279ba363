#include "tests/support/catch.h"
#include "tests/support/recordings.h"

using namespace faultline;
using namespace faultline::test;

namespace {

// m1, m2, m3 acknowledged; m4 refused; m5 unanswered, m6 never sent. All acknowledged are stored.
RecordingBuilder six_messages() {
  RecordingBuilder run;
  run.request(100, 5, {202, ""}).request(200, 5, {200, ""}).request(300, 5, {202, ""});
  run.request(400, 5, {503, "pg"}).unanswered(500, 9000, Outcome::timeout);
  run.unanswered(600, 0, Outcome::not_sent);
  return run.audited();
}

}  // namespace

TEST_CASE("every message is acknowledged, refused or unanswered") {
  const auto run = six_messages();
  CHECK(run.measure("offered").value == 6);
  CHECK(run.measure("acknowledged").value == 3);
  CHECK(run.measure("refused").value == 1);
  CHECK(run.measure("unanswered").value == 2);
}

TEST_CASE("the four cells of the ledger") {
  auto run = six_messages();
  CHECK(run.measure("lost").value == 0);
  CHECK(run.measure("lost").n == 3);
  CHECK(run.measure("lost").reason == "at most 100 % at 95 % confidence");
  run.sink().stored.erase("m2");  // acknowledged, not stored
  run.sink().stored["m4"] = 1;    // refused, stored
  run.sink().stored["m5"] = 1;    // unanswered, stored; m6 unanswered, not stored
  CHECK(run.measure("stored").value == 4);
  CHECK(run.measure("lost").value == 1);
  CHECK(run.measure("stored_unacknowledged").value == 2);
  CHECK(run.measure("stored_unacknowledged").n == 3);
  CHECK(run.measure("lost", {"table"}).value == 1);
}

TEST_CASE("copies beyond the first are duplicates, strangers are foreign") {
  auto run = six_messages();
  run.sink().stored["m1"] = 3;
  run.sink().stored["m4"] = 2;
  run.sink().stored["stranger"] = 5;
  CHECK(run.measure("duplicated").value == 3);
  CHECK(run.measure("foreign").value == 1);
  CHECK(run.measure("stored").value == 4);
}

TEST_CASE("an incomplete reading tells nothing of the sink") {
  auto run = six_messages();
  run.sink().complete = false;
  run.sink().why_not = "still growing after 60s";
  for (const char* name : {"stored", "lost", "duplicated", "stored_unacknowledged", "foreign"}) {
    const Measure measure = run.measure(name);
    CHECK(measure.certainty == Certainty::unknown);
    CHECK(measure.reason == "the reading of table is incomplete: still growing after 60s");
  }
  CHECK(run.measure("acknowledged").value == 3);
  run.recording().sinks.clear();
  CHECK(run.measure("lost").reason == "the sink table was not read");
  run.recording().drill.sinks.clear();
  CHECK(run.measure("lost").reason == "the drill has no sink");
}

TEST_CASE("where nothing was acknowledged nothing is proven not to be lost") {
  RecordingBuilder run;
  run.request(0, 5, {503, ""}).audited();
  CHECK(run.measure("lost").certainty == Certainty::unknown);
}

TEST_CASE("with several sinks a message is lost when any of them lacks it") {
  auto run = six_messages();
  run.audited("topic");
  run.sink().stored.erase("m3");
  CHECK(run.measure("lost").value == 1);
  CHECK(run.measure("lost", {"table"}).value == 0);
  CHECK(run.measure("lost", {"topic"}).value == 1);
  CHECK(run.measure("stored").value == 2);
}

TEST_CASE("a message that was sent again is one message") {
  RecordingBuilder run;
  run.request(100, 5, {503, "pg"}).request(200, 5, {503, "pg"}).request(300, 5, {202, ""});
  run.request(400, 5, {503, "pg"}).request(500, 5, {503, "pg"});
  run.request(600, 5, {503, "pg"}).unanswered(700, 50, Outcome::reset);
  run.request(800, 5, {202, ""}).audited();
  // a: refused twice, then acknowledged; b: refused twice; c: refused, then reset; d: acknowledged.
  std::size_t row = 0;
  std::uint16_t attempt = 0;
  for (const char* const id : {"a", "a", "a", "b", "b", "c", "c", "d"}) {
    Request& request = run.recording().requests.at(row);
    attempt = row > 0 && run.recording().requests[row - 1].id == id
                  ? static_cast<std::uint16_t>(attempt + 1)
                  : std::uint16_t{1};
    request.id = id;
    request.attempt = attempt;
    ++row;
  }
  run.sink().stored = {{"a", 3}, {"b", 1}};
  CHECK(run.measure("offered").value == 4);
  CHECK(run.measure("acknowledged").value == 2);
  CHECK(run.measure("refused").value == 1);
  CHECK(run.measure("unanswered").value == 1);
  CHECK(run.measure("stored").value == 2);
  CHECK(run.measure("lost").value == 1);
  CHECK(run.measure("lost").n == 2);
  CHECK(run.measure("duplicated").value == 2);
  CHECK(run.measure("stored_unacknowledged").value == 1);
  CHECK(run.measure("stored_unacknowledged").n == 2);
  CHECK(run.measure("foreign").value == 0);
}
