#include "scenarios/cli/verb.h"

#include <array>

namespace faultline::cli {
namespace {

constexpr std::array<const Verb*, 10> all{&run_verb,     &validate_verb, &plan_verb,  &report_verb,
                                          &relay_verb,   &xray_verb,     &serve_verb, &ctl_verb,
                                          &version_verb, &help_verb};

}  // namespace

std::span<const Verb* const> verbs() { return all; }

const Verb* find_verb(std::string_view name) {
  for (const Verb* verb : all) {
    if (verb->name == name) return verb;
  }
  return nullptr;
}

std::vector<std::string> verb_names() {
  std::vector<std::string> names;
  for (const Verb* verb : all) names.emplace_back(verb->name);
  return names;
}

}  // namespace faultline::cli
