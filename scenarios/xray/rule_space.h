#pragma once

// Which breakers could have done what was seen. A structure is what a breaker looks at (failures in
// a row; the last so many calls; everything since it closed), when it decides and whether closing
// clears what it knows. Replaying the history through a structure gives points: so many failures
// of so many calls, and it opened or it did not. The points bound the threshold, and the minimum of
// calls, that this structure would need. Structures whose bounds cross are out.
//
// Whatever lasts longer than an experiment looks boundless here: what a breaker forgets by time is
// asked separately, by pausing.

#include <cstdint>
#include <string>
#include <vector>

#include "faults/time.h"

namespace faultline::xray {

enum class Rule : std::uint8_t { consecutive, count, ratio };
std::string_view name(Rule rule);

enum class Mark : std::uint8_t {
  failure,
  success,
  opened,  // because of the mark before it
  closed,
  unknown,  // something counted, nobody knows how: nothing is concluded until it opens
};
using History = std::vector<Mark>;

inline constexpr std::size_t boundless = 1'000'000;

struct Structure {
  bool in_a_row = false;
  std::size_t window = boundless;  // calls
  bool on_failure_only = false;    // a success never opens it
  bool cleared = true;             // by closing
  std::size_t carried = 0;         // where cleared: successes that it knows when it has closed
};

// A fraction that is compared exactly.
struct Share {
  std::size_t failed = 0;
  std::size_t of = 1;

  double value() const { return static_cast<double>(failed) / static_cast<double>(of); }
  bool operator<(const Share& o) const { return failed * o.of < o.failed * of; }
  bool operator==(const Share& o) const { return failed * o.of == o.failed * of; }
};

// One rule of one structure that explains everything.
struct Hypothesis {
  Structure structure;
  Rule rule = Rule::consecutive;
  std::size_t least = 1, most = 1;  // consecutive and count: the number that opens it
  std::size_t minimum = 1;          // ratio
  Share stayed{0, 1};               // ratio: the largest share at which it stayed closed …
  Share opened{1, 1};               // … and the smallest that opened it

  std::string text() const;
};

// Closing may leave the success that did it in what is counted from then on, or all of the
// `closing` ones.
std::vector<Hypothesis> explanations(const History& history, std::size_t closing);

// Without those that no experiment could tell from a plainer one that is there too: what closing
// does not clear, a share of next to nothing, and one failure in other words.
std::vector<Hypothesis> plainest(std::vector<Hypothesis> explanations);

// A hypothesis with every number fixed, and its state: for predictions.
class Model {
 public:
  // `place` in [0, 1]: where in its bounds the threshold lies. What is not cleared by closing knows
  // the history.
  Model(const Hypothesis& hypothesis, double place, const History& history);
  bool took(bool failed);  // true: it opens
  std::size_t minimum() const { return hypothesis_.minimum; }
  double share() const { return share_; }

 private:
  Hypothesis hypothesis_;
  double share_ = 0;
  std::size_t number_ = 0;
  std::vector<bool> recent_;
  std::size_t failed_ = 0;
  std::size_t row_ = 0;
};

// A sequence in the closed state: S^a F^b S^c, then failures until it opens.
struct Probe {
  std::size_t good = 0, bad = 0, good_again = 0;

  std::size_t length() const { return good + bad + good_again; }
  std::string text() const;
};

// The calls let through until it opens, at most `most`; a failed call makes so many marks.
std::size_t predicted(Model model, const Probe& probe, std::size_t most, std::size_t marks);

// The probe that tells most of the explanations apart, of those that take no more than so many
// calls, when it has just closed; false when none does.
bool best_probe(const std::vector<Hypothesis>& explanations, const History& history,
                std::size_t longest, std::size_t marks, Probe& best);

}  // namespace faultline::xray
