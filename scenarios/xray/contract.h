#pragma once

// What a breaker should be, as a user writes it, and whether it is. Per name a value, an interval
// or the words that are allowed:
//
//   rule = "ratio"
//   threshold = 0.5
//   open_duration = { low = 4.5, high = 5.5 }
//   hung_probe = ["recovers", "not_blocking"]
//   window = { value = "calls", low = 20, high = 20 }
//   [counts]
//   404 = "success"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "faults/result.h"
#include "scenarios/xray/answer.h"

namespace faultline::xray {

struct Expected {
  std::vector<std::string> words;             // any of these; empty: it says no word
  std::optional<Range> range;                 // what was found must meet it
  std::map<std::string, std::string> counts;  // of the classes named
  std::string text;                           // as a reader is told it
  std::string where;                          // file, line and column
};

using Contract = std::map<std::string, Expected, std::less<>>;

// Every mistake, each with file, line and column.
Checked<Contract> read_contract(const std::string& file);
Checked<Contract> contract_from(std::string_view text, const std::string& file);

// The words that an answer, or a class of outcomes, can be; none: it is a number, or unknown.
std::vector<std::string> words_for(std::string_view name);

enum class Compliance : std::uint8_t { kept, contradicted, untold };

// Says of every name in the contract whether what was found confirms or contradicts it.
Compliance compare(const Contract& contract, Answers& answers);

}  // namespace faultline::xray
