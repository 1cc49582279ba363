#include "proxy/wire/signals.h"

#include <signal.h>

#include <cassert>
#include <utility>
#include <vector>

#include "proxy/wire/uv_handle.h"

namespace faultline::wire {

struct Signals::State {
  std::function<void(int)> came;
  std::vector<UvHandle<uv_signal_t>> handles;
};

Signals::Signals(Loop& loop, std::span<const int> numbers, std::function<void(int)> came)
    : state_(std::make_unique<State>()) {
  state_->came = std::move(came);
  for (const int number : numbers) {
    auto* handle = new uv_signal_t;
    [[maybe_unused]] const int started = uv_signal_init(loop.uv(), handle);
    assert(started == 0);
    handle->data = state_.get();
    state_->handles.emplace_back(handle);
    uv_signal_start(
        handle,
        [](uv_signal_t* from, int caught) {
          if (from->data != nullptr) static_cast<State*>(from->data)->came(caught);
        },
        number);
  }
}

Signals::~Signals() = default;

void ignore_write_signals() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

}  // namespace faultline::wire
