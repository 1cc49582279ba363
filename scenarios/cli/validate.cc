#include <cstdio>
#include <string>

#include "proxy/json_line.h"
#include "scenarios/cli/arguments.h"
#include "scenarios/cli/drill_file.h"
#include "scenarios/drill/fault_spec.h"

namespace faultline::cli {
namespace {

constexpr std::string_view usage =
    "Examples:\n"
    "  faultline validate examples/drills/*.toml\n\n"
    "Usage: faultline validate DRILL... [--set KEY=VALUE]... [--json]\n\n"
    "Reads drills and tells every mistake, each with its file, line and column. Nothing is run.\n\n"
    "  --set KEY=VALUE  overrides a key of the drill, as in run\n"
    "  --json           one object per drill on stdout\n";

Errors mistakes_in(const std::string& file, const std::vector<std::string>& sets) {
  Checked<ReadDrill> read = read_drill_file(file, sets);
  if (!read) return std::move(read.error());
  Errors errors;
  for (const FaultPlan& fault : read->drill.faults) {
    Checked<FaultSpec> spec = fault_spec(fault);
    if (spec) continue;
    for (Error& error : spec.error()) errors.push_back(std::move(error));
  }
  return errors;
}

void print_json(const std::string& file, const Errors& errors) {
  std::string out;
  {
    JsonObject object(out);
    object.text("drill", file);
    object.boolean("valid", errors.empty());
    std::string& list = object.key("errors");
    list += '[';
    for (const Error& error : errors) {
      if (&error != &errors.front()) list += ',';
      JsonObject one(list);
      one.text("where", error.where);
      one.text("what", error.what);
    }
    list += ']';
  }
  std::puts(out.c_str());
}

int validate(std::span<const std::string> arguments) {
  constexpr std::size_t most = 10'000;
  const Begun begun = begin(validate_verb, arguments, {{"json"}, {}, {"set"}, "DRILL", 1, most});
  if (!begun.arguments) return begun.exit_code;
  bool valid = true;
  for (const std::string& file : begun.arguments->operands()) {
    const Errors errors = mistakes_in(file, begun.arguments->list("set"));
    valid = valid && errors.empty();
    if (begun.arguments->has("json")) {
      print_json(file, errors);
    } else if (errors.empty()) {
      std::printf("%s: valid\n", file.c_str());
    }
    if (begun.arguments->has("json")) continue;
    for (const Error& error : errors) std::fprintf(stderr, "%s\n", error.text().c_str());
  }
  return valid ? exit_pass : exit_usage;
}

}  // namespace

const Verb validate_verb{"validate", "tells every mistake in drills", usage, validate};

}  // namespace faultline::cli
