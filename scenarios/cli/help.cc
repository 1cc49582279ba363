#include <cstdio>
#include <string>

#include "scenarios/cli/arguments.h"
#include "scenarios/cli/verb.h"

namespace faultline::cli {
namespace {

constexpr std::string_view usage =
    "Examples:\n"
    "  faultline help\n"
    "  faultline help run\n\n"
    "Usage: faultline help [VERB]\n\n"
    "Tells what faultline is for, or what a verb does and its options.\n";

int overview() {
  std::string text =
      "faultline stands in front of what a service depends on, breaks it on purpose, and says "
      "what\n"
      "the service did.\n\nExamples:\n"
      "  faultline run examples/drills/postgres-outage.toml\n"
      "  faultline report faultline-runs/latest\n\nVerbs:\n";
  for (const Verb* verb : verbs()) {
    std::string name(verb->name);
    name.resize(10, ' ');
    text += "  " + name + std::string(verb->summary) + "\n";
  }
  text +=
      "\n`faultline help VERB` tells its options.\n\nExit codes: 0 pass, 1 an expectation failed, "
      "2 usage or invalid drill, 3 inconclusive or invalid\nrun, 4 environment, 70 internal error, "
      "128 + n stopped by signal n, after healing.\n";
  std::fputs(text.c_str(), stdout);
  return exit_pass;
}

int help(std::span<const std::string> arguments) {
  const Begun begun = begin(help_verb, arguments, {{}, {}, {}, "VERB", 0, 1});
  if (!begun.arguments) return begun.exit_code;
  if (begun.arguments->operands().empty()) return overview();
  const std::string& name = begun.arguments->operands().front();
  const Verb* const verb = find_verb(name);
  if (verb == nullptr) {
    return usage_error(help_verb, "unknown verb \"" + name + "\"" + suggestion(name, verb_names()));
  }
  std::fputs(std::string(verb->usage).c_str(), stdout);
  return exit_pass;
}

}  // namespace

const Verb help_verb{"help", "tells what a verb does", usage, help};

}  // namespace faultline::cli
