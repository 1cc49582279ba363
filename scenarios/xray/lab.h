#pragma once

// One call after the other, and what was seen of each. The lab knows the service only by its calls
// and by the attempts that they make; a call that ends without an attempt was suppressed.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "scenarios/xray/bench.h"

namespace faultline::xray {

struct Step {
  bool admitted = false;  // at least one attempt arrived
  bool gave_up = false;   // the service did not wait for the answer to one of them
  std::size_t attempts = 0;
  int status = 0;  // of the call; 0: none
  Instant begun{};
  Instant arrived{};   // the first attempt
  Instant answered{};  // the last one
  Instant ended{};
};

class Lab {
 public:
  Lab(Bench& bench, Instant deadline) : bench_(bench), deadline_(deadline) {}

  Step step(Treatment treatment);
  void pause(Duration length) { pause_until(bench_.now() + length); }
  void pause_until(Instant instant);

  // Offers so many calls at once and waits until each has ended or has an attempt on the wire, or
  // nothing more comes. What is held is in held().
  struct Offered {
    std::size_t attempts = 0;  // that arrived because of them
    std::size_t rejected = 0;  // ended without one
    std::size_t waiting = 0;   // neither
  };
  Offered offer(std::size_t count);
  std::vector<std::size_t> held() const;  // attempts that nobody has answered, oldest first
  void answer_all(Treatment treatment);   // and waits for every call to end
  std::size_t abandoned() const;          // attempts whose client went away, so far
  // Waits a little longer for what may only be late: until `enough`, or nothing comes any more.
  void linger(const std::function<bool()>& enough);

  bool over() const { return bench_.now() >= deadline_ || !bench_.obstacle().empty(); }
  Duration left() const { return deadline_ - bench_.now(); }
  Instant now() const { return bench_.now(); }
  Bench& bench() { return bench_; }
  Duration settling() const { return settling_; }
  void learn_latency(Duration usual);  // until then every call is waited for
  void hold_at_most(Duration longest);
  void set_patience(Duration patience) { patience_ = patience; }

 private:
  Bench& bench_;
  const Instant deadline_;
  Duration settling_ = std::chrono::milliseconds(250);  // without news: nothing more comes
  Duration patience_ = std::chrono::seconds(35);
  // While others are under way a call may be queued behind them, which is not waited for.
  Duration silence_ = std::chrono::seconds(30);
};

}  // namespace faultline::xray
