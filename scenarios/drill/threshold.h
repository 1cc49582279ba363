#pragma once

// Thresholds in k6's words, as expectations of ours:
//
//     [workload.thresholds]                         the workload is `calls`
//     http_req_duration = ["p(95) < 500", "avg < 200ms"]     p95(calls, all) < 500ms …
//     http_req_failed = "rate < 1%"                          errors(calls, all) < 1%
//     "http_req_duration{phase:spike}" = "p(99) < 2s"        p99(calls, spike) < 2s
//
// A duration without a unit is in milliseconds: these are k6's words, and there it is. Nowhere else
// in a drill is a bare number a duration.

#include <string_view>

#include "scenarios/drill/expectation.h"

namespace faultline {

// What `metric` ("http_req_duration", with a phase in braces if it is not about all of the run) has
// to be, for the requests of `workload`. The grammar and the words are checked here; whether the
// phase exists is asked of the measures' catalogue, as for every expectation.
Result<Expectation> threshold_from(std::string_view workload, std::string_view metric,
                                   std::string_view condition, const std::string& where);

}  // namespace faultline
