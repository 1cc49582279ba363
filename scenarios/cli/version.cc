#include <cstdio>

#include "scenarios/cli/arguments.h"
#include "scenarios/cli/verb.h"

namespace faultline::cli {
namespace {

int version(std::span<const std::string> arguments) {
  const Begun begun = begin(version_verb, arguments, {});
  if (!begun.arguments) return begun.exit_code;
  std::puts("faultline " FAULTLINE_VERSION);
  return exit_pass;
}

}  // namespace

const Verb version_verb{"version", "prints the version", "faultline version\n", version};

}  // namespace faultline::cli
