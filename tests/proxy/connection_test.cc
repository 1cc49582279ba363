#include "proxy/connection.h"

#include "tests/support/catch.h"

using namespace faultline;
using Order = Connection::Order;

namespace {
constexpr auto up = Direction::upstream;
constexpr auto down = Direction::downstream;
}  // namespace

TEST_CASE("a FIN follows the data it came behind, and closes only its own direction") {
  Connection c;
  c.source_finished(up);
  c.end_left(up);
  CHECK(c.take_order(up) == Order::none);  // bytes still wait
  c.drained(up);
  CHECK(c.take_order(up) == Order::half_close);
  CHECK(c.take_order(up) == Order::none);
  CHECK_FALSE(c.drops(down));
  CHECK_FALSE(c.finished());
  c.source_finished(down);
  c.end_left(down);
  c.drained(down);
  CHECK(c.take_order(down) == Order::half_close);
  CHECK(c.finished());
}

TEST_CASE("an RST waits for the bytes before it, then resets the other side") {
  Connection c;
  c.sink_lost(down);
  c.source_finished(up);
  c.reset_left(up);
  c.acknowledged(up);  // too early: not drained
  CHECK(c.take_order(up) == Order::none);
  c.drained(up);
  CHECK(c.awaits_acknowledgement(up));
  c.acknowledged(up);
  CHECK(c.take_order(up) == Order::reset);
  CHECK(c.finished());
}

TEST_CASE("an RST after a FIN still resets the other side") {
  Connection c;
  c.source_finished(up);
  c.end_left(up);
  c.drained(up);
  CHECK(c.take_order(up) == Order::half_close);
  c.sink_lost(down);
  c.reset_left(up);
  c.drained(up);
  c.acknowledged(up);
  CHECK(c.take_order(up) == Order::reset);
  CHECK(c.finished());
}

TEST_CASE("what is sent towards a side that is gone is dropped, whatever waited") {
  Connection c;
  c.source_finished(down);
  c.end_left(down);
  c.sink_lost(down);
  c.drained(down);
  CHECK(c.take_order(down) == Order::none);
  CHECK(c.drops(down));
  CHECK_FALSE(c.finished());  // the other direction has still to tell its sink
}

TEST_CASE("a direction that a fault ended is over only when its source has finished too") {
  Connection c;
  for (const Direction d : {up, down}) {
    c.end_left(d);
    c.drained(d);
    CHECK(c.take_order(d) == Order::half_close);
  }
  CHECK(c.both_ended());
  CHECK_FALSE(c.finished());
  c.source_finished(up);
  c.source_finished(down);
  CHECK(c.finished());
}
