#pragma once

// A blocking call on a thread of its own, so that whoever ordered it can go on watching for
// signals. It is always brought to an end: the destructor waits for it.

#include <atomic>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

namespace faultline {

template <class Answer>
class Errand {
 public:
  // `run` is given a question that it should ask at least every 100 ms: is the answer still wanted?
  explicit Errand(std::function<Answer(const std::function<bool()>& abandoned)> run)
      : thread_([this, run = std::move(run)] {
          answer_.emplace(run([this] { return abandoned_.load(); }));
          done_.store(true);
        }) {}
  ~Errand() {
    abandon();
    thread_.join();
  }
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;

  void abandon() { abandoned_.store(true); }
  bool done() const { return done_.load(); }
  Answer& answer() { return *answer_; }  // once done

 private:
  std::atomic<bool> abandoned_{false};
  std::atomic<bool> done_{false};
  std::optional<Answer> answer_;
  std::thread thread_;
};

}  // namespace faultline
