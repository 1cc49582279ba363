#include "scenarios/verdict.h"

#include <charconv>
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

std::string digits(double value, int decimals) {
  char text[64];
  const auto end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, decimals);
  return {text, end.ptr};
}

// Three digits that mean something, but never beyond microseconds.
int decimals_of(double seconds) {
  const double size = std::abs(seconds);
  if (size == 0 || size >= 0.1) return size >= 100 ? 1 : 3;
  return size >= 0.001 ? 4 : 6;
}

std::string number(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return digits(value, 0);
  return digits(value, 1);
}

std::string interval(const Measure& m, Unit unit) {
  if (m.low == m.high) return "";
  const auto text = [&](double value) {
    return unit == Unit::duration ? digits(value, decimals_of(m.high)) : number(value);
  };
  return " in [" + text(m.low) + ", " + text(m.high) + "]";
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
  if (finding.verdict == Verdict::fail)
    finding.reason = "observed " + formatted(measure.value, kind.unit);
  else
    finding.reason = "too close to " + limit + " for the resolution of this run";
  return finding;
}

std::string formatted(double value, Unit unit) {
  switch (unit) {
    case Unit::duration:
      return digits(value, decimals_of(value)) + " s";
    case Unit::count:
      return number(value);
    case Unit::ratio: {
      const double percent = value * 100;
      const bool whole = equal(percent, std::round(percent));
      // Never round 99.96 % up to all, nor 0.04 % down to none.
      const int decimals = whole ? 0 : percent > 99 || percent < 1 ? 3 : 1;
      return digits(percent, decimals) + " %";
    }
  }
  return "";
}

std::string observed(const Measure& measure, Unit unit) {
  const std::string n = measure.n == 0 ? "" : " (n=" + std::to_string(measure.n) + ")";
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
