// Rate limits: what the service declares, what it did, and whether the two agree.

#include <algorithm>
#include <functional>

#include "scenarios/drill/plan_words.h"
#include "scenarios/formats/markdown/sections.h"
#include "scenarios/measures/limit_history.h"
#include "scenarios/report/figure.h"

namespace faultline::markdown {
namespace {

constexpr std::size_t most_keys = 20;  // in a table; the most refused come first

struct Counts {
  std::string key;
  std::uint64_t passed = 0, refused = 0;
  std::uint64_t wrongly_passed = 0, wrongly_refused = 0, undecided = 0, untold = 0;
};

Counts counts_of(const std::string& key, const std::vector<LimitDecision>& decisions) {
  Counts counts{.key = key};
  for (const LimitDecision& one : decisions) {
    ++(one.refused ? counts.refused : counts.passed);
    if (one.judged == LimitDecision::Judged::undecided) ++counts.undecided;
    if (one.judged == LimitDecision::Judged::wrong)
      ++(one.refused ? counts.wrongly_refused : counts.wrongly_passed);
    if (untold(one)) ++counts.untold;
  }
  return counts;
}

void by_key(Page& page, const LimitPlan& plan, const LimitHistory& history) {
  std::vector<Counts> keys;
  for (const auto& [key, decisions] : history.by_key) keys.push_back(counts_of(key, decisions));
  std::ranges::stable_sort(keys, std::greater{}, &Counts::refused);
  std::vector<Row> rows;
  for (std::size_t i = 0; i < std::min(keys.size(), most_keys); ++i) {
    const Counts& one = keys[i];
    const std::uint64_t all = one.passed + one.refused;
    const std::uint64_t wrong = one.wrongly_passed + one.wrongly_refused;
    rows.push_back({plan.key == LimitKey::all ? "everybody" : plain(one.key), std::to_string(all),
                    std::to_string(one.passed), std::to_string(one.refused),
                    share(all - wrong - one.undecided, all), std::to_string(one.wrongly_refused),
                    std::to_string(one.wrongly_passed), std::to_string(one.undecided),
                    std::to_string(one.untold)});
  }
  page.table({"Key", "Requests", "Passed", "Refused", "Right", "False positives", "False negatives",
              "Undecided", "No Retry-After"},
             rows, "requests");
  if (keys.size() > most_keys)
    page.paragraph("And " + counted(keys.size() - most_keys, "key") + " more.");
}

}  // namespace

void limits(Page& page, const Story& story) {
  page.section("Rate limiting");
  if (story.drill.limits.empty())
    return page.nothing("the drill declares no rate limit that decisions could be judged by");
  if (const std::string missing = events_missing(story.recording); !missing.empty())
    return page.nothing(missing);
  for (const LimitPlan& plan : story.drill.limits) {
    page.subsection("The limit " + plain(plan.name));
    page.paragraph("Declared: " + plain(limit_words(plan)) + " · seen on " + plain(plan.on) +
                   " · refuses with " + std::to_string(plan.status));
    const auto history = limit_history(story.recording, plan);
    if (!history) {
      page.nothing(plain(history.error()));
      continue;
    }
    by_key(page, plan, *history);
    const std::string of = "(" + plan.name + ")";
    page.paragraph("Decisions right: " + cell(story, "limit.right", of) +
                   " · Retry-After too early by at most " + cell(story, "limit.told_early", of) +
                   " · too late by at most " + cell(story, "limit.told_late", of) +
                   " (whole seconds: up to 1s)");
  }
}

}  // namespace faultline::markdown
