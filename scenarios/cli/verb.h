#pragma once

// What the program can be told to do: one verb, one file. Data goes to stdout, talk to stderr.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faultline::cli {

enum ExitCode : int {
  exit_pass = 0,
  exit_fail = 1,
  exit_usage = 2,  // also a drill that is not valid
  exit_environment = 4,
  exit_internal = 70,
  exit_signal = 128,  // + its number
};

struct Verb {
  std::string_view name;
  std::string_view summary;
  std::string_view usage;  // examples first, then every option
  int (*run)(std::span<const std::string> arguments) = nullptr;
};

extern const Verb run_verb, validate_verb, plan_verb, report_verb, relay_verb, xray_verb,
    serve_verb, ctl_verb, version_verb, help_verb;

// In the order users see them.
std::span<const Verb* const> verbs();
const Verb* find_verb(std::string_view name);
std::vector<std::string> verb_names();

}  // namespace faultline::cli
