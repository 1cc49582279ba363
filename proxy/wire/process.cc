#include "proxy/wire/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <utility>

extern char** environ;

namespace faultline::wire {
namespace {

// What the child needs, laid out before the fork: after it nothing may be allocated.
struct Image {
  std::vector<std::string> texts;
  std::vector<char*> argv;
  std::vector<char*> envp;
};

bool names(const char* entry, const std::string& variable) {
  return strncmp(entry, variable.c_str(), variable.size()) == 0 && entry[variable.size()] == '=';
}

bool overridden(const char* entry, const std::map<std::string, std::string>& added) {
  for (const auto& [variable, value] : added) {
    if (names(entry, variable)) return true;
  }
  return false;
}

Image image_of(const ProcessOptions& options) {
  Image image;
  image.texts = options.command;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!overridden(*entry, options.environment)) image.texts.emplace_back(*entry);
  }
  for (const auto& [variable, value] : options.environment) {
    image.texts.push_back(variable + "=" + value);
  }
  for (std::size_t i = 0; i < image.texts.size(); ++i) {
    (i < options.command.size() ? image.argv : image.envp).push_back(image.texts[i].data());
  }
  image.argv.push_back(nullptr);
  image.envp.push_back(nullptr);
  return image;
}

// In the child, between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const Image& image, int log, int report, pid_t parent) {
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it died before the request was in force
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, 0);
  dup2(log, 1);
  dup2(log, 2);
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  execvpe(image.argv[0], image.argv.data(), image.envp.data());
  const int why = errno;
  [[maybe_unused]] const ssize_t told = write(report, &why, sizeof why);
  _exit(127);
}

class Child final : public Process, private Watcher {
 public:
  Child(Loop& loop, pid_t pid, int pidfd, std::function<void(const ProcessEnd&)> ended)
      : loop_(loop), pid_(pid), pidfd_(pidfd), ended_(std::move(ended)) {
    loop_.watch(pidfd_, *this);
  }

  ~Child() override {
    if (!running()) return;
    kill(-pid_, SIGKILL);
    reap(0);
  }

  pid_t pid() const override { return pid_; }
  bool running() const override { return pidfd_ >= 0; }

  void signal_group(int number) override {
    if (running()) kill(-pid_, number);
  }

 private:
  void ready(std::uint32_t) override {
    if (!running() || !reap(WNOHANG)) return;
    // Moved out first: who is told may destroy us.
    if (const auto ended = std::move(ended_)) ended(end_);
  }

  // The group is killed while the leader is still a zombie, so its number cannot have been given to
  // anybody else.
  bool reap(int flags) {
    siginfo_t ended{};
    if (waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT | flags) != 0)
      return false;
    if (ended.si_pid != pid_) return false;
    kill(-pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    end_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    end_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    close(std::exchange(pidfd_, -1));
    return true;
  }

  Loop& loop_;
  const pid_t pid_;
  int pidfd_;
  ProcessEnd end_;
  std::function<void(const ProcessEnd&)> ended_;
};

}  // namespace

std::string signal_name(int number) {
  const char* const abbreviation = sigabbrev_np(number);
  if (abbreviation == nullptr) return "signal " + std::to_string(number);
  return std::string("SIG") + abbreviation;
}

std::string text(const ProcessEnd& end) {
  if (end.signal == 0) return "exit " + std::to_string(end.exit_code);
  return "signal " + std::to_string(end.signal) + " (" + signal_name(end.signal) + ")";
}

Result<std::unique_ptr<Process>> Process::start(Loop& loop, const ProcessOptions& options,
                                                std::function<void(const ProcessEnd&)> ended) {
  assert(!options.command.empty());
  const std::string& program = options.command.front();
  const int log = open(options.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return error(options.log, std::string("cannot be written: ") + strerror(errno));
  std::array<int, 2> report{};
  if (pipe2(report.data(), O_CLOEXEC) != 0) {
    const int why = errno;
    close(log);
    return error(program, std::string("cannot be started: ") + strerror(why));
  }
  const Image image = image_of(options);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(image, log, report[1], parent);
  int why = pid < 0 ? errno : 0;
  close(log);
  close(report[1]);
  // The child's exec closes its end of the pipe; it writes only if that failed.
  if (pid > 0 && read(report[0], &why, sizeof why) != sizeof why) why = 0;
  close(report[0]);
  if (why != 0) {
    if (pid > 0) waitpid(pid, nullptr, 0);
    return error(program, std::string("cannot be started: ") + strerror(why));
  }
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) {
    why = errno;
    kill(-pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return error(program, std::string("cannot be watched (pidfd_open): ") + strerror(why));
  }
  return std::make_unique<Child>(loop, pid, pidfd, std::move(ended));
}

}  // namespace faultline::wire
