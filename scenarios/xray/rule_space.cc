#include "scenarios/xray/rule_space.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <functional>
#include <map>
#include <set>

namespace faultline::xray {
namespace {

struct Points {
  std::map<std::size_t, std::size_t> stayed;  // calls -> most failures among them, still closed
  std::map<std::size_t, std::size_t> opened;  // calls -> fewest failures that opened it
  bool impossible = false;

  void add(std::size_t failed, std::size_t of, bool opens) {
    auto& most = opens ? opened : stayed;
    const auto [at, fresh] = most.emplace(of, failed);
    if (!fresh) at->second = opens ? std::min(at->second, failed) : std::max(at->second, failed);
  }
};

// What a structure remembers while a history runs through it.
class Memory {
 public:
  explicit Memory(const Structure& structure) : structure_(structure) {}
  void clear() {
    recent_.clear();
    failed_ = row_ = 0;
    for (std::size_t n = 0; n < structure_.carried; ++n) add(false);
  }
  void add(bool failed) {
    row_ = failed ? row_ + 1 : 0;
    recent_.push_back(failed);
    failed_ += failed ? 1 : 0;
    if (recent_.size() <= structure_.window) return;
    failed_ -= recent_.front() ? 1 : 0;
    recent_.pop_front();
  }
  std::size_t failed() const { return structure_.in_a_row ? row_ : failed_; }
  std::size_t calls() const { return structure_.in_a_row ? row_ : recent_.size(); }

 private:
  const Structure structure_;
  std::deque<bool> recent_;
  std::size_t failed_ = 0;
  std::size_t row_ = 0;
};

Points replay(const Structure& structure, const History& history) {
  Points points;
  Memory memory(structure);
  bool closed = false, sure = false;
  for (std::size_t n = 0; n < history.size(); ++n) {
    const Mark mark = history[n];
    if (mark == Mark::closed) {
      closed = sure = true;
      if (structure.cleared) memory.clear();
    } else if (mark == Mark::opened) {
      closed = sure = false;
    } else if (mark == Mark::unknown) {
      sure = false;
    } else if (closed || !structure.cleared) {
      memory.add(mark == Mark::failure);
      if (!closed || !sure) continue;
      // Of what it knew in the beginning, nothing is known.
      if (!structure.cleared && memory.calls() < structure.window) continue;
      const bool opens = n + 1 < history.size() && history[n + 1] == Mark::opened;
      if (mark == Mark::success && structure.on_failure_only) {
        points.impossible = points.impossible || opens;
      } else {
        points.add(memory.failed(), memory.calls(), opens);
      }
    }
  }
  return points;
}

void explain_by_number(const Structure& structure, const Points& points,
                       std::vector<Hypothesis>& into) {
  std::size_t stayed = 0, opened = boundless;
  for (const auto& [of, failed] : points.stayed) stayed = std::max(stayed, failed);
  for (const auto& [of, failed] : points.opened) opened = std::min(opened, failed);
  if (stayed >= opened || opened == boundless) return;
  // The last so many calls all failed: that is in a row, said in other words.
  if (!structure.in_a_row && opened >= structure.window) return;
  Hypothesis found;
  found.structure = structure;
  found.rule = structure.in_a_row ? Rule::consecutive : Rule::count;
  found.least = stayed + 1;
  found.most = opened;
  into.push_back(found);
}

void explain_by_share(const Structure& structure, const Points& points,
                      std::vector<Hypothesis>& into) {
  if (points.opened.empty()) return;
  Share opened{2, 1};
  for (const auto& [of, failed] : points.opened) opened = std::min(opened, Share{failed, of});
  const std::size_t fewest = points.opened.begin()->first;
  for (std::size_t minimum = 1; minimum <= fewest; ++minimum) {
    Share stayed{0, 1};
    for (auto at = points.stayed.lower_bound(minimum); at != points.stayed.end(); ++at) {
      stayed = std::max(stayed, Share{at->second, at->first});
    }
    if (!(stayed < opened)) continue;
    // All of the window failed: again in a row in other words.
    const bool whole = minimum >= structure.window || !structure.cleared || structure.carried > 0;
    const std::size_t window = structure.window;
    if (whole && window < boundless && window * stayed.failed >= (window - 1) * stayed.of) {
      continue;
    }
    Hypothesis found;
    found.structure = structure;
    found.rule = Rule::ratio;
    found.minimum = minimum;
    found.stayed = stayed;
    found.opened = opened;
    into.push_back(found);
  }
}

std::vector<std::size_t> windows() {
  std::vector<std::size_t> all;
  for (std::size_t n = 1; n <= 130; ++n) all.push_back(n);
  for (std::size_t n = 135; n <= 250; n += 5) all.push_back(n);
  for (std::size_t n = 275; n <= 500; n += 25) all.push_back(n);
  all.push_back(boundless);
  return all;
}

}  // namespace

std::string_view name(Rule rule) {
  return rule == Rule::consecutive ? "consecutive" : rule == Rule::count ? "count" : "ratio";
}

std::string Hypothesis::text() const {
  if (rule == Rule::consecutive) return std::to_string(most) + " in a row";
  std::string out = rule == Rule::count
                        ? std::to_string(most) + " failures"
                        : "a share between " + std::to_string(stayed.failed) + "/" +
                              std::to_string(stayed.of) + " and " + std::to_string(opened.failed) +
                              "/" + std::to_string(opened.of) + ", of at least " +
                              std::to_string(minimum);
  if (structure.window < boundless) out += " in " + std::to_string(structure.window) + " calls";
  if (structure.on_failure_only) out += ", looked at on failures only";
  if (!structure.cleared) out += ", not cleared by closing";
  if (structure.carried > 0) {
    out += ", of which closing leaves " + std::to_string(structure.carried) + " good";
  }
  return out;
}

std::vector<Hypothesis> explanations(const History& history, std::size_t closing) {
  std::vector<Hypothesis> found;
  Structure row;
  row.in_a_row = true;
  explain_by_number(row, replay(row, history), found);
  for (const bool cleared : {true, false}) {
    for (const bool on_failure_only : {false, true}) {
      for (const std::size_t window : windows()) {
        for (const std::size_t carried : std::set<std::size_t>{0, 1, closing}) {
          if (carried > closing || (carried > 0 && !cleared)) continue;
          const Structure structure{false, window, on_failure_only, cleared, carried};
          const Points points = replay(structure, history);
          if (points.impossible) continue;
          // Counting, a success cannot open it; whether one is looked at does not matter.
          if (!on_failure_only && carried == 0) explain_by_number(structure, points, found);
          explain_by_share(structure, points, found);
        }
      }
    }
  }
  return found;
}

std::vector<Hypothesis> plainest(std::vector<Hypothesis> all) {
  const auto cleared = [](const Hypothesis& one) { return one.structure.cleared; };
  const auto numbered = [](const Hypothesis& one) { return one.rule != Rule::ratio; };
  const auto single = [](const Hypothesis& one) {
    return one.rule == Rule::consecutive && one.most == 1;
  };
  if (std::ranges::any_of(all, cleared)) std::erase_if(all, std::not_fn(cleared));
  if (std::ranges::any_of(all, numbered)) {
    std::erase_if(all, [](const Hypothesis& one) {
      return one.rule == Rule::ratio && one.opened.value() < 0.02;
    });
  }
  if (std::ranges::any_of(all, single)) std::erase_if(all, std::not_fn(single));
  return all;
}

Model::Model(const Hypothesis& hypothesis, double place, const History& history)
    : hypothesis_(hypothesis) {
  const double low = hypothesis.stayed.value(), high = hypothesis.opened.value();
  // Just inside the bounds, so that rounding cannot put it on the wrong side of either.
  share_ = std::clamp(low + (high - low) * place, low + 1e-9, high - 1e-9);
  number_ = hypothesis.least + static_cast<std::size_t>(
                                   place * static_cast<double>(hypothesis.most - hypothesis.least));
  for (std::size_t n = 0; n < hypothesis.structure.carried; ++n) took(false);
  if (hypothesis.structure.cleared) return;
  for (const Mark mark : history) {
    if (mark == Mark::failure || mark == Mark::success) took(mark == Mark::failure);
  }
}

bool Model::took(bool failed) {
  row_ = failed ? row_ + 1 : 0;
  recent_.push_back(failed);
  failed_ += failed ? 1 : 0;
  const std::size_t window = hypothesis_.structure.window;
  if (recent_.size() > window && recent_[recent_.size() - 1 - window]) --failed_;
  if (hypothesis_.rule == Rule::consecutive) return failed && row_ >= number_;
  if (hypothesis_.rule == Rule::count) return failed && failed_ >= number_;
  if (!failed && hypothesis_.structure.on_failure_only) return false;
  const std::size_t calls = std::min(recent_.size(), window);
  return calls >= hypothesis_.minimum &&
         static_cast<double>(failed_) > share_ * static_cast<double>(calls);
}

std::string Probe::text() const {
  std::string out;
  const auto add = [&](std::size_t count, const char* what) {
    if (count > 0) out += std::to_string(count) + " " + what + ", ";
  };
  add(good, "good");
  add(bad, "failed");
  add(good_again, "good");
  return out + "then failures";
}

std::size_t predicted(Model model, const Probe& probe, std::size_t most, std::size_t marks) {
  for (std::size_t n = 1; n <= most; ++n) {
    const bool failed = n > probe.length() || (n > probe.good && n <= probe.good + probe.bad);
    for (std::size_t mark = 0; mark < (failed ? marks : 1); ++mark) {
      if (model.took(failed)) return n;
    }
  }
  return most + 1;
}

namespace {

std::vector<Model> sampled(const std::vector<Hypothesis>& all, const History& history) {
  constexpr std::size_t enough = 50;
  std::vector<Model> models;
  const std::size_t stride = std::max<std::size_t>(1, all.size() / enough);
  for (std::size_t n = 0; n < all.size(); n += stride) {
    for (const double place : {0.0, 0.5, 1.0}) models.emplace_back(all[n], place, history);
  }
  models.emplace_back(all.back(), 0.5, history);
  models.emplace_back(all.front(), 0.5, history);
  return models;
}

std::vector<Probe> candidates(const std::vector<Hypothesis>& all) {
  std::size_t longest = 1;
  for (const Hypothesis& one : all) longest = std::max({longest, one.minimum, one.most});
  longest = std::min<std::size_t>(longest, 120);
  std::vector<std::size_t> steps;
  for (std::size_t n = 0; n <= 24; ++n) steps.push_back(n);
  for (const int n : {27, 30, 35, 40, 45, 50, 60, 70, 80, 90, 100, 120, 150, 200, 300})
    steps.push_back(static_cast<std::size_t>(n));
  std::vector<Probe> probes;
  for (const std::size_t good : steps) probes.push_back({good, 0, 0});
  for (const std::size_t bad : {std::size_t{1}, std::size_t{2}, longest / 2, longest - 1}) {
    if (bad == 0 || bad >= longest) continue;
    for (const std::size_t good : steps) {
      if (good == 0) continue;
      probes.push_back({0, bad, good});
      if (good < 24) probes.push_back({good, bad, longest});
    }
  }
  return probes;
}

}  // namespace

bool best_probe(const std::vector<Hypothesis>& explanations, const History& history,
                std::size_t longest, std::size_t marks, Probe& best) {
  if (explanations.empty()) return false;
  const std::vector<Model> models = sampled(explanations, history);
  double most = 0;
  for (const Probe& probe : candidates(explanations)) {
    std::map<std::size_t, std::size_t> outcomes;
    if (probe.length() > longest) continue;
    for (const Model& model : models) ++outcomes[predicted(model, probe, longest, marks)];
    const auto beyond = outcomes.find(longest + 1);
    const std::size_t endless = beyond == outcomes.end() ? 0 : beyond->second;
    if (outcomes.size() < 2 || endless * 3 > models.size()) continue;
    std::size_t largest = 0;
    for (const auto& [outcome, count] : outcomes) largest = std::max(largest, count);
    const double gain = static_cast<double>(models.size() - largest) /
                        (1 + 0.002 * static_cast<double>(probe.length()));
    if (gain <= most) continue;
    most = gain;
    best = probe;
  }
  return most > 0;
}

}  // namespace faultline::xray
