#include "proxy/connection.h"

#include <utility>

namespace faultline {

void Connection::end_left(Direction d) {
  Side& side = at(d);
  if (side.flow != Flow::open) return;
  side.flow = Flow::ending;
  side.drained = false;
}

void Connection::reset_left(Direction d) {
  Side& side = at(d);
  if (side.flow == Flow::over || side.flow == Flow::resetting) return;
  side.flow = Flow::resetting;
  side.drained = false;
}

void Connection::drained(Direction d) {
  Side& side = at(d);
  side.drained = true;
  if (side.flow == Flow::ending) {
    side.flow = Flow::ended;
    side.order = Order::half_close;
  }
}

void Connection::acknowledged(Direction d) {
  Side& side = at(d);
  if (side.flow != Flow::resetting || !side.drained) return;
  side.flow = Flow::over;
  side.order = Order::reset;
}

void Connection::sink_lost(Direction d) {
  at(d).flow = Flow::over;
  at(d).order = Order::none;
}

Connection::Order Connection::take_order(Direction d) {
  return std::exchange(at(d).order, Order::none);
}

bool Connection::drops(Direction d) const {
  const Flow f = flow(d);
  return f == Flow::over || f == Flow::ended || f == Flow::ending;
}

bool Connection::both_ended() const {
  const auto closed = [](const Side& s) { return s.flow == Flow::ended || s.flow == Flow::over; };
  return closed(sides_[0]) && closed(sides_[1]);
}

bool Connection::finished() const {
  const auto done = [](const Side& s) {
    return s.flow == Flow::over || (s.flow == Flow::ended && s.source_finished);
  };
  return done(sides_[0]) && done(sides_[1]);
}

}  // namespace faultline
