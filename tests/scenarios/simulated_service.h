#pragma once

// A service with a circuit breaker, its HTTP client and its upstream, in virtual time: a Bench on
// which an X-ray can be tried in no time. The breaker is put together from what real ones do.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "scenarios/xray/bench.h"

namespace faultline::xray {

struct SimulatedBreaker {
  enum class Rule : std::uint8_t { none, consecutive, count, ratio };
  Rule rule = Rule::consecutive;
  std::size_t number = 5;       // consecutive, count
  double share = 0.5;           // ratio
  bool above = false;           // ratio: strictly
  std::size_t minimum = 1;      // ratio
  std::size_t calls = 0;        // window; 0: no limit by calls
  Duration time{};              // window; zero: no limit by time
  Duration bucket{};            // in which the window in time moves; zero: it slides
  bool moved_by_calls = false;  // by one part at most for each call, so not in a pause
  bool on_failure_only = false;
  bool cleared = true;   // by closing
  bool dilutes = false;  // rejected calls count as calls
  bool carries = false;  // what closed it is the first call that counts from then on

  std::set<Treatment> ignored = {};
  bool ignored_are_calls = false;  // they make a share smaller
  std::set<Treatment> harmless{Treatment::status_404, Treatment::status_429, Treatment::slow};
  Duration slow_limit{};  // what takes longer has failed

  Duration open_for = std::chrono::seconds(2);
  double growth = 1;
  double jitter = 0;
  bool rejected_extend = false;

  std::size_t probes = 1;  // 0: everybody
  bool in_all = false;     // so many for the whole of the half-open state
  bool queues = false;
  std::size_t to_close = 1;  // 0: it closes by itself
  std::size_t to_reopen = 1;
  std::size_t judged = 0;     // so many outcomes, then their share decides
  bool lets_more_in = false;  // than are judged
  bool keeps_hung = false;
};

struct SimulatedClient {
  std::optional<Duration> limit = std::chrono::milliseconds(600);
  std::size_t attempts = 1;
  bool retries_outside = false;  // each attempt passes the breaker
  bool resends = false;          // a GET whose connection died, once
  std::size_t at_once = 0;       // calls that the service lets run; 0: any number
  double pace = 1;               // factor of every latency, which is about half a millisecond
  double hiccups = 0;            // share of latencies that are longer, by
  Duration hiccup = std::chrono::milliseconds(60);
};

class SimulatedService final : public Bench {
 public:
  SimulatedService(SimulatedBreaker breaker, SimulatedClient client, std::uint64_t seed);

  Instant now() const override { return now_; }
  void treat(Treatment treatment, std::size_t count, Treatment then) override;
  void slow_by(Duration delay) override { slow_ = delay; }
  std::size_t call() override;
  void answer(std::size_t attempt, Treatment treatment) override;
  bool wait(Instant limit, const std::function<bool()>& enough) override;
  std::string obstacle() const override { return {}; }
  const std::vector<Call>& calls() const override { return calls_; }
  const std::vector<Attempt>& attempts() const override { return attempts_; }

 private:
  enum class State : std::uint8_t { closed, open, half_open };
  struct Permit {
    std::uint64_t generation = 0;
    bool probe = false;
    Instant began{};
  };
  struct Running {
    Permit permit;
    std::size_t made = 0;
    bool resent = false;
    bool inside = false;  // it has a permit
  };

  Duration some(double milliseconds);  // about so long
  void after(Duration delay, std::function<void()> what);
  void enter(std::size_t call);
  void attempt(std::size_t call);
  void finished(std::size_t attempt, Treatment outcome, bool lost);
  void outcome(std::size_t call, Treatment outcome);
  void end(std::size_t call, int status);
  void count(bool failed, bool is_call = true);
  void judge(bool failed);
  void become(State state);
  bool has_room() const;
  void let_waiting_in();

  const SimulatedBreaker breaker_;
  const SimulatedClient client_;
  std::uint64_t seed_;
  Instant now_ = Instant(std::chrono::seconds(1000));
  std::multimap<Instant, std::function<void()>> due_;
  Treatment treatment_ = Treatment::ok, then_ = Treatment::ok;
  std::size_t count_ = all;
  Duration slow_{};
  std::vector<Call> calls_;
  std::vector<Attempt> attempts_;
  std::map<std::size_t, Running> running_;
  std::map<std::size_t, std::size_t> caller_;  // of an attempt
  std::set<std::size_t> over_;                 // attempts of which the client knows the outcome

  State state_ = State::closed;
  std::uint64_t generation_ = 0;
  Instant open_until_{};
  Duration open_for_{};
  std::size_t times_open_ = 0;
  Instant part_began_{};
  std::int64_t part_ = 0;                        // of a window moved by calls
  std::deque<std::pair<Instant, int>> results_;  // 1 failed, 0 did not, of the window
  std::size_t probing_ = 0, admitted_ = 0, good_ = 0, bad_ = 0, outcomes_ = 0;
  std::deque<std::size_t> waiting_;
  std::size_t inside_ = 0;
};

}  // namespace faultline::xray
