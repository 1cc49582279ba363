#pragma once

// A process of ours: started without a shell, in a session of its own (the terminal's Ctrl-C does
// not reach it before we have healed), with descriptors 0, 1, 2 only, and ended by the kernel when
// we die (PR_SET_PDEATHSIG).
//
// Why not uv_spawn: it has no place to ask for the death signal between fork and exec, and without
// it a killed runner would leave the service under test behind. So fork, a few async-signal-safe
// calls, exec; the end is seen through a pidfd in the loop's epoll set, which needs no SIGCHLD.
//
// All calls on the loop's thread, which must be the program's main thread: the death signal is sent
// when the thread that forked ends.

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "faults/result.h"
#include "proxy/wire/loop.h"

namespace faultline::wire {

struct ProcessOptions {
  std::vector<std::string> command;                // argv; the first is looked up in PATH
  std::map<std::string, std::string> environment;  // added to our own
  std::string log;  // stdout and stderr are appended to this file; created 0600
};

struct ProcessEnd {
  int exit_code = 0;
  int signal = 0;  // that ended it, else 0

  bool operator==(const ProcessEnd&) const = default;
};
std::string text(const ProcessEnd& end);  // "exit 1", "signal 9 (SIGKILL)"
std::string signal_name(int number);      // "SIGTERM", else "signal 42"

class Process {
 public:
  // `ended` is called once, on the loop, after the process was reaped. By then whatever else was
  // left in its process group has been killed.
  static Result<std::unique_ptr<Process>> start(Loop& loop, const ProcessOptions& options,
                                                std::function<void(const ProcessEnd&)> ended);
  // Kills the group and reaps, if it still runs; blocks until the kernel has done so.
  virtual ~Process() = default;

  virtual pid_t pid() const = 0;
  virtual bool running() const = 0;
  virtual void signal_group(int number) = 0;  // nothing once it has ended
};

}  // namespace faultline::wire
