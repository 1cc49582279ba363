#pragma once

// The extension point: what a recording says, as numbers.
//
// A measure is a pure function from a recording to a value with an interval [last evidence against,
// first evidence for], the count n it rests on, and a reason when there is no value. A measure that
// cannot tell says so: it is never 0 and never a pass. Definitions and edge cases: the comment at
// the head of each family's file.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/drill/expectation.h"
#include "scenarios/recording/recording.h"

namespace faultline {

enum class Certainty : std::uint8_t {
  known,
  exceeds,  // right-censored: not seen while it was looked for; the value is greater than `low`
  unknown,  // cannot tell; see reason
};

struct Measure {
  Certainty certainty = Certainty::unknown;
  double value = 0;  // in the unit of its kind: seconds, a count, a share
  double low = 0;    // interval; low <= value <= high when known
  double high = 0;
  std::uint64_t n = 0;
  std::string reason;  // why there is no value, or what a reader must know of it

  static Measure of(double value, std::uint64_t n);
  static Measure between(double low, double value, double high, std::uint64_t n);
  static Measure greater_than(double low, std::uint64_t n, std::string reason);
  static Measure cannot_tell(std::string reason);
};

enum class ArgumentType : std::uint8_t {
  fault,    // id of a fault of the drill
  source,   // name of a workload, WORKLOAD.KIND of its mix, or a proxy whose exchanges are meant
  phase,    // "baseline", "fault" or a fault's id, a stage of a load, "recovery", "all"
  status,   // "503"
  sink,     // name of a sink
  stage,    // name of a stage of a load
  proxy,    // name of a proxy
  ordinal,  // "2": the second of its kind
  limit,    // name of a declared rate limit
  did,      // "withheld", "given", "any": what a server did of a request (fate.h)
  told,     // "nothing", "failed", "any": what a client was told of it
  route,    // "/oauth/token", "/users/*": the path of a request
  // An answer of an X-ray, by its name: one that the drill's contract names; one that is a number,
  // a time, a share; one that is a word, or a class of outcomes; and such a word of the one before.
  answer,
  counted_answer,
  timed_answer,
  shared_answer,
  worded_answer,
  word,
};

struct ArgumentSpec {
  ArgumentType type;
  std::string_view name;
  bool optional = false;
};

struct MeasureKind {
  std::string_view name;  // "detection", "recovery.first"
  std::string_view summary;
  Unit unit = Unit::count;
  std::span<const ArgumentSpec> arguments;
  Measure (*compute)(const Recording&, std::span<const std::string> arguments) = nullptr;
  // A count of the ledger: reports show it there. Which of these prove a failure even in a run that
  // is invalid otherwise, the verdict decides (scenarios/report/report.cc).
  bool of_ledger = false;
};

// Every measure, in the order users see them; scenarios/measures/catalogue.cc.
std::span<const MeasureKind* const> measure_kinds();
const MeasureKind* find_measure_kind(std::string_view name);

// Whether the measure exists, its arguments name things of the drill, and the unit fits.
std::optional<Error> check_expectation(const Expectation& expectation, const Drill& drill);

}  // namespace faultline
