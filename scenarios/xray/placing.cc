#include "scenarios/xray/placing.h"

#include <algorithm>

namespace faultline::xray {
namespace {

constexpr std::size_t enough_models = 12;
constexpr std::size_t most_good = 30, most_bad = 40, most_bad_together = 12;

bool contains(const std::vector<std::size_t>& all, std::size_t one) {
  return std::ranges::find(all, one) != all.end();
}

// Calls that fail behind the class and are let through. Nothing: it opens before the class comes.
std::optional<std::size_t> tail(Model model, const Placing& placing, Guess guess,
                                std::size_t marks_per_call) {
  bool open = false;
  const auto call = [&](bool failed, std::size_t marks) {
    for (std::size_t n = 0; n < marks && !open; ++n) open = model.took(failed);
  };
  for (std::size_t n = 0; n < placing.good; ++n) call(false, 1);
  for (std::size_t n = 0; n < placing.bad; ++n) call(true, marks_per_call);
  if (open) return std::nullopt;
  for (std::size_t n = 0; n < placing.times && guess != Guess::ignored; ++n) {
    const std::size_t usual = guess == Guess::failure ? marks_per_call : 1;
    call(guess == Guess::failure, placing.each > 0 ? placing.each : usual);
  }
  std::size_t count = 0;
  for (; !open && count <= longest_tail; ++count) call(true, marks_per_call);
  return count;
}

// Calls let through from the first of the group until it opens. Nothing: it opens before.
std::optional<std::size_t> calls_of_group(Model model, std::size_t good, std::size_t bad,
                                          const std::vector<Guess>& group) {
  for (std::size_t n = 0; n < good + bad; ++n) {
    if (model.took(n >= good)) return std::nullopt;
  }
  for (std::size_t n = 0; n < group.size(); ++n) {
    if (group[n] != Guess::ignored && model.took(group[n] == Guess::failure)) return n + 1;
  }
  std::size_t count = group.size() + 1;
  while (count <= longest_tail && !model.took(true)) ++count;
  return count;
}

// Every other guess about a group, the likeliest ones first: one that is no failure.
class OtherGuesses {
 public:
  explicit OtherGuesses(std::size_t size) : size_(size) {}

  // False when `fits` is of any.
  bool none(const auto& fits) const {
    std::vector<Guess> group(size_, Guess::failure);
    for (Guess& one : group) {
      for (const Guess guess : {Guess::success, Guess::ignored}) {
        one = guess;
        if (fits(group)) return false;
      }
      one = Guess::failure;
    }
    std::size_t combinations = 1;
    for (std::size_t n = 0; n < size_; ++n) combinations *= 3;
    for (std::size_t code = 1; code < combinations; ++code) {
      for (std::size_t n = 0, rest = code; n < size_; ++n, rest /= 3) {
        group[n] = static_cast<Guess>(rest % 3);
      }
      if (fits(group)) return false;
    }
    return true;
  }

 private:
  std::size_t size_;
};

// Good and failed calls behind which a large minimum of calls is all but reached, and the share
// with it, so that as many more failures as there is room for reach both.
std::vector<std::pair<std::size_t, std::size_t>> near_minimum(const std::vector<Model>& models,
                                                              std::size_t room) {
  std::vector<std::pair<std::size_t, std::size_t>> all;
  for (const Model& model : models) {
    const std::size_t minimum = model.minimum();
    if (minimum <= most_good || minimum > longest_tail / 2) continue;
    const auto share = static_cast<std::size_t>(model.share() * static_cast<double>(minimum));
    for (std::size_t failed = share; failed <= share + 2; ++failed) {
      const std::size_t bad = failed - std::min(failed, room);
      for (std::size_t less = room; less <= room + 2 && bad + less <= minimum; ++less) {
        const std::pair one(minimum - bad - less, bad);
        if (std::ranges::find(all, one) == all.end()) all.push_back(one);
      }
    }
  }
  return all;
}

}  // namespace

bool Tails::apart(Guess a, Guess b) const {
  const auto& others = of[static_cast<std::size_t>(b)];
  return std::ranges::none_of(of[static_cast<std::size_t>(a)],
                              [&](std::size_t one) { return contains(others, one); });
}

bool Tails::failure_apart() const {
  return apart(Guess::failure, Guess::success) && apart(Guess::failure, Guess::ignored);
}

bool Tails::all_apart() const { return failure_apart() && apart(Guess::success, Guess::ignored); }

bool Tails::may_be(Guess guess, std::size_t seen) const {
  return contains(of[static_cast<std::size_t>(guess)], seen);
}

std::vector<Model> models_of(const std::vector<Hypothesis>& explained, const History& history) {
  std::vector<Model> models;
  const std::size_t stride = std::max<std::size_t>(1, explained.size() / enough_models);
  for (std::size_t n = 0; n < explained.size(); n += stride) {
    for (const double place : {0.0, 0.5, 1.0}) models.emplace_back(explained[n], place, history);
  }
  return models;
}

std::optional<Tails> tails(const std::vector<Model>& models, const Placing& placing,
                           std::size_t marks) {
  Tails tails;
  for (const Model& model : models) {
    for (const Guess guess : {Guess::failure, Guess::success, Guess::ignored}) {
      const auto found = tail(model, placing, guess, marks);
      if (!found) return std::nullopt;
      tails.of[static_cast<std::size_t>(guess)].push_back(*found);
    }
  }
  return tails;
}

std::optional<std::pair<Placing, Tails>> placed(const std::vector<Model>& models, std::size_t marks,
                                                std::size_t cost) {
  std::optional<std::pair<Placing, Tails>> best;
  double cheapest = 1e9;
  // False: it is no use to try more failures.
  const auto consider = [&](const Placing& placing) {
    double price = static_cast<double>(placing.good + placing.bad + placing.times * cost);
    if (price >= cheapest) return false;
    const auto found = tails(models, placing, marks);
    if (!found) return false;
    price += found->all_apart() ? 0 : 1000;
    if (!found->failure_apart() || price >= cheapest) return true;
    cheapest = price;
    best = {placing, *found};
    return true;
  };
  for (std::size_t times = 1; times <= 4; ++times) {
    for (std::size_t good = 0; good <= most_good; ++good) {
      for (std::size_t bad = 0; bad <= most_bad && consider({good, bad, times}); ++bad) {
      }
    }
    for (const auto& [good, bad] : near_minimum(models, 1)) consider({good, bad, times});
  }
  return best;
}

std::optional<GroupPlacing> placed_together(const std::vector<Model>& models, std::size_t classes) {
  const std::vector<Guess> failures(classes, Guess::failure);
  std::optional<GroupPlacing> found;
  // False: it is no use to try more failures.
  const auto consider = [&](std::size_t good, std::size_t bad) {
    GroupPlacing placing{good, bad, {}};
    for (const Model& model : models) {
      placing.calls.push_back(calls_of_group(model, good, bad, failures).value_or(0));
    }
    if (std::ranges::min(placing.calls) < classes) return false;
    const bool told = OtherGuesses(classes).none([&](const std::vector<Guess>& group) {
      return std::ranges::any_of(models, [&](const Model& model) {
        return contains(placing.calls, calls_of_group(model, good, bad, group).value_or(0));
      });
    });
    if (told) found = std::move(placing);
    return !told;
  };
  // Below a large minimum of calls it does not matter which of them failed.
  const bool far = std::ranges::all_of(
      models, [&](const Model& one) { return one.minimum() > most_good + most_bad + classes; });
  for (std::size_t good = 0; good <= most_good && !found && !far; ++good) {
    for (std::size_t bad = 0; bad <= most_bad_together && consider(good, bad); ++bad) {
    }
  }
  for (const auto& [good, bad] : near_minimum(models, classes)) {
    if (!found) consider(good, bad);
  }
  return found;
}

}  // namespace faultline::xray
