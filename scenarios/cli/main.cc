// The composition root: finds the verb and calls it. Called toxiproxy-server, the program is one.

#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "faults/result.h"
#include "proxy/wire/signals.h"
#include "scenarios/cli/arguments.h"
#include "scenarios/cli/serving.h"
#include "scenarios/cli/verb.h"

namespace {

using namespace faultline;

int dispatch(std::vector<std::string> words) {
  if (words.empty()) {
    cli::help_verb.run({});
    return cli::exit_usage;
  }
  if (words.front() == "--help" || words.front() == "-h") words.front() = "help";
  if (words.front() == "--version" || words.front() == "-V") words.front() = "version";
  const cli::Verb* const verb = cli::find_verb(words.front());
  if (verb == nullptr) {
    cli::complain("unknown verb \"" + words.front() + "\"" +
                  suggestion(words.front(), cli::verb_names()));
    return cli::exit_usage;
  }
  return verb->run(std::span<const std::string>(words).subspan(1));
}

}  // namespace

int main(int count, char** words) {
  wire::ignore_write_signals();
  try {
    std::vector<std::string> arguments(words + 1, words + count);
    if (cli::is_toxiproxy_server(words[0])) return cli::toxiproxy_server(arguments);
    return dispatch(std::move(arguments));
  } catch (const std::exception& failure) {
    cli::complain(std::string("internal error: ") + failure.what());
    return cli::exit_internal;
  }
}
