#include "scenarios/xray/contract.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "scenarios/drill/document.h"
#include "scenarios/xray/bench.h"
#include "scenarios/xray/contract_table.h"

namespace faultline::xray {
namespace {

const std::map<std::string, std::vector<std::string>, std::less<>> words_of{
    {"rule", {"consecutive", "count", "ratio"}},
    {"comparison", {">=", ">"}},
    {"window", {"calls", "time"}},
    {"backoff", {"constant", "growing", "jittered"}},
    {"half_open_others", {"rejected", "queued", "none"}},
    {"rejected_extend", {"true", "false"}},
    {"hung_probe", {"stuck", "recovers", "not_blocking"}}};
const std::vector<std::string> counting_words{"failure", "success", "ignored"};

std::string shown(double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%g", value);
  return text.data();
}

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  std::string where(const Place& place) const {
    if (place.set != 0) return "--set " + std::to_string(place.set);
    return file_ + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
  }

  void wrong(const Place& place, const std::string& what) {
    errors.push_back({where(place), what});
  }

  void read(const Member& member) {
    const std::vector<std::string> known(names.begin(), names.end());
    if (std::ranges::find(known, member.key) == known.end()) {
      return wrong(member.place,
                   "unknown name " + faultline::quoted(member.key) + suggestion(member.key, known));
    }
    Expected expected;
    expected.where = where(member.place);
    if (member.key == "counts") {
      counts(member.value, expected);
    } else {
      value(member.key, member.value, expected);
    }
    contract[member.key] = std::move(expected);
  }

  Contract contract;
  Errors errors;

 private:
  static std::optional<double> number(const Node& node) {
    if (node.kind == NodeKind::integer) return static_cast<double>(node.integer);
    if (node.kind == NodeKind::real) return node.real;
    return std::nullopt;
  }

  void word(const std::string& key, const Node& node, Expected& into) {
    const auto known = words_of.find(key);
    const std::string said =
        node.kind == NodeKind::boolean ? (node.boolean ? "true" : "false") : node.text;
    if (known == words_of.end()) {
      return wrong(node.place, key + " is a number; write one, or { low = …, high = … }");
    }
    if (std::ranges::find(known->second, said) == known->second.end()) {
      return wrong(node.place, faultline::quoted(said) + " is nothing that " + key + " can be" +
                                   suggestion(said, known->second));
    }
    into.words.push_back(said);
    into.text += (into.text.empty() ? "" : " or ") + said;
  }

  void range(const Node& node, Expected& into) {
    Range found{0, 1e18};
    for (const Member& member : node.members) {
      if (member.key == "value") continue;
      const auto end = number(member.value);
      if ((member.key != "low" && member.key != "high") || !end) {
        wrong(member.place,
              faultline::quoted(member.key) + " is neither low nor high with a number");
        continue;
      }
      (member.key == "low" ? found.low : found.high) = *end;
    }
    if (found.low > found.high) wrong(node.place, "low is more than high");
    into.range = found;
    into.text += (into.text.empty() ? "" : " of ") + shown(found.low) + " to " + shown(found.high);
  }

  void value(const std::string& key, const Node& node, Expected& into) {
    const bool wordless = !words_of.contains(key);
    if (const auto exact = number(node)) {
      if (!wordless) return wrong(node.place, key + " is one of the words " + listed(key));
      into.range = Range{*exact, *exact};
      into.text = shown(*exact);
    } else if (node.kind == NodeKind::text || node.kind == NodeKind::boolean) {
      word(key, node, into);
    } else if (node.kind == NodeKind::array) {
      for (const Node& item : node.items) {
        if (item.kind != NodeKind::text && item.kind != NodeKind::boolean) {
          wrong(item.place, "a list holds the words that are allowed");
        } else {
          word(key, item, into);
        }
      }
    } else if (node.kind == NodeKind::table && (wordless || key == "window")) {
      if (const Member* said = node.find("value")) value(key, said->value, into);
      if (node.find("low") != nullptr || node.find("high") != nullptr) range(node, into);
    } else {
      wrong(node.place, std::string(name(node.kind)) + " is nothing that " + key + " can be");
    }
  }

  void counts(const Node& node, Expected& into) {
    if (node.kind != NodeKind::table) return wrong(node.place, "counts is a table of classes");
    std::vector<std::string> known;
    for (const Treatment one : classes) known.emplace_back(name(one));
    for (const Member& member : node.members) {
      if (std::ranges::find(known, member.key) == known.end()) {
        wrong(member.place,
              "unknown class " + faultline::quoted(member.key) + suggestion(member.key, known));
      } else if (std::ranges::find(counting_words, member.value.text) == counting_words.end()) {
        wrong(member.value.place, "a class counts as one of failure, success, ignored");
      } else {
        into.counts[member.key] = member.value.text;
        into.text += (into.text.empty() ? "" : ", ") + member.key + " " + member.value.text;
      }
    }
  }

  static std::string listed(const std::string& key) {
    std::string out;
    for (const std::string& one : words_of.find(key)->second) {
      out += (out.empty() ? "" : ", ") + one;
    }
    return out;
  }

  const std::string file_;
};

State judged(const Expected& expected, const Answer& answer) {
  if (answer.state != State::found) return State::not_exercised;
  bool told = true;
  for (const auto& [one, word] : expected.counts) {
    const auto found = answer.counts.find(one);
    if (found == answer.counts.end() || found->second.empty()) {
      told = false;
    } else if (found->second != word) {
      return State::contradicted;
    }
  }
  const std::string said = answer.truth ? (*answer.truth ? "true" : "false") : answer.word;
  if (!expected.words.empty() && std::ranges::find(expected.words, said) == expected.words.end()) {
    return State::contradicted;
  }
  if (expected.range && answer.range) {
    if (answer.range->high < expected.range->low || answer.range->low > expected.range->high) {
      return State::contradicted;
    }
  }
  return told ? State::confirmed : State::not_exercised;
}

}  // namespace

Checked<Contract> contract_from(std::string_view text, const std::string& file) {
  const Result<Node> document = parse_document(text, file);
  if (!document) return std::unexpected(Errors{document.error()});
  return contract_from(*document, file);
}

Checked<Contract> contract_from(const Node& table, const std::string& file) {
  Reader reader(file);
  for (const Member& member : table.members) reader.read(member);
  if (!reader.errors.empty()) return std::unexpected(std::move(reader.errors));
  return std::move(reader.contract);
}

Checked<Contract> read_contract(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::unexpected(Errors{{file, "cannot be read"}});
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  return contract_from(text, file);
}

std::vector<std::string> words_for(std::string_view name) {
  for (const Treatment one : classes) {
    if (xray::name(one) == name) return counting_words;
  }
  const auto known = words_of.find(name);
  return known == words_of.end() ? std::vector<std::string>() : known->second;
}

Compliance compare(const Contract& contract, Answers& answers) {
  Compliance compliance = Compliance::kept;
  for (const auto& [one, expected] : contract) {
    Answer& answer = answers[one];
    const bool seen = answer.state != State::no_breaker_seen;
    if (seen) answer.state = judged(expected, answer);
    answer.evidence = "expected " + expected.text + "; " + answer.evidence;
    // Where a breaker is promised and none is there, the promise is broken.
    if (answer.state == State::contradicted || !seen) compliance = Compliance::contradicted;
    if (answer.state == State::not_exercised && compliance == Compliance::kept) {
      compliance = Compliance::untold;
    }
  }
  return compliance;
}

}  // namespace faultline::xray
