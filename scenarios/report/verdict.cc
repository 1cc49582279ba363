#include "scenarios/report/verdict.h"

#include <cmath>

namespace faultline {
namespace {

// Shares are quotients: equality must not hang on the last bit.
constexpr double same = 1e-12;

bool equal(double a, double b) { return std::abs(a - b) <= same; }

Verdict compare_censored(Comparison comparison, double value, double low) {
  const bool beyond = low >= value;  // the truth is greater than low
  switch (comparison) {
    case Comparison::less:
    case Comparison::at_most:
    case Comparison::equal:
      return beyond ? Verdict::fail : Verdict::inconclusive;
    case Comparison::not_equal:
    case Comparison::at_least:
    case Comparison::greater:
      return beyond ? Verdict::pass : Verdict::inconclusive;
  }
  return Verdict::inconclusive;
}

Verdict verdict_of(bool certain, bool likely) {
  return certain ? Verdict::pass : likely ? Verdict::inconclusive : Verdict::fail;
}

Verdict compare_known(Comparison comparison, double value, const Measure& m) {
  const bool exact = equal(m.low, m.high);
  const bool within = m.low - same <= value && value <= m.high + same;
  switch (comparison) {
    case Comparison::less:
      return verdict_of(m.high < value, m.value < value);
    case Comparison::at_most:
      return verdict_of(m.high <= value + same, m.value <= value + same);
    case Comparison::equal:
      return verdict_of(exact && within, within);
    case Comparison::not_equal:
      return verdict_of(!within, !exact);
    case Comparison::at_least:
      return verdict_of(m.low >= value - same, m.value >= value - same);
    case Comparison::greater:
      return verdict_of(m.low > value, m.value > value);
  }
  return Verdict::inconclusive;
}

// Nothing where the interval is no wider than the value is shown.
std::string interval(const Measure& m, Unit unit) {
  const std::string low = formatted(m.low, unit);
  const std::string high = formatted(m.high, unit);
  return low == high ? "" : " in [" + low + ", " + high + "]";
}

}  // namespace

Verdict compare(Comparison comparison, double value, const Measure& measure) {
  switch (measure.certainty) {
    case Certainty::unknown:
      return Verdict::inconclusive;
    case Certainty::exceeds:
      return compare_censored(comparison, value, measure.low);
    case Certainty::known:
      return compare_known(comparison, value, measure);
  }
  return Verdict::inconclusive;
}

Finding judge(const Expectation& expectation, const MeasureKind& kind, const Measure& measure) {
  Finding finding{expectation, measure, compare(expectation.comparison, expectation.value, measure),
                  observed(measure, kind.unit), measure.reason};
  const bool of_the_drill = kind.name == "touched" && measure.value == 0;
  if (finding.verdict == Verdict::fail && of_the_drill) {
    finding.verdict = Verdict::inconclusive;
    finding.reason = "the fault touched nothing";
  }
  if (!finding.reason.empty() || finding.verdict == Verdict::pass) return finding;
  const std::string limit = formatted(expectation.value, kind.unit);
  const std::string value = formatted(measure.value, kind.unit);
  if (finding.verdict == Verdict::fail && value == limit && kind.unit == Unit::duration)
    // Rounded for people it looks as if the limit had been kept.
    finding.reason = "exactly " + to_string(Duration(std::llround(measure.value * 1e9)));
  else if (finding.verdict == Verdict::fail)
    finding.reason = "observed " + value;
  else
    finding.reason = "too close to " + limit + " for the resolution of this run";
  return finding;
}

std::string observed(const Measure& measure, Unit unit) {
  const std::string n = measure.n == 0 ? "" : ", n=" + std::to_string(measure.n);
  switch (measure.certainty) {
    case Certainty::unknown:
      return "cannot tell";
    case Certainty::exceeds:
      return "> " + formatted(measure.low, unit) + n;
    case Certainty::known:
      return formatted(measure.value, unit) + interval(measure, unit) + n;
  }
  return "";
}

}  // namespace faultline
