#pragma once

// A simulated breaker as a case of the X-ray, and what is held against its answers.

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "scenarios/xray/examination.h"
#include "tests/scenarios/simulated_service.h"
#include "tests/support/catch.h"

namespace faultline::xray::simulated {

using Rule = SimulatedBreaker::Rule;

struct Case {
  std::string title;
  SimulatedBreaker breaker;
  SimulatedClient client = {};
  // Names that need not be told of this one, besides those that never need be.
  std::vector<std::string> untold = {};
};

// Judges one X-ray against the breaker it was made of.
class Judge {
 public:
  // Lenient: whatever is told must be true, but nothing need be told.
  Judge(const Case& one, const Answers& answers, bool lenient = false)
      : case_(one), answers_(answers), lenient_(lenient) {}

  void all() {
    const SimulatedBreaker& breaker = case_.breaker;
    word("rule", breaker.rule == Rule::ratio   ? "ratio"
                 : breaker.rule == Rule::count ? "count"
                                               : "consecutive");
    within("threshold",
           breaker.rule == Rule::ratio ? breaker.share : static_cast<double>(breaker.number));
    word("comparison", breaker.above ? ">" : ">=");
    if (breaker.rule == Rule::ratio) {
      within("minimum_calls", static_cast<double>(breaker.minimum));
    } else {
      nothing("minimum_calls");
    }
    window();
    openings();
    half_open();
    counts();
    if (case_.client.limit) within("client_timeout", seconds(*case_.client.limit));
    within("attempts_per_call", static_cast<double>(case_.client.attempts));
  }

 private:
  const Answer* found(const std::string& name) {
    const Answer& answer = answers_.find(name)->second;
    INFO(name + ": " + answer.evidence);
    CHECK(!answer.evidence.empty());
    if (answer.state == State::found) return &answer;
    const bool may_be = lenient_ || std::ranges::find(case_.untold, name) != case_.untold.end();
    const bool had_to_be_found = !may_be && name != "hung_probe";
    CHECK_FALSE(had_to_be_found);
    return nullptr;
  }
  void nothing(const std::string& name) {
    INFO(name);
    CHECK(answers_.find(name)->second.state == State::not_exercised);
  }
  void word(const std::string& name, const std::string& truth) {
    const Answer* const answer = found(name);
    if (answer == nullptr) return;
    INFO(name + ": " + answer->evidence);
    CHECK(answer->word == truth);
  }
  void within(const std::string& name, double truth) { within(name, truth, truth); }
  void within(const std::string& name, double low, double high) {
    const Answer* const answer = found(name);
    if (answer == nullptr) return;
    INFO(name + ": " + answer->evidence);
    REQUIRE(answer->range);
    CAPTURE(answer->range->low, answer->range->high, low, high);
    CHECK(answer->range->low <= low + 1e-9);
    CHECK(answer->range->high >= high - 1e-9);
  }

  void window() {
    const SimulatedBreaker& breaker = case_.breaker;
    if (breaker.rule == Rule::consecutive) return nothing("window");
    word("window", breaker.calls > 0 ? "calls" : "time");
    if (answers_.find("window")->second.state != State::found) return;
    within("window",
           breaker.calls > 0 ? static_cast<double>(breaker.calls) : seconds(breaker.time));
  }

  void openings() {
    const SimulatedBreaker& breaker = case_.breaker;
    const double usual = seconds(breaker.open_for);
    if (breaker.jitter > 0) {
      within("open_duration", usual, usual);
    } else {
      within("open_duration", usual);
    }
    word("backoff", breaker.growth > 1 ? "growing" : breaker.jitter > 0 ? "jittered" : "constant");
    const Answer* const extend = found("rejected_extend");
    if (extend != nullptr) CHECK(extend->truth == breaker.rejected_extend);
  }

  void half_open() {
    const SimulatedBreaker& breaker = case_.breaker;
    const bool limited = breaker.judged > 0 && !breaker.lets_more_in;
    const std::size_t admits = limited ? breaker.judged : breaker.probes;
    if (admits == 0) {
      nothing("half_open_concurrency");
      word("half_open_others", "none");
    } else {
      within("half_open_concurrency", static_cast<double>(admits));
      if (case_.client.at_once == 0)
        word("half_open_others", breaker.queues ? "queued" : "rejected");
    }
    within("successes_to_close",
           static_cast<double>(breaker.judged > 0 ? breaker.judged : breaker.to_close));
    if (breaker.to_close == 0) {
      nothing("failures_to_reopen");
    } else {
      within("failures_to_reopen",
             static_cast<double>(breaker.judged > 0 ? breaker.judged : breaker.to_reopen));
    }
    const Answer* const hung = found("hung_probe");
    if (hung == nullptr) return;
    INFO(hung->evidence);
    CHECK((hung->word == "stuck") == breaker.keeps_hung);
    if (admits == 1 && !breaker.keeps_hung) CHECK(hung->word == "recovers");
    if (admits == 0) CHECK(hung->word == "not_blocking");
  }

  void counts() {
    const Answer* const answer = found("counts");
    if (answer == nullptr) return;
    for (const Treatment treatment : classes) {
      const std::string& said = answer->counts.find(std::string(name(treatment)))->second;
      const bool late = treatment == Treatment::slow && case_.breaker.slow_limit > Duration{};
      const std::string truth = case_.breaker.ignored.contains(treatment)             ? "ignored"
                                : late || !case_.breaker.harmless.contains(treatment) ? "failure"
                                                                                      : "success";
      INFO(std::string(name(treatment)) + ": " + answer->evidence);
      CHECK((said == truth || said.empty()));
      const bool may_be =
          lenient_ || std::ranges::find(case_.untold, "counts") != case_.untold.end();
      CHECK((may_be || !said.empty()));
    }
  }

  const Case& case_;
  const Answers& answers_;
  const bool lenient_;
};

inline void examine(const Case& one, std::uint64_t seed) {
  INFO(one.title + ", seed " + std::to_string(seed));
  SimulatedService service(one.breaker, one.client, seed);
  const Instant begun = service.now();
  Examination examination(service, {});
  const Result<Answers> answers = examination.run();
  REQUIRE(answers);
  CHECK(service.now() - begun <= std::chrono::seconds(601));
  Judge(one, *answers).all();
}

}  // namespace faultline::xray::simulated
