#pragma once

// From a measure to a verdict on one expectation, and from all of a run to the one on the run.
//
// An expectation passes only if the whole interval satisfies it, and fails if the value does not.
// In between (the value does, the interval reaches beyond) it is inconclusive: within the
// resolution. Of a right-censored measure only the bound is known: `x < 1s` fails when x > 10 s and
// is inconclusive when x > 0.3 s. What cannot be told is inconclusive.

#include <string>
#include <string_view>

#include "scenarios/report/figure.h"
#include "scenarios/report/report.h"

namespace faultline {

Verdict compare(Comparison comparison, double value, const Measure& measure);

// Judges and explains. A fault that touched nothing says something about the drill, not about the
// service: an expectation that it touched something is then inconclusive instead of failed.
Finding judge(const Expectation& expectation, const MeasureKind& kind, const Measure& measure);

// The value, then its interval and what it rests on: "213ms in [193ms, 233ms], n=42",
// "> 10s, n=500", "3, n=900", "99.8 %, n=498", "cannot tell".
std::string observed(const Measure& measure, Unit unit);

}  // namespace faultline
