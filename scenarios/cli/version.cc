#include <cstdio>

#include "scenarios/cli/arguments.h"
#include "scenarios/cli/verb.h"

namespace faultline::cli {
namespace {

constexpr std::string_view usage =
    "Examples:\n"
    "  faultline version\n\n"
    "Usage: faultline version\n\n"
    "Prints the version of this faultline.\n";

int version(std::span<const std::string> arguments) {
  const Begun begun = begin(version_verb, arguments, {});
  if (!begun.arguments) return begun.exit_code;
  std::puts("faultline " FAULTLINE_VERSION);
  return exit_pass;
}

}  // namespace

const Verb version_verb{"version", "prints the version", usage, version};

}  // namespace faultline::cli
