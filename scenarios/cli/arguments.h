#pragma once

// A verb's command line. Options may be anywhere; nothing is guessed from an abbreviation, and what
// is not known is answered with what is nearest. `--log-level` and `--help` belong to every verb.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "faults/result.h"
#include "scenarios/cli/verb.h"

namespace faultline::cli {

struct Options {
  std::vector<std::string> flags;   // --json
  std::vector<std::string> values;  // --out DIR
  std::vector<std::string> lists;   // --set k=v, as often as wanted
  std::string_view operand;         // "DRILL"; empty: none is taken
  std::size_t least = 0, most = 0;  // how many of them
};

class Arguments {
 public:
  bool has(const std::string& flag) const { return flags_.contains(flag); }
  std::optional<std::string> value(const std::string& name) const;
  std::vector<std::string> list(const std::string& name) const;
  const std::vector<std::string>& operands() const { return operands_; }

 private:
  friend Result<Arguments> parse(std::span<const std::string>, const Options&);

  std::map<std::string, bool> flags_;
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> operands_;
};

Result<Arguments> parse(std::span<const std::string> arguments, const Options& options);

// For a verb's first lines: parses, sets up the log and answers --help. When there is nothing left
// to do it returns the exit code instead.
struct Begun {
  std::optional<Arguments> arguments;
  int exit_code = exit_pass;
};
Begun begin(const Verb& verb, std::span<const std::string> arguments, const Options& options);

// "faultline run: …" on stderr; returns exit_usage.
int usage_error(const Verb& verb, const std::string& what);
void complain(const std::string& what);  // "faultline: …" on stderr

}  // namespace faultline::cli
