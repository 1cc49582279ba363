#pragma once

// What an X-ray stands on: it has calls made to a service, and decides what becomes of the attempts
// that the service then makes upstream. Time passes in wait() and nowhere else, so that the same
// experiments run over sockets (wire_bench.h) and, in the tests, in virtual time against simulated
// breakers.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "faults/time.h"

namespace faultline::xray {

// What becomes of an attempt. `timeout` never answers; `slow` answers as `ok` does, but late;
// `refused` is true of whole periods: while it holds, nobody listens.
enum class Treatment : std::uint8_t {
  ok,
  status_500,
  status_502,
  status_503,
  status_504,
  status_429,
  status_404,
  timeout,
  reset,
  refused,
  truncated,
  garbage,
  slow,
};

// The classes of outcomes, in the order in which they are told: every treatment but ok.
inline constexpr std::array classes{
    Treatment::status_500, Treatment::status_502, Treatment::status_503, Treatment::status_504,
    Treatment::status_429, Treatment::status_404, Treatment::timeout,    Treatment::reset,
    Treatment::refused,    Treatment::truncated,  Treatment::garbage,    Treatment::slow};

std::string_view name(Treatment treatment);
int status_of(Treatment treatment);  // 0: it is none of the statuses

struct Attempt {
  Instant arrived{};
  Instant answered = never;  // or reset, cut short …: our side of it is over
  Instant left = never;      // the client went away before that

  bool open() const { return answered == never && left == never; }
};

struct Call {
  Instant begun{};
  Instant ended = never;
  int status = 0;  // 0: no answer

  bool over() const { return ended != never; }
};

class Bench {
 public:
  static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

  virtual ~Bench() = default;
  virtual Instant now() const = 0;

  // The fate of the attempts that arrive from now on: the next `count` meet this one, those behind
  // them `then`.
  virtual void treat(Treatment treatment, std::size_t count = all,
                     Treatment then = Treatment::ok) = 0;
  virtual void slow_by(Duration delay) = 0;

  // Begins a call; its place in calls().
  virtual std::size_t call() = 0;
  // Decides about an attempt that was held (timeout).
  virtual void answer(std::size_t attempt, Treatment treatment) = 0;

  // Until `enough` or `limit`. False when the limit came first or nobody wants to go on.
  virtual bool wait(Instant limit, const std::function<bool()>& enough) = 0;
  // Why it cannot go on (a signal, the upstream is gone); empty while it can.
  virtual std::string obstacle() const = 0;

  virtual const std::vector<Call>& calls() const = 0;
  virtual const std::vector<Attempt>& attempts() const = 0;
};

}  // namespace faultline::xray
