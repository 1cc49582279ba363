#pragma once

// Where a run waits: the main thread's event loop, with the signals that end a run. Waiting is a
// call that returns, so that a run can be written as a list of steps.
//
// From its construction to its destruction SIGINT, SIGTERM and SIGHUP are caught: one that comes
// between two waits is told in the next, and one that comes after the last wait is told to nobody
// and ends nothing.

#include <functional>

#include "proxy/wire/loop.h"
#include "proxy/wire/signals.h"

namespace faultline {

// What cuts a wait short: any disturbance, a second signal, or nothing.
enum class Patience : std::uint8_t { while_undisturbed, until_hurried, always };

class RunLoop {
 public:
  RunLoop();
  RunLoop(const RunLoop&) = delete;
  RunLoop& operator=(const RunLoop&) = delete;

  // From now on `look` is called every 20 ms of waiting, and `signalled` once, at the first signal,
  // before any wait returns because of it.
  void tell(std::function<void(Instant now)> look, std::function<void(int number)> signalled);
  void tell_nobody();

  // Waits for `reached` or `limit`, or until cut short, and says whether it was reached. The limit
  // is met to the microsecond; `never` is none.
  bool await(Patience patience, const std::function<bool()>& reached, Instant limit);
  void turn();  // takes what has come, and does not wait

  void disturb() { disturbed_ = true; }
  bool disturbed() const { return disturbed_; }
  int signal() const { return signal_; }  // the first that came, or 0

  wire::Loop& loop() { return loop_; }

 private:
  void came(int number);

  std::function<void(Instant)> look_;
  std::function<void(int)> signalled_;
  bool disturbed_ = false;
  bool hurried_ = false;
  int signal_ = 0;
  wire::Loop loop_;
  wire::Signals signals_;
};

}  // namespace faultline
