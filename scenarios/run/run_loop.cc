#include "scenarios/run/run_loop.h"

#include <signal.h>

#include <utility>
#include <vector>

#include "proxy/wire/clock.h"

namespace faultline {
namespace {

constexpr Duration look_every = std::chrono::milliseconds(20);

// A hang-up that is ignored already (nohup) stays so.
std::vector<int> ending_signals() {
  std::vector<int> numbers{SIGINT, SIGTERM};
  struct sigaction hang_up{};
  sigaction(SIGHUP, nullptr, &hang_up);
  if (hang_up.sa_handler != SIG_IGN) numbers.push_back(SIGHUP);
  return numbers;
}

}  // namespace

RunLoop::RunLoop() : signals_(loop_, ending_signals(), [this](int number) { came(number); }) {
  tell_nobody();
}

void RunLoop::tell(std::function<void(Instant)> look, std::function<void(int)> signalled) {
  look_ = std::move(look);
  signalled_ = std::move(signalled);
}

void RunLoop::tell_nobody() {
  tell([](Instant) {}, [](int) {});
}

bool RunLoop::await(Patience patience, const std::function<bool()>& reached, Instant limit) {
  const auto over = [&](Instant now) {
    const bool cut_short = (patience == Patience::while_undisturbed && disturbed_) ||
                           (patience == Patience::until_hurried && hurried_);
    return cut_short || now >= limit || reached();
  };
  wire::Deadline end(loop_, [this](Instant) { loop_.stop(); });
  wire::Deadline tick(loop_, [&](Instant now) {
    look_(now);
    tick.set(now + look_every);
  });
  end.set(limit);
  tick.set(wire::now() + look_every);
  loop_.on_settle([&](Instant now) {
    if (over(now)) loop_.stop();
  });
  loop_.refresh_now();
  if (!over(loop_.now())) loop_.run();
  loop_.on_settle({});
  return reached();
}

void RunLoop::turn() {
  loop_.post([this] { loop_.stop(); });
  loop_.run();
}

void RunLoop::came(int number) {
  if (signal_ != 0) {
    hurried_ = true;
    return;
  }
  signal_ = number;
  disturbed_ = true;
  signalled_(number);
}

}  // namespace faultline
