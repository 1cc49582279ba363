// What a breaker knows when it has closed, and how it came to be closed, is found too.

#include <vector>

#include "tests/scenarios/xray_judge.h"

namespace faultline::xray::simulated {
namespace {

using namespace std::chrono_literals;

// What closing does not clear is the success that closed it, or there is nothing to close.
std::vector<Case> what_closing_leaves() {
  return {
      {"a share in seconds that knows of what closed it",
       {.rule = Rule::ratio,
        .share = 0.4,
        .minimum = 8,
        .time = 10s,
        .bucket = 1s,
        .carries = true}},
      {"above a share, known on failures only, of what closed it",
       {.rule = Rule::ratio,
        .share = 0.3,
        .above = true,
        .minimum = 6,
        .time = 6s,
        .on_failure_only = true,
        .carries = true,
        .queues = true}},
      {"a share in seconds that pass with calls only, and what closed it",
       {.rule = Rule::ratio,
        .share = 0.3,
        .above = true,
        .minimum = 8,
        .time = 8s,
        .bucket = 1s,
        .moved_by_calls = true,
        .on_failure_only = true,
        .carries = true,
        .open_for = 3s,
        .queues = true},
       {},
       {"window"}},
      {"of ten calls, with what closed it",
       {.rule = Rule::ratio,
        .share = 0.6,
        .minimum = 6,
        .calls = 10,
        .on_failure_only = true,
        .carries = true},
       {},
       {"comparison", "minimum_calls"}},
      {"above a share of ten calls, with what closed it",
       {.rule = Rule::ratio,
        .share = 0.4,
        .above = true,
        .minimum = 6,
        .calls = 10,
        .on_failure_only = true,
        .carries = true},
       {},
       {"comparison", "minimum_calls"}},
      {"a number in a time, and everybody is a probe",
       {.rule = Rule::count,
        .number = 4,
        .time = 3s,
        .ignored = {Treatment::status_404},
        .open_for = 3s,
        .probes = 0,
        .to_close = 2}},
      {"the first four outcomes decide, of as many as come",
       {.rule = Rule::ratio,
        .share = 0.5,
        .minimum = 10,
        .calls = 10,
        .probes = 0,
        .judged = 4,
        .lets_more_in = true},
       {},
       {"comparison"}},
      {"the first three outcomes decide, of as many as come",
       {.number = 5, .probes = 0, .judged = 3, .lets_more_in = true}},
      {"two of as many probes as come",
       {.number = 3, .open_for = 1500ms, .probes = 0, .to_close = 2, .to_reopen = 2}},
      {"it closes by itself, in a row", {.number = 4, .probes = 0, .to_close = 0}},
      {"it closes by itself, of a share",
       {.rule = Rule::ratio,
        .share = 0.5,
        .above = true,
        .minimum = 7,
        .time = 6s,
        .bucket = 1s,
        .open_for = 3s,
        .probes = 0,
        .to_close = 0}},
      {"it closes by itself, of a number in a time",
       {.rule = Rule::count, .number = 5, .time = 8s, .open_for = 1s, .probes = 0, .to_close = 0},
       {},
       {"counts"}},
  };
}

TEST_CASE("what closing leaves behind is found") {
  for (const Case& one : what_closing_leaves()) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) examine(one, seed);
  }
}

}  // namespace
}  // namespace faultline::xray::simulated
