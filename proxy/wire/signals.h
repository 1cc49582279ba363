#pragma once

// Signals as facts of a loop: the callback runs on the loop's thread, between two of its events, so
// it may do whatever the loop's thread may. The default action comes back with the destructor.

#include <functional>
#include <memory>
#include <span>

#include "proxy/wire/loop.h"

namespace faultline::wire {

class Signals {
 public:
  Signals(Loop& loop, std::span<const int> numbers, std::function<void(int number)> came);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What a program that writes to sockets and pipes must not die of: SIGPIPE and SIGXFSZ become
// errors of the write. Call first in main.
void ignore_write_signals();

}  // namespace faultline::wire
