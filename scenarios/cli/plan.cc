#include "scenarios/drill/plan.h"

#include <cstdio>
#include <string>

#include "scenarios/cli/arguments.h"
#include "scenarios/cli/drill_file.h"

namespace faultline::cli {
namespace {

constexpr std::string_view usage =
    "Examples:\n"
    "  faultline plan examples/drills/postgres-outage.toml --set seed=7\n\n"
    "Usage: faultline plan DRILL [--set KEY=VALUE]... [--json]\n\n"
    "Prints what a run of the drill would do, without binding a port or starting anything.\n\n"
    "  --set KEY=VALUE  overrides a key of the drill, as in run\n"
    "  --json           one JSON object on stdout; a mistake in the drill stays text on stderr\n";

int plan(std::span<const std::string> arguments) {
  const Begun begun = begin(plan_verb, arguments, {{"json"}, {}, {"set"}, "DRILL", 1, 1});
  if (!begun.arguments) return begun.exit_code;
  const Checked<ReadDrill> read =
      read_drill_file(begun.arguments->operands().front(), begun.arguments->list("set"));
  if (!read) {
    for (const Error& error : read.error()) std::fprintf(stderr, "%s\n", error.text().c_str());
    return exit_usage;
  }
  const bool json = begun.arguments->has("json");
  std::fputs((json ? plan_json(*read) : plan_text(*read)).c_str(), stdout);
  return exit_pass;
}

}  // namespace

const Verb plan_verb{"plan", "prints what a run would do", usage, plan};

}  // namespace faultline::cli
